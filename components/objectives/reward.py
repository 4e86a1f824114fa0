"""The scalar reward of a candidate: quality times powers of what it costs on the hardware.

Source: EfficientNet-X (arXiv 2102.05610), the reward with operational intensity and execution efficiency; the latency
term and its weight -0.07 are MnasNet's (arXiv 1807.11626).
"""

from components.records.search import Scoring


def weighted_product(
    scoring: Scoring,
    *,
    quality: float,
    latency_ms: float | None = None,
    latency_target_ms: float | None = None,
    intensity: float | None = None,
    efficiency: float | None = None,
) -> float:
    """quality * (latency / target)^a * (intensity / target)^b * (efficiency / target)^c.

    A term whose weight is 0 is dropped, and its value may be left out.

    Args:
        scoring: weights a, b, c and the targets of intensity and efficiency.
        quality: mean validation accuracy, [0, 1].
        latency_ms: > 0.
        latency_target_ms: the target in force, > 0; `scoring.latency_target_ms` is not read, since null there means a
            target that the first round sets.
        intensity: operational intensity in FLOP per byte, > 0.
        efficiency: execution efficiency, > 0.

    Raises:
        ValueError: quality is outside [0, 1], or a value that a term needs is missing, not finite or not positive.
    """
    if not 0 <= quality <= 1:
        raise ValueError(f"`quality` must be in [0, 1]. Received: quality={quality}.")
    return (
        quality
        * _term("latency_ms", latency_ms, latency_target_ms, scoring.latency_weight)
        * _term("intensity", intensity, scoring.intensity_target, scoring.intensity_weight)
        * _term("efficiency", efficiency, scoring.efficiency_target, scoring.efficiency_weight)
    )


def _term(name: str, value: float | None, target: float | None, weight: float) -> float:
    if weight == 0:
        return 1.0
    for label, number in ((name, value), (f"target of {name}", target)):
        if number is None or not 0 < number < float("inf"):
            raise ValueError(f"`{label}` must be positive and finite where its weight isn't 0. Received: {number}.")
    assert value is not None and target is not None
    return (value / target) ** weight
