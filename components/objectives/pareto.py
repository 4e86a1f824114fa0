"""Pareto dominance, fronts and hypervolume, by definition in NumPy.

Everywhere a larger value is better; a smaller-is-better objective such as latency is given negated, except in
`hypervolume`, which names its two objectives.
"""

import numpy as np

ROWS_AT_ONCE = 128  # points compared with all others at once, so that memory stays linear in the points


def dominates(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether `first` is at least as good in every objective and better in one; both `[objectives]`.

    NOTE: EvoNorm's text asks only for "at least as good", by which two equal candidates would dominate each other; one
    strict inequality is asked for here, so equal candidates both stay.
    """
    first, second = np.asarray(first), np.asarray(second)
    return bool(np.all(first >= second) and np.any(first > second))


def non_dominated(values: np.ndarray) -> np.ndarray:
    """Mask of the points that no other point dominates.

    Args:
        values: `[points, objectives]`, larger is better; infinities are allowed.

    Returns:
        bool, `[points]`.

    Raises:
        ValueError: `values` isn't a matrix, or has a NaN.
    """
    values = _checked(values)
    mask = np.ones(len(values), dtype=bool)
    for start in range(0, len(values), ROWS_AT_ONCE):
        points = values[start : start + ROWS_AT_ONCE, np.newaxis]
        beaten = np.all(values >= points, axis=2) & np.any(values > points, axis=2)  # [some points, points]
        mask[start : start + ROWS_AT_ONCE] = ~beaten.any(axis=1)
    return mask


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each point by peeling fronts: 0 for the non-dominated, 1 for the non-dominated of the rest, ...

    Args:
        values: `[points, objectives]`, larger is better.

    Returns:
        int, `[points]`.

    Raises:
        ValueError: `values` isn't a matrix, or has a NaN.

    Source: non-dominated sorting, Deb et al. 2002 (NSGA-II).
    """
    values = _checked(values)
    result = np.zeros(len(values), dtype=np.int64)
    left, rank = np.arange(len(values)), 0
    while len(left):
        front = non_dominated(values[left])
        result[left[front]] = rank
        left, rank = left[~front], rank + 1
    return result


def hypervolume(quality: np.ndarray, latency_ms: np.ndarray, worst_quality: float, worst_latency_ms: float) -> float:
    """Area of (quality, latency) that the points dominate, up to the corner of the worst.

    Args:
        quality: `[points]`, larger is better.
        latency_ms: `[points]`, smaller is better.
        worst_quality, worst_latency_ms: the corner; points that aren't better in both add nothing.

    Returns:
        The area in quality times ms, >= 0; 0 without points.

    Raises:
        ValueError: the two differ in length, or have a NaN.
    """
    points = np.column_stack([np.asarray(quality, dtype=np.float64), np.asarray(latency_ms, dtype=np.float64)])
    _checked(points)
    points = points[np.argsort(points[:, 1], kind="stable")]
    area, best = 0.0, worst_quality
    for height, latency in points:  # from fast to slow: each better quality adds the strip above the last
        if height > best and latency < worst_latency_ms:
            area += (height - best) * (worst_latency_ms - latency)
            best = height
    return float(area)


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or np.isnan(values).any():
        raise ValueError(
            f"`values` must be a matrix [points, objectives] without NaN. Received: shape {values.shape}, "
            f"{int(np.isnan(values).sum())} NaN."
        )
    return values
