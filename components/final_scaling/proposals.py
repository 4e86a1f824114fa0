"""What each part of final scaling proposes, from what the part before it chose."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from components.records.layout import ROUND_OF_KIND, committed_rounds, last_scores, plan_path, require_scores
from components.records.results import Candidate, Plan, ScoredCandidate, Scores, Variant
from components.records.search import Search
from components.records.store import Store, require_record
from components.rounds.candidates import initialised, make_candidate, scaled_candidate
from components.rounds.context import SearchContext
from components.rounds.learning import controller_of, learnt_state
from components.rounds.screening import Proposed, screened_proposals
from components.search_spaces.space import Spec

SAMPLED = (0, 3)  # follows the search's seed where new designs are drawn at its end; rounds count from 1

Proposal = Callable[[SearchContext], list[Candidate]]


def rerank(context: SearchContext) -> list[Candidate]:
    """The best few of the search, new designs from its controller, and beside them the published baselines.

    Each is tried in all networks of the target, at every learning rate of the space.
    """
    found = last_scores(context.store)
    if found is None or not found.best:
        return []
    space, names = context.space, context.search.final_scaling.baselines
    known = {name: spec for name, spec in space.known.items() if names is None or name in names}
    searched = [_ranked(context, space.from_json(one.spec), origin="winner", parent=one.id) for one in found.best]
    sampled = [_ranked(context, one.spec, origin=one.origin) for one in _sampled(context, found)]
    about = {"origin": "known", "role": "baseline", "suffix": "-known"}
    return [*searched, *sampled, *(_ranked(context, spec, change=name, **about) for name, spec in known.items())]


def grid(context: SearchContext) -> list[Candidate]:
    """The re-ranked best at every width and depth of the grid, in the network that is scaled.

    Where re-ranking found none (its time was up), the search's own best.
    """
    found, scaling = last_scores(context.store), context.search.final_scaling
    best = [*require_scores(context.store, ROUND_OF_KIND["rerank"]).best, *(found.best if found else ())][:1]
    return [
        scaled_candidate(context, one.spec, one.id, _scaled_variant(context, one, width, depth))
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


def _sampled(context: SearchContext, found: Scores) -> list[Proposed]:
    """New designs from the controller after its last update; none that is among the best few."""
    searching, wanted = SearchContext(context.store), context.search.final_scaling.sampled
    if not wanted:
        return []
    controller = controller_of(searching)
    proposed, _ = screened_proposals(
        searching.space,
        controller,
        learnt_state(searching, controller, committed_rounds(context.store)),
        wanted=wanted,
        seen={one.id for one in found.best},
        known={},
        rng=np.random.default_rng([context.search.seed, *SAMPLED]),
    )
    return proposed


def _ranked(context: SearchContext, spec: Spec, **about: Any) -> Candidate:
    """The record of a design in re-ranking; further initialisations follow the first in the names of their variants."""
    space = context.space
    further = range(1, context.search.final_scaling.initialisations)
    variants = [*space.variants(), *(initialised(one, number) for number in further for one in space.variants())]
    return make_candidate(space, spec, context.manifest, variants, **about)


def _scaled_variant(context: SearchContext, best: ScoredCandidate, width: float, depth: float) -> Variant:
    """A point of the grid, at the learning rate that the design was found best with in the network that is scaled."""
    network = context.search.final_scaling.network or context.space.networks[0]
    variant = Variant(name=f"{network}-w{width:g}-d{depth:g}", network=network, width=width, depth=depth)
    return msgspec.structs.replace(variant, learning_rate=_found_rate(context.store, best, network))


def _found_rate(store: Store, best: ScoredCandidate, network: str) -> float | None:
    plan = require_record(store, plan_path(best.round), Plan)
    candidate = next(one for one in plan.candidates if one.id == best.id)
    counted = [one for one in candidate.variants if one.name in best.variants]
    return next((one.learning_rate for one in counted if one.network == network), counted[0].learning_rate)


PROPOSALS: Mapping[str, Proposal] = {"rerank": rerank, "grid": grid, "winner": winner}
STEPS: Mapping[str, Callable[[Search], int]] = {
    "rerank": lambda search: search.final_scaling.rerank_steps,
    "grid": lambda search: search.final_scaling.grid_steps,
    "winner": lambda search: search.final_scaling.winner_steps,
}
