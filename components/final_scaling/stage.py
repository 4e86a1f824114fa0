"""Final scaling in three parts, each a round of its own: `rerank`, `grid` and `winner`."""

from typing import Literal

from components.final_scaling.proposals import PROPOSALS, STEPS
from components.records.layout import last_scores, plan_path, scores_path
from components.records.results import Plan, ScoredCandidate, Scores
from components.records.spans import Stopwatch, active_seconds
from components.records.store import Store, read_record, require_record, write_record
from components.rounds.context import SearchContext
from components.rounds.deadline import round_spans
from components.rounds.finishing import planned_shards, proposed_shards
from components.rounds.outcomes import best_first, outcome, scored_candidate
from components.search_file.stored import get_search

Part = Literal["rerank", "grid", "winner"]


def propose_scaling(store: Store, part: Part) -> list[str]:
    """Returns the shards of a part of final scaling; proposes its candidates first where that isn't done.

    Where the search found nothing, it is one empty shard.
    """
    shards = planned_shards(store, part)
    if shards is not None:
        return shards
    watch = Stopwatch()
    context = SearchContext(store, part)
    return proposed_shards(store, context.search, part, PROPOSALS[part](context), STEPS[part](context.search), watch)


def select_scaled(store: Store, round_path: str) -> Scores:
    """Commits a part of final scaling: its candidates scored, the chosen one first in `best`."""
    scores = read_record(store, scores_path(round_path), Scores)
    return scores or write_record(store, scores_path(round_path), _select(store, round_path))


def _select(store: Store, round_path: str) -> Scores:
    watch = Stopwatch()
    search = get_search(store)
    plan = require_record(store, plan_path(round_path), Plan)
    found = last_scores(store)
    target = found.latency_target_ms if found else None
    scored = [
        scored_candidate(outcome(store, plan, one, search), plan, search.scoring, target) for one in plan.candidates
    ]
    searched = [one for one in scored if one.role == "searched" and one.quality is not None]
    best = _by_quality(searched) if plan.kind == "winner" else best_first(searched)
    return Scores(
        kind=plan.kind,
        round=round_path,
        scored=tuple(scored),
        best=tuple(best),
        candidates=len(scored),
        active_seconds=active_seconds([*round_spans(store, plan), watch.span()]),
        latency_target_ms=target,
    )


def _by_quality(scored: list[ScoredCandidate]) -> list[ScoredCandidate]:
    return sorted(scored, key=lambda one: (-(one.quality or 0.0), one.id))
