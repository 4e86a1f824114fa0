"""The summary of a search, from its records."""

from collections import Counter

from components.ensemble_assembly.quality import Assembly
from components.ensemble_assembly.tidying import kept_weights
from components.records.layout import (
    ROUND_OF_KIND,
    committed_rounds,
    last_scores,
    plan_path,
    require_scores,
    scores_path,
)
from components.records.results import Plan, Scores
from components.records.spans import active_seconds
from components.records.store import Store, read_record, require_record
from components.records.summary import CandidateSummary, RoundSummary, Summary, WinnerSummary
from components.rounds.context import SearchContext
from components.rounds.deadline import round_spans
from components.rounds.rejection_rules import is_rejected
from components.rounds.sharing import shared_network
from components.search_file.stored import get_search


def summarize(store: Store, assembly: Assembly | None) -> Summary:
    """Returns the summary; without an assembly, that of a search in which nothing survived."""
    search = get_search(store)
    last = last_scores(store)
    rounds = [*committed_rounds(store), *ROUND_OF_KIND.values()]
    plans = {path: require_record(store, plan_path(path), Plan) for path in rounds}
    searched = [one for path in committed_rounds(store) for one in require_scores(store, path).scored]
    members = {one.name for one in assembly.member_qualities} if assembly else set()
    return Summary(
        name=search.name,
        seed=search.seed,
        outcome="finished" if assembly is not None else "nothing_survived",
        why=_why(last, assembly),
        rounds=tuple(_round(store, plan) for plan in plans.values()),
        rejected=dict(sorted(Counter(one.reason for one in searched if is_rejected(one.reason)).items())),
        target=search.final_scaling.target.data.source if search.final_scaling.target.data else None,
        winner=_winner(store, assembly) if assembly else None,
        members=assembly.member_qualities if assembly else (),
        single_best=assembly.single_best if assembly else None,
        mean_member=assembly.mean_member if assembly else None,
        ensemble=assembly.together if assembly else None,
        weights_bytes=sum(store.size_bytes(path) for path in kept_weights(store, members)),
        active_seconds=last.active_seconds if last else 0.0,
        finishing_seconds=sum(active_seconds(round_spans(store, plans[path])) for path in ROUND_OF_KIND.values()),
    )


def _why(last: Scores | None, assembly: Assembly | None) -> str:
    """What ended the search rounds; and, where these found designs, why there is no model all the same."""
    why = last.why if last else ""
    found = last is not None and bool(last.best)
    return why if assembly or not found else f"{why}; no design was trained on the target in time, or all failed there"


def _round(store: Store, plan: Plan) -> RoundSummary:
    """A round's candidates; those of the ensemble's round, which is not scored, without fitness."""
    scores = read_record(store, scores_path(plan.round), Scores)
    scored = {one.id: one for one in scores.scored} if scores else {}
    return RoundSummary(
        round=plan.round,
        screened=plan.screened,
        candidates=tuple(
            CandidateSummary(
                id=one.id,
                role=one.role,
                reason=scored[one.id].reason if one.id in scored else None,
                fitness=scored[one.id].fitness if one.id in scored else (),
            )
            for one in (scores.scored if scores and shared_network(plan) else plan.candidates)
        ),
    )


def _winner(store: Store, assembly: Assembly) -> WinnerSummary:
    space = SearchContext(store, "ensemble").space
    member = assembly.members[0]
    candidate, variant = member.candidate, member.candidate.variants[0]
    spec = space.from_json(candidate.spec)
    grid = require_record(store, scores_path(ROUND_OF_KIND["grid"]), Scores)
    return WinnerSummary(
        id=space.canonical(spec),
        spec=candidate.spec,
        formula=space.formula(spec),
        network=variant.network,
        width=variant.width,
        depth=variant.depth,
        learning_rate=variant.learning_rate,
        parameters=member.parameters,
        latency_ms=grid.best[0].latency_ms if grid.best else None,
    )
