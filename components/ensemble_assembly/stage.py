"""Trains further initialisations of the winner, selects the ensemble greedily, and writes the search's result."""

from components.ensemble_assembly.delivery import deliver
from components.ensemble_assembly.pool import ensemble_pool
from components.ensemble_assembly.quality import Assembly, assembled
from components.ensemble_assembly.summarizing import summarize
from components.ensemble_assembly.tidying import delete_unused_weights
from components.records.layout import MANIFEST, REPORT, ROUND_OF_KIND, SUMMARY, plan_path
from components.records.results import Candidate, DataManifest, Plan, Variant
from components.records.spans import Stopwatch
from components.records.store import Store, read_record, require_record, write_record
from components.records.summary import Summary
from components.report.gather import gather
from components.report.page import render
from components.rounds.candidates import make_candidate
from components.rounds.finishing import planned_shards, proposed_shards
from components.search_file.stored import get_search
from components.search_spaces.registry import open_space
from components.search_spaces.space import SearchSpace


def propose_initialisations(store: Store) -> list[str]:
    """Returns the shards of the ensemble's round: every initialisation of the winner but its own, which is trained."""
    shards = planned_shards(store, "ensemble")
    if shards is not None:
        return shards
    watch = Stopwatch()
    search = get_search(store)
    space = open_space(search.space.name, search.space.settings)
    manifest = require_record(store, MANIFEST, DataManifest)
    winners = require_record(store, plan_path(ROUND_OF_KIND["winner"]), Plan).candidates
    candidates = [
        _initialisation(space, manifest, winner, number)
        for winner in winners
        for number in range(1, search.ensemble.initialisations)
    ]
    return proposed_shards(store, search, "ensemble", candidates, search.final_scaling.winner_steps, watch)


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


def _initialisation(space: SearchSpace, manifest: DataManifest, winner: Candidate, number: int) -> Candidate:
    trained = winner.variants[0]
    variant = Variant(
        name=f"{trained.name}-i{number}",
        network=trained.network,
        width=trained.width,
        depth=trained.depth,
        initialisation=number,
    )
    spec, suffix = space.from_json(winner.spec), f"-{variant.name}"
    return make_candidate(space, spec, manifest, [variant], suffix=suffix, origin="winner", parent=winner.id)
