"""Trains further initialisations of the winner, selects the ensemble greedily, and writes the search's result."""

from components.ensemble_assembly.delivery import deliver
from components.ensemble_assembly.pool import ensemble_pool
from components.ensemble_assembly.quality import Assembly, assembled
from components.ensemble_assembly.summarizing import summarize
from components.ensemble_assembly.tidying import delete_unused_weights
from components.records.layout import REPORT, ROUND_OF_KIND, SUMMARY, plan_path
from components.records.results import Plan
from components.records.spans import Stopwatch
from components.records.store import Store, read_record, require_record, write_record
from components.records.summary import Summary
from components.report.gather import gather
from components.report.page import render
from components.rounds.candidates import initialised, scaled_candidate
from components.rounds.context import SearchContext
from components.rounds.finishing import planned_shards, proposed_shards


def propose_initialisations(store: Store) -> list[str]:
    """Returns the shards of the ensemble's round: every initialisation of the winner but its own, which is trained."""
    shards = planned_shards(store, "ensemble")
    if shards is not None:
        return shards
    watch = Stopwatch()
    context = SearchContext(store, "ensemble")
    winners = require_record(store, plan_path(ROUND_OF_KIND["winner"]), Plan).candidates
    candidates = [
        scaled_candidate(context, winner.spec, winner.id, initialised(winner.variants[0], number))
        for winner in winners
        for number in range(1, context.search.ensemble.initialisations)
    ]
    steps = context.search.final_scaling.winner_steps
    return proposed_shards(store, context.search, "ensemble", candidates, steps, watch)


def assemble(store: Store) -> Summary:
    """Selects the ensemble, delivers it, and writes summary and report. The only reader of the test rows.

    Where nothing survived, summary and report are written all the same and say so.
    """
    summary = read_record(store, SUMMARY, Summary)
    if summary is None:
        members = ensemble_pool(store)
        assembly: Assembly | None = assembled(store, members) if members else None
        if assembly is not None:
            deliver(store, assembly)
        summary = write_record(store, SUMMARY, summarize(store, assembly))
    delete_unused_weights(store, summary)
    if not store.exists(REPORT):
        store.create(REPORT, render(gather(store)).encode())
    return summary
