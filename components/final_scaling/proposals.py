"""What each part of final scaling proposes, from what the part before it chose."""

from collections.abc import Callable, Mapping

from components.records.layout import ROUND_OF_KIND, last_scores, plan_path, require_scores
from components.records.results import Candidate, Plan, Variant
from components.records.search import Search
from components.records.store import Store, require_record
from components.rounds.candidates import make_candidate, scaled_candidate
from components.rounds.context import SearchContext
from components.search_spaces.space import Spec

Proposal = Callable[[SearchContext], list[Candidate]]


def rerank(context: SearchContext) -> list[Candidate]:
    """The best few of the search in all their networks, and beside them the published baselines."""
    found = last_scores(context.store)
    if found is None or not found.best:
        return []
    space, names = context.space, context.search.final_scaling.baselines
    known = {name: spec for name, spec in space.known.items() if names is None or name in names}
    searched = [
        make_candidate(
            space, space.from_json(one.spec), context.manifest, space.variants(), origin="winner", parent=one.id
        )
        for one in found.best
    ]
    return searched + [_baseline(context, name, spec) for name, spec in known.items()]


def grid(context: SearchContext) -> list[Candidate]:
    """The re-ranked best at every width and depth of the grid, in the network that is scaled.

    Where re-ranking found none (its time was up), the search's own best.
    """
    found, scaling = last_scores(context.store), context.search.final_scaling
    best = [*require_scores(context.store, ROUND_OF_KIND["rerank"]).best, *(found.best if found else ())][:1]
    network = scaling.network or context.space.networks[0]
    return [
        scaled_candidate(context, one.spec, one.id, _variant(network, width, depth))
        for one in best
        for width in scaling.widths
        for depth in scaling.depths
    ]


def winner(context: SearchContext) -> list[Candidate]:
    """The grid's best, for its last training; where time was up before it had one, the grid's first point."""
    chosen = chosen_point(context.store)
    return [scaled_candidate(context, chosen.spec, chosen.id, chosen.variants[0])] if chosen else []


def chosen_point(store: Store) -> Candidate | None:
    """Returns the point of the grid that was chosen, None where there is no grid."""
    plan = require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan)
    best = require_scores(store, ROUND_OF_KIND["grid"]).best
    wanted = best[0].id if best else None
    points = [one for one in plan.candidates if wanted in (None, one.id)]
    return points[0] if points else None


def _variant(network: str, width: float, depth: float) -> Variant:
    return Variant(name=f"{network}-w{width:g}-d{depth:g}", network=network, width=width, depth=depth)


def _baseline(context: SearchContext, name: str, spec: Spec) -> Candidate:
    space, about = context.space, {"origin": "known", "change": name, "role": "baseline"}
    return make_candidate(space, spec, context.manifest, space.variants(), suffix="-known", **about)


PROPOSALS: Mapping[str, Proposal] = {"rerank": rerank, "grid": grid, "winner": winner}
STEPS: Mapping[str, Callable[[Search], int]] = {
    "rerank": lambda search: search.final_scaling.rerank_steps,
    "grid": lambda search: search.final_scaling.grid_steps,
    "winner": lambda search: search.final_scaling.winner_steps,
}
