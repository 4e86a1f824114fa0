"""The rules by which a candidate is rejected, as decisions over its records."""

from functools import partial
from typing import TypeGuard

from components.records.results import Candidate, Phase, Reason, TrialResult, Variant
from components.records.search import Rejection, Scoring, SizeLimits
from components.rounds.limits import limited_costs, limits_by_cost
from components.rounds.predicted_work import step_work


def over_limit(candidate: Candidate, limits: SizeLimits, scoring: Scoring) -> str | None:
    """Returns how a candidate's predicted size exceeds a limit, None where it doesn't.

    Args:
        candidate: with predicted costs; a latency of layers is there only where these were measured.
        limits: of the search.
        scoring: device and rows of a batch that some costs depend on.
    """
    limited = limits_by_cost(limits)
    of_each = [limited_costs(costs, tuple(limited), scoring) for costs in candidate.costs.values()]
    for name, limit in limited.items():
        largest = max((costs[name] for costs in of_each if name in costs), default=0.0)
        if largest > limit:
            return f"{name} {largest:.10g} > {limit:.10g}"
    return None


def cheapest_first(candidate: Candidate) -> list[Variant]:
    """Returns the variants in the order in which they are tried, by the predicted time of a step."""
    return sorted(candidate.variants, key=partial(step_work, candidate))


def is_non_finite(result: TrialResult) -> bool:
    """Whether a trial's loss was not finite, or its outputs on the validation rows were not."""
    return result.status == "non_finite" or (result.status == "trained" and result.nll is None)


def passes(result: TrialResult, rejection: Rejection, phase: Phase) -> bool:
    """Whether a trial lets its candidate go on: trained, finite, and after the probe good enough."""
    if result.status != "trained" or is_non_finite(result) or result.accuracy is None:
        return False
    return phase == "full" or result.accuracy >= rejection.quality_threshold


def is_rejected(reason: Reason | None) -> TypeGuard[Reason]:
    """Whether a reason rejects its candidate; what time cut off is neither scored nor rejected."""
    return reason not in (None, "time_up")
