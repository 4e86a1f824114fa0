"""Scores a search round: reward, Pareto front, the best few so far, and whether another round follows."""

from collections.abc import Sequence

import numpy as np

from components.multi_objective_scoring.shared import chosen_first, shared_outcomes
from components.multi_objective_scoring.weights import delete_weights
from components.objectives.pareto import hypervolume, non_dominated
from components.records.layout import committed_rounds, plan_path, scores_path, trial_path
from components.records.results import Plan, ScoredCandidate, Scores, Verdict
from components.records.search import Search
from components.records.spans import Stopwatch, active_seconds
from components.records.store import Store, read_record, require_record, write_record
from components.rounds.context import SearchContext
from components.rounds.deadline import round_spans
from components.rounds.outcomes import Outcome, best_first, outcome, scored_candidate
from components.rounds.profiles import profiles_of
from components.rounds.sharing import round_number, shared_network, sharing_rounds
from components.search_file.stored import get_search

CORNER = 10.0  # the hypervolume's worst latency, in latency targets


def score_round(store: Store, round_path: str) -> Scores:
    """Commits a search round unless it is committed, and deletes the weights that nothing needs any more."""
    scores = read_record(store, scores_path(round_path), Scores)
    if scores is None:
        scores = write_record(store, scores_path(round_path), _score(store, round_path))
    delete_weights(store, scores)
    return scores


def _score(store: Store, round_path: str) -> Scores:
    watch = Stopwatch()
    search = get_search(store)
    plan = require_record(store, plan_path(round_path), Plan)
    earlier = committed_rounds(store)
    before = require_record(store, scores_path(earlier[-1]), Scores) if earlier else None
    outcomes = _outcomes(store, plan, search)
    target = (before and before.latency_target_ms) or search.scoring.latency_target_ms
    if target is None:
        latencies = [one.latency_ms for one in outcomes if one.latency_ms is not None]
        target = float(np.median(latencies)) if latencies else None
    scored = [scored_candidate(one, plan, search.scoring, target) for one in outcomes]
    best = _best(search, before.best if before else (), scored)[: search.final_scaling.rerank]
    front = _front([*(before.front if before and not shared_network(plan) else ()), *scored])
    verdicts = _verdicts(store, plan)
    used = (before.active_seconds if before else 0.0) + active_seconds([*round_spans(store, plan), watch.span()])
    count = (before.candidates if before else 0) + len(scored)
    why = _why_over(search, plan, scored, best, count, used)
    return Scores(
        kind="search",
        round=round_path,
        scored=tuple(scored),
        front=tuple(front),
        best=tuple(best),
        candidates=count,
        active_seconds=used,
        latency_target_ms=target,
        hypervolume=_hypervolume(front, target),
        predicted_saved_seconds=sum(one.predicted_saved_seconds for one in verdicts),
        screening_seconds=sum(one.span.duration_seconds for one in verdicts) + _timing_in_vain(store, plan, verdicts),
        another_round=not why,
        why=why,
    )


def _outcomes(store: Store, plan: Plan, search: Search) -> list[Outcome]:
    if shared_network(plan) is not None:
        return shared_outcomes(SearchContext(store), plan)
    return [outcome(store, plan, candidate, search) for candidate in plan.candidates]


def _best(search: Search, before: Sequence[ScoredCandidate], scored: list[ScoredCandidate]) -> list[ScoredCandidate]:
    """The best of the search so far, best first."""
    sharing = search.training.weight_sharing
    return best_first([*before, *scored]) if sharing is None else chosen_first(sharing, before, scored)


def _verdicts(store: Store, plan: Plan) -> list[Verdict]:
    if not plan.probe_steps:
        return []
    return [require_record(store, f"{trial_path(plan.round, one.id)}/verdict.json", Verdict) for one in plan.candidates]


def _timing_in_vain(store: Store, plan: Plan, verdicts: Sequence[Verdict]) -> float:
    """Seconds that it took to profile what was rejected afterwards."""
    rejected = [one.candidate for one in verdicts if one.reason is not None]
    return sum(
        profile.span.duration_seconds for candidate in rejected for profile in profiles_of(store, plan.round, candidate)
    )


def _front(candidates: list[ScoredCandidate]) -> list[ScoredCandidate]:
    """The candidates with a latency that no other dominates, fastest first."""
    timed = [one for one in candidates if one.quality is not None and one.latency_ms is not None]
    if not timed:
        return []
    values = np.array([[one.quality, -(one.latency_ms or 0.0)] for one in timed])
    front = [one for one, stays in zip(timed, non_dominated(values)) if stays]
    return sorted(front, key=lambda one: (one.latency_ms or 0.0, one.id))


def _hypervolume(front: list[ScoredCandidate], target: float | None) -> float | None:
    if not front or target is None:
        return None
    quality = np.array([one.quality for one in front])
    return hypervolume(quality, np.array([one.latency_ms for one in front]), 0.0, CORNER * target)


def _why_over(
    search: Search, plan: Plan, scored: list[ScoredCandidate], best: list[ScoredCandidate], count: int, used: float
) -> str:
    """Why the search rounds are over; empty where another one follows."""
    budget = search.budget
    if not plan.candidates:
        return "nothing new could be proposed"
    if scored[0].role == "shared" and scored[0].reason != "time_up":
        return f"the shared weights could not be trained: {scored[0].detail}"
    if any(one.reason == "time_up" for one in scored) or (budget.hours is not None and used >= budget.hours * 3600):
        return f"{budget.hours} active hours are used up"
    reached = max((one.quality or 0.0 for one in [*best, *scored]), default=0.0)
    if budget.fitness is not None and reached >= budget.fitness:
        return f"fitness {reached:.4f} reaches {budget.fitness}"
    if shared_network(plan) is not None:  # which may report fewer than a round can, where the limits let in few
        rounds = sharing_rounds(search)
        return f"{rounds} rounds of shared weights are done" if round_number(plan.round) >= rounds else ""
    return f"{count} candidates were tried" if count >= budget.candidates else ""
