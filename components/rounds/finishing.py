"""Proposing a finishing round: scaled variants or initialisations of what the search found, trained in full at once."""

from collections.abc import Sequence

from components.records.layout import ROUND_OF_KIND, plan_path, shards_of
from components.records.results import Candidate, Kind, Plan
from components.records.search import Search
from components.records.spans import Stopwatch, active_seconds
from components.records.store import Store, read_record, write_record
from components.rounds.deadline import round_spans


def proposed_shards(
    store: Store, search: Search, kind: Kind, candidates: Sequence[Candidate], full_steps: int, watch: Stopwatch
) -> list[str]:
    """Writes a finishing round's plan and returns the paths of its shards; without candidates it is one empty shard.

    Args:
        store: the search's.
        search: its description.
        kind: of the round.
        candidates: what it trains.
        full_steps: training steps of each.
        watch: running since the step began.
    """
    plan = Plan(
        kind=kind,
        round=ROUND_OF_KIND[kind],
        shards=min(search.rounds.shards_per_round, max(1, len(candidates))),
        candidates=tuple(candidates),
        probe_steps=0,
        full_steps=full_steps,
        seconds_left=_seconds_left(store, search),
        span=watch.span(),
    )
    return shards_of(write_record(store, plan_path(plan.round), plan))


def planned_shards(store: Store, kind: Kind) -> list[str] | None:
    """Returns the shards of a finishing round that is planned already, None where it isn't."""
    plan = read_record(store, plan_path(ROUND_OF_KIND[kind]), Plan)
    return shards_of(plan) if plan is not None else None


def _seconds_left(store: Store, search: Search) -> float | None:
    if search.budget.finishing_hours is None:
        return None
    plans = [read_record(store, plan_path(path), Plan) for path in ROUND_OF_KIND.values()]
    used = sum(active_seconds(round_spans(store, plan)) for plan in plans if plan is not None)
    return max(0.0, search.budget.finishing_hours * 3600 - used)
