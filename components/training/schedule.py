"""The learning rate as a function of the step."""

import math

from components.records.search import Training


def learning_rate(training: Training, step: int, total_steps: int, peak_rate: float | None = None) -> float:
    """Returns the learning rate of a step, counted from 0.

    While step < warmup it is the peak rate times (step + 1) / warmup; after that the peak rate for `constant`, or times
    (1 + cos(pi (step - warmup) / (total - warmup))) / 2 for `cosine`.

    Args:
        training: peak rate, schedule and warm-up steps.
        step: in [0, total_steps).
        total_steps: horizon of the schedule.
        peak_rate: in the place of the training section's; None for that.
    """
    peak = training.learning_rate if peak_rate is None else peak_rate
    if step < training.warmup_steps:
        return peak * (step + 1) / training.warmup_steps
    if training.schedule == "constant":
        return peak
    progress = (step - training.warmup_steps) / (total_steps - training.warmup_steps)
    return peak * (1 + math.cos(math.pi * progress)) / 2
