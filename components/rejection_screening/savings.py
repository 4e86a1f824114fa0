"""What a rejection saves: the training that the full phase would have cost, predicted from the probe's step times."""

from collections.abc import Sequence

from components.records.results import Candidate, TrialResult


def predicted_saved_seconds(candidate: Candidate, trials: Sequence[TrialResult], full_steps: int) -> float:
    """Returns the seconds of steps that are not done, over all variants.

    A variant that was not tried is taken to cost a step in proportion to its predicted multiply-adds.

    Args:
        candidate: with the predicted costs of its variants.
        trials: the probe's results; at least one variant must have done two steps, else nothing can be predicted (0.0).
        full_steps: steps of the full phase, the probe's included.
    """
    timed = [trial for trial in trials if trial.steps > 1]
    if not timed:
        return 0.0
    work = sum(candidate.costs[trial.variant]["multiply_adds"] * (trial.steps - 1) for trial in timed)
    seconds_each = sum(trial.step_seconds for trial in timed) / work
    return sum(
        candidate.costs[trial.variant]["multiply_adds"] * max(0, full_steps - trial.steps) * seconds_each
        for trial in trials
    )
