"""What a rejection saves: the training that the full phase would have cost, predicted from the steps of probes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from components.records.results import Candidate, TrialResult
from components.rounds.variants import best_trials


def seconds_a_step(trials: Iterable[TrialResult]) -> dict[str, float]:
    """Returns the mean seconds of a step of each variant that timed one (a first step that also traces is not)."""
    steps: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for trial in trials:
        if _timed_steps(trial):
            steps[trial.variant] += _timed_steps(trial)
            seconds[trial.variant] += trial.step_seconds
    return {name: seconds[name] / count for name, count in steps.items()}


def predicted_saved_seconds(
    candidate: Candidate,
    trials: Sequence[TrialResult],
    full_steps: int,
    others: Mapping[str, float] | None = None,
    *,
    continues: bool = True,
) -> float:
    """Returns the seconds of steps that are not done: of each group of variants that differ in nothing but the learning
    rate, those of one, since the best alone would be trained in full.

    A variant that was not tried is taken to cost a step what it cost other candidates; where it was not tried with them
    either, a step in proportion to its predicted multiply-adds; where nothing was measured at all, nothing (0.0).

    Args:
        candidate: with the predicted costs of its variants.
        trials: the probe's results.
        full_steps: steps of the full phase, the probe's included.
        others: seconds a step of each variant, as other candidates of the round took them.
        continues: whether the full phase continues the probe, and does not start again.
    """
    own = seconds_a_step(trials)
    known = {**(others or {}), **own}
    work = {name: costs["multiply_adds"] for name, costs in candidate.costs.items()}
    measured = [trial for trial in trials if trial.variant in own]
    done = sum(work[trial.variant] * _timed_steps(trial) for trial in measured)
    rate = sum(trial.step_seconds for trial in measured) / done if done else 0.0
    return sum(
        max(0, full_steps - (trial.steps if continues else 0)) * known.get(trial.variant, rate * work[trial.variant])
        for trial in best_trials(candidate, trials)
    )


def _timed_steps(trial: TrialResult) -> int:
    """Steps that `step_seconds` are of: all but one that also traced; rates after the first trace nothing."""
    return max(0, trial.steps - (1 if trial.traces.get("train") else 0))
