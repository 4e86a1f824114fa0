"""Test predictions in bins, as the contents carry them."""

import numpy as np

from components.objectives.metrics import Reliability
from components.report.predictions import Histogram, ReliabilityBin


def histogram(values: np.ndarray, correct: np.ndarray, bins: int = 20) -> Histogram:
    """Bins a quantity of the test predictions, right and wrong ones apart.

    Args:
        values: the quantity in nats, `[rows]`, finite and >= 0.
        correct: whether each prediction is right, `[rows]` of bool.
        bins: number of bins of equal width over [0, max(values)], >= 1.
    """
    top = max(float(np.max(values, initial=0.0)), 1e-6)
    edges = np.linspace(0.0, top, bins + 1)
    right, wrong = (np.histogram(values[chosen], edges)[0] for chosen in (correct, ~correct))
    return Histogram(edges=tuple(edges.tolist()), right=tuple(right.tolist()), wrong=tuple(wrong.tolist()))


def reliability_bins(diagram: Reliability) -> tuple[ReliabilityBin, ...]:
    """The bins of a reliability diagram one by one; an empty bin has no confidence and no accuracy."""
    columns = (column.tolist() for column in diagram)
    return tuple(
        ReliabilityBin(
            lower=lower,
            upper=upper,
            confidence=confidence if rows else None,
            accuracy=accuracy if rows else None,
            count=rows,
        )
        for lower, upper, rows, confidence, accuracy in zip(*columns, strict=True)
    )
