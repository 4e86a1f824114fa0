"""What the report advises where no model came out of a search."""

from collections.abc import Mapping

from components.records.layout import last_scores
from components.records.results import Scores
from components.rounds.context import SearchContext


def advice(context: SearchContext, finishing: SearchContext, scores: Mapping[str, Scores]) -> tuple[str, ...]:
    """Returns sentences that name the settings which may have been too strict, with their values.

    Args:
        context: of the search rounds.
        finishing: of the finishing rounds.
        scores: of the committed rounds, by path.
    """
    search, last = context.search, last_scores(context.store)
    slow = _on_latency(context, scores)
    if last is not None and last.best:  # found, but not one of them could be trained on the target
        return (
            *slow,
            f"Give the finishing rounds more time: budget.finishing_hours is {search.budget.finishing_hours}.",
            f"Try another rate on the target: final_scaling.target.{_rates(finishing, 'space_settings')}.",
        )
    reasons = {one.reason for each in scores.values() if each.kind == "search" for one in each.scored}
    if slow and reasons == {"latency"}:
        return slow
    return (
        *slow,
        f"Give the search more candidates than {search.budget.candidates} (budget.candidates) or more time.",
        f"Train longer before judging: training.probe_steps is {search.training.probe_steps}.",
        f"Lower the bar: rejection.quality_threshold is {search.rejection.quality_threshold:g}, "
        f"rejection.rule is {search.rejection.rule!r}.",
        f"Try another rate: {_rates(context, 'space.settings')}.",
    )


def _on_latency(context: SearchContext, scores: Mapping[str, Scores]) -> tuple[str, ...]:
    """That designs were too slow, with the numbers of one of them; nothing where none was."""
    details = [one.detail for each in scores.values() for one in each.scored if one.reason == "latency"]
    limit = context.search.rejection.measured_latency_ms
    return (f"Allow slower designs: rejection.measured_latency_ms is {limit:g} ({details[0]}).",) if details else ()


def _rates(context: SearchContext, settings: str) -> str:
    """Where a task's learning rates stand in the search file, and what they are; `settings` is where the space's do."""
    if not context.space.brings_optimizer:
        return f"training.learning_rate is {context.task.training.learning_rate:g}"
    rates = dict.fromkeys(f"{one.learning_rate:g}" for one in context.space.variants())
    return f"{settings}.learning_rates is [{', '.join(rates)}]"
