"""The search rounds' part of the report, from the records."""

from collections.abc import Mapping, Sequence

from components.records.layout import trial_path
from components.records.results import Plan, ScoredCandidate, Scores, TrainingRecord
from components.records.store import Store, read_record
from components.report.contents import Failure, Round, Tried
from components.rounds.deadline import candidate_spans
from components.rounds.outcomes import best_first
from components.rounds.sharing import SHARED, shared_network
from components.search_spaces.space import SearchSpace


def tried_candidates(store: Store, plans: Sequence[Plan], space: SearchSpace) -> tuple[Tried, ...]:
    """The candidates of the committed search rounds, in the order of their proposal."""
    found = []
    for plan in plans:
        scores = read_record(store, f"{plan.round}/scores.json", Scores)
        for scored in scores.scored if scores else ():
            formula = space.formula(space.from_json(scored.spec))
            found.append(Tried(scored=scored, formula=formula, seconds=_seconds(store, scored)))
    return tuple(found)


def tried_baselines(plans: Mapping[str, Plan], scores: Mapping[str, Scores], space: SearchSpace) -> tuple[Tried, ...]:
    """The published designs that were trained beside the best."""
    return tuple(
        Tried(scored=one, formula=space.formula(space.from_json(one.spec)), name=name)
        for path, committed in scores.items()
        for one, name in zip(committed.scored, (candidate.change for candidate in plans[path].candidates))
        if one.role == "baseline"
    )


def gathered_rounds(plans: Mapping[str, Plan], scores: Mapping[str, Scores]) -> tuple[Round, ...]:
    """The committed rounds of every kind, a line each; the best so far counts the search rounds."""
    rows, best = [], None
    for path, one in scores.items():
        qualities = [scored.quality for scored in one.scored if scored.quality is not None]
        if one.kind == "search":
            best = max([*qualities, *([] if best is None else [best])], default=None)
        rows.append(
            Round(
                kind=one.kind,
                round=path,
                candidates=len(one.scored),
                scored=len(qualities),
                best_quality=best if one.kind == "search" else max(qualities, default=None),
                hypervolume=one.hypervolume,
                seconds=one.active_seconds,
            )
        )
    return _with_own_seconds(rows)


def taught_by_steps(store: Store, plans: Sequence[Plan]) -> dict[str, int]:
    """Where weights are shared, how many steps of the controller had each outcome so far; else empty."""
    trained = [
        record
        for plan in plans
        if shared_network(plan) is not None
        if (record := read_record(store, f"{trial_path(plan.round, SHARED)}/training.json", TrainingRecord)) is not None
    ]
    return dict(trained[-1].controller_steps) if trained else {}


def candidate_failures(scores: Mapping[str, Scores]) -> tuple[Failure, ...]:
    """The candidates that could not be evaluated."""
    return tuple(
        Failure(where=f"candidate {one.id} of {path}", what=one.detail)
        for path, committed in scores.items()
        for one in committed.scored
        if one.reason == "failed"
    )


def ranked(scores: Scores) -> list[ScoredCandidate]:
    """A round's candidates, best first, then those without a reward in the plan's order."""
    best = best_first(list(scores.scored))
    return [*best, *(one for one in scores.scored if one not in best)]


def _seconds(store: Store, scored: ScoredCandidate) -> float:
    return sum(span.duration_seconds for span in candidate_spans(store, scored.round, scored.id))


def _with_own_seconds(rows: list[Round]) -> tuple[Round, ...]:
    """Search rounds record the seconds of the search so far; a row shows its own."""
    before, shown = 0.0, []
    for row in rows:
        seconds = row.seconds or 0.0
        own = seconds - before if row.kind == "search" else seconds
        before = seconds if row.kind == "search" else before
        shown.append(Round(**{**{name: getattr(row, name) for name in Round.__struct_fields__}, "seconds": own}))
    return tuple(shown)
