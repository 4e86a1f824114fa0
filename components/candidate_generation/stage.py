"""Proposes the next search round, or names the last one where the search is over."""

import numpy as np

from components.records.layout import committed_rounds, plan_path, scores_path, search_round, shards_of
from components.records.results import Plan, Scores
from components.records.search import Search
from components.records.spans import Stopwatch
from components.records.store import Store, read_record, require_record, write_record
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.learning import controller_of, keep_arrays, learnt_state
from components.rounds.reachable import require_reachable
from components.rounds.screening import screened_proposals
from components.rounds.sharing import planned_network, shares_weights


def propose_round(store: Store) -> list[str]:
    """Returns the paths of the shards of the round to evaluate; proposes the round first where that isn't done.

    Where the search is over, it is one shard of the last committed round, whose steps find their records.
    """
    committed = committed_rounds(store)
    last = require_record(store, scores_path(committed[-1]), Scores) if committed else None
    if last is not None and not last.another_round:
        return shards_of(require_record(store, plan_path(last.round), Plan))[:1]
    here = search_round(len(committed) + 1)
    plan = read_record(store, plan_path(here), Plan)
    if plan is None:
        try:
            plan = write_record(store, plan_path(here), _new_plan(store, here, committed, last))
        except FileNotFoundError:
            # Another run of this search may be rounds ahead by now, and has deleted what this round was proposed from.
            plan = read_record(store, plan_path(here), Plan)
            if plan is None:
                raise
    return shards_of(plan)


def _new_plan(store: Store, here: str, committed: list[str], last: Scores | None) -> Plan:
    watch = Stopwatch()
    context = SearchContext(store)
    if not committed:
        require_reachable(context)
    if shares_weights(context.search):
        return _sharing_plan(context, here, last, watch)
    search, space = context.search, context.space
    controller = controller_of(context)
    earlier = [require_record(store, plan_path(path), Plan) for path in committed]
    state, digest = keep_arrays(store, here, controller, learnt_state(context, controller, committed))
    wanted = min(search.rounds.candidates_per_round, search.budget.candidates - (last.candidates if last else 0))
    proposed, dropped = screened_proposals(
        space,
        controller,
        state,
        wanted=wanted,
        seen={candidate.id for plan in earlier for candidate in plan.candidates},
        known=space.known if search.seed_known and not earlier else {},
        rng=np.random.default_rng([search.seed, len(committed) + 1, 1]),
    )
    return Plan(
        kind="search",
        round=here,
        shards=min(search.rounds.shards_per_round, max(1, len(proposed))),
        candidates=tuple(
            make_candidate(context, spec, space.variants(), origin=origin, change=change, parent=parent)
            for spec, origin, change, parent in proposed
        ),
        probe_steps=search.training.probe_steps,
        full_steps=search.training.full_steps,
        controller_state=controller.encode_state(state).data,
        controller_sha256=digest,
        screened=dropped,
        seconds_left=_seconds_left(search, last),
        span=watch.span(),
    )


def _sharing_plan(context: SearchContext, here: str, last: Scores | None, watch: Stopwatch) -> Plan:
    """A round of shared weights: what it reports is known once their network has been trained further."""
    return Plan(
        kind="search",
        round=here,
        shards=1,
        candidates=(planned_network(context),),
        probe_steps=0,
        full_steps=context.search.training.full_steps,
        seconds_left=_seconds_left(context.search, last),
        span=watch.span(),
    )


def _seconds_left(search: Search, last: Scores | None) -> float | None:
    hours = search.budget.hours
    return None if hours is None else max(0.0, hours * 3600 - (last.active_seconds if last else 0.0))
