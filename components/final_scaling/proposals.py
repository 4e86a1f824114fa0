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
from components.rounds.judgement import is_limited, profile_judgements
from components.rounds.learning import controller_of, learnt_state
from components.rounds.limits import limits_of
from components.rounds.rejection_rules import is_rejected, over_limit
from components.rounds.screening import Proposed, screened_proposals
from components.search_spaces.registry import SPACES
from components.search_spaces.space import Spec

WIDTHS, DEPTHS, UNSCALED = (1.0, 1.5), (1.0, 2.0), (1.0,)  # of the grid where the search names none
SAMPLED = (0, 3)  # follows the search's seed where new designs are drawn at its end; rounds count from 1

Proposal = Callable[[SearchContext], list[Candidate]]


def rerank(context: SearchContext) -> list[Candidate]:
    """The best few of the search, new designs from its controller, and beside them the published baselines.

    Each is tried in all networks of the target, at every learning rate of the space.
    """
    found = last_scores(context.store)
    if found is None or not found.best:
        return []
    space, known = context.space, _baselines(context)
    searched = [_ranked(context, space.from_json(one.spec), origin="winner", parent=one.id) for one in found.best]
    sampled = [_ranked(context, one.spec, origin=one.origin) for one in _sampled(context, found)]
    about = {"origin": "known", "role": "baseline", "suffix": "-known"}
    baselines = [_ranked(context, spec, change=name, **about) for name, spec in known.items()]
    return [*(one for one in (*searched, *sampled) if _keeps_limits(context, one)), *baselines]


def grid(context: SearchContext) -> list[Candidate]:
    """The re-ranked best at every width and depth of the grid, in the network that is scaled.

    Where re-ranking found none as its time was up, the search's own best of those that nothing spoke against there.
    """
    widths, depths = grid_multipliers(context.search)
    best = [*require_scores(context.store, ROUND_OF_KIND["rerank"]).best, *_unjudged(context)][:1]
    return [
        scaled_candidate(context, one.spec, one.id, _scaled_variant(context, one, width, depth))
        for one in best
        for width in widths
        for depth in depths
    ]


def grid_multipliers(search: Search) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns the widths and depths of the grid; those that the search leaves open suit its space."""
    scaling, scales = search.final_scaling, SPACES[search.space.name].scales
    return scaling.widths or (WIDTHS if scales else UNSCALED), scaling.depths or (DEPTHS if scales else UNSCALED)


def winner(context: SearchContext) -> list[Candidate]:
    """The grid's best, for its last training; where time was up before it had one, the grid's first point."""
    chosen = chosen_point(context.store)
    return [scaled_candidate(context, chosen.spec, chosen.id, chosen.variants[0])] if chosen else []


def chosen_point(store: Store) -> Candidate | None:
    """Returns the point of the grid that was chosen; where time was up before any was, the first that isn't rejected.

    None where there is no such point.
    """
    plan = require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan)
    scores = require_scores(store, ROUND_OF_KIND["grid"])
    wanted = scores.best[0].id if scores.best else None
    rejected = {one.id for one in scores.scored if is_rejected(one.reason)}
    points = [one for one in plan.candidates if (one.id == wanted if wanted else one.id not in rejected)]
    return points[0] if points else None


def _unjudged(context: SearchContext) -> list[ScoredCandidate]:
    """The search's best few that re-ranking rejects in nothing; where a limit holds there, those it has measured."""
    store, search = context.store, context.search
    found, plan = last_scores(store), require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan)
    ranked = {one.id: one for one in plan.candidates}
    reasons = {one.id: one.reason for one in require_scores(store, plan.round).scored}
    measured = profile_judgements(store, search)

    def spoken_against(identity: str) -> bool:
        if is_rejected(reasons[identity]):
            return True
        limited = search.rejection.measured_latency_ms is not None and is_limited("rerank", ranked[identity], search)
        return limited and measured(plan, ranked[identity]).reason is not None

    best = found.best if found is not None else ()
    return [one for one in best if one.id in reasons and not spoken_against(one.id)]


def _keeps_limits(context: SearchContext, candidate: Candidate) -> bool:
    """Whether a design of a space that isn't scaled is within the limits on the target's rows, too."""
    search = context.search
    if SPACES[search.space.name].scales:
        return True
    return over_limit(candidate, search.rejection.size, search.scoring) is None


def _baselines(context: SearchContext) -> dict[str, Spec]:
    """The published designs that the search names; where it names none, those that are within its limits."""
    names, known = context.search.final_scaling.baselines, context.space.known
    if names is not None:
        return {name: known[name] for name in known if name in names}
    limits = limits_of(SearchContext(context.store))
    return {
        name: spec
        for name, spec in known.items()
        if limits is None or limits.within(context.space.encode(spec)[None])[0]
    }


def _sampled(context: SearchContext, found: Scores) -> list[Proposed]:
    """New designs from the controller after its last update: none that the search has tried, and no baseline."""
    searching, wanted = SearchContext(context.store), context.search.final_scaling.sampled
    if not wanted:
        return []
    controller, committed = controller_of(searching), committed_rounds(context.store)
    plans = [require_record(context.store, plan_path(path), Plan) for path in committed]
    tried = {one.id for one in found.best}.union(*([one.id for one in plan.candidates] for plan in plans))
    baselines = {context.space.canonical(spec) for spec in _baselines(context).values()}
    proposed, _ = screened_proposals(
        searching.space,
        controller,
        learnt_state(searching, controller, committed),
        wanted=wanted,
        seen=tried | baselines,
        known={},
        rng=np.random.default_rng([context.search.seed, *SAMPLED]),
    )
    return proposed


def _ranked(context: SearchContext, spec: Spec, **about: Any) -> Candidate:
    """The record of a design in re-ranking; further initialisations follow the first in the names of their variants."""
    space = context.space
    further = range(1, context.search.final_scaling.initialisations)
    variants = [*space.variants(), *(initialised(one, number) for number in further for one in space.variants())]
    return make_candidate(context, spec, variants, **about)


def _scaled_variant(context: SearchContext, best: ScoredCandidate, width: float, depth: float) -> Variant:
    """A point of the grid, at the learning rate that the design was found best with in the network that is scaled."""
    network = context.search.final_scaling.network or context.space.networks[0]
    variant = Variant(name=f"{network}-w{width:g}-d{depth:g}", network=network, width=width, depth=depth)
    return msgspec.structs.replace(variant, learning_rate=_found_rate(context.store, best, network))


def _found_rate(store: Store, best: ScoredCandidate, network: str) -> float | None:
    plan = require_record(store, plan_path(best.round), Plan)
    candidate = next((one for one in plan.candidates if one.id == best.id), None)
    if candidate is None:  # it was judged with shared weights
        return None
    counted = [one for one in candidate.variants if one.name in best.variants]
    return next((one.learning_rate for one in counted if one.network == network), counted[0].learning_rate)


PROPOSALS: Mapping[str, Proposal] = {"rerank": rerank, "grid": grid, "winner": winner}
STEPS: Mapping[str, Callable[[Search], int]] = {
    "rerank": lambda search: search.final_scaling.rerank_steps,
    "grid": lambda search: search.final_scaling.grid_steps,
    "winner": lambda search: search.final_scaling.winner_steps,
}
