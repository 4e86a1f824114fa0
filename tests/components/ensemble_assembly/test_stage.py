"""The end of a search: initialisations, the test rows read once, what is kept, and a search that found nothing."""

import msgspec
import pytest

from components.ensemble_assembly import stage
from components.ensemble_assembly.delivery import DESCRIPTION
from components.ensemble_assembly.pool import ensemble_pool
from components.ensemble_assembly.stage import assemble, propose_initialisations
from components.final_scaling.stage import propose_scaling, select_scaled
from components.records.layout import REPORT, ROUND_OF_KIND, SUMMARY, plan_path, scores_path
from components.records.results import Plan, Scores
from components.records.store import open_search, require_record, write_record
from components.records.summary import Summary
from components.report.gather import gather
from tests.small_search import WatchedStore

LAST = "rounds/00002"


@pytest.fixture
def finished(small_search):
    return open_search(str(small_search.at["finished"]))


def plan_of(store, kind):
    return require_record(store, plan_path(ROUND_OF_KIND[kind]), Plan)


def weights(store, folder):
    return [path for path in store.paths(folder) if path.endswith(".safetensors")]


def nothing_found(store):
    """Lets a search that is over have found nothing, and takes its way to the ensemble."""
    scores = require_record(store, scores_path(LAST), Scores)
    store.delete(scores_path(LAST))
    write_record(store, scores_path(LAST), msgspec.structs.replace(scores, best=(), front=(), latency_target_ms=None))
    for part in ("rerank", "grid", "winner"):
        propose_scaling(store, part)
        select_scaled(store, ROUND_OF_KIND[part])
    return store


def test_every_initialisation_but_the_winners_own_is_trained_as_long(finished):
    plan, winner = plan_of(finished, "ensemble"), plan_of(finished, "winner")
    assert [one.variants[0].initialisation for one in plan.candidates] == [1, 2]
    assert (plan.full_steps, plan.probe_steps) == (winner.full_steps, 0)
    (trained,) = winner.candidates
    for one in plan.candidates:
        (variant,) = one.variants
        assert (one.spec, variant.network, variant.width, variant.depth) == (
            trained.spec,
            trained.variants[0].network,
            trained.variants[0].width,
            trained.variants[0].depth,
        )
    assert len({one.id for one in (*plan.candidates, trained)}) == 3


def test_initialisations_differ(small_search):
    store = open_search(str(small_search.at["trained"]))
    assert len({store.read(one.weights) for one in ensemble_pool(store)}) == 3


def test_only_the_assembly_reads_the_test_rows_and_after_its_selection(small_search):
    """Every read of the whole search was noted, with the stage that read."""
    readers = {stage for stage, path in small_search.reads if path.startswith("data/test")}
    assert readers == {"ensemble_assembly"}
    paths = [path for stage, path in small_search.reads if stage == "ensemble_assembly"]
    assert paths.index("data/validation-x.npy") < paths.index("data/test-x.npy")
    assert paths.count("data/test-x.npy") == 1 + _reads_of_the_report(small_search)


def _reads_of_the_report(small_search):
    store = WatchedStore(str(small_search.at["finished"]))
    gather(store)
    return [path for _, path in store.reads].count("data/test-x.npy")


def test_the_report_of_a_search_at_work_reads_no_test_rows(small_search):
    for name in ("split", "probed", "searched", "trained"):
        store = WatchedStore(str(small_search.at[name]))
        gather(store)
        assert [path for _, path in store.reads if path.startswith("data/test")] == []


def test_what_stays_are_the_members_weights_and_the_summary_counts_them(finished):
    summary = require_record(finished, SUMMARY, Summary)
    members = {one.name for one in summary.members}
    kept = [*weights(finished, "scaling"), *weights(finished, "ensemble")]
    assert {path.split("/")[-2] for path in kept} == members
    assert summary.weights_bytes == sum(len(finished.read(path)) for path in weights(finished, "")) > 0


def test_the_summary_says_what_the_rounds_did(finished):
    summary = require_record(finished, SUMMARY, Summary)
    assert (summary.name, summary.seed, summary.outcome, summary.why) == (
        "small", 14, "finished", "8 candidates were tried",
    )  # fmt: skip
    assert [one.round for one in summary.rounds] == ["rounds/00001", LAST, *ROUND_OF_KIND.values()]
    searched = [one for part in summary.rounds[:2] for one in part.candidates]
    assert len(searched) == 8
    assert sum(summary.rejected.values()) == sum(one.reason is not None for one in searched)
    assert {one.id for one in searched if one.reason is None} == {one.id for one in searched if one.fitness}
    assert summary.rounds[0].screened == require_record(finished, plan_path("rounds/00001"), Plan).screened
    assert summary.winner.formula and summary.winner.latency_ms > 0


def test_a_finished_search_is_not_assembled_again(store_at, monkeypatch):
    monkeypatch.setattr(stage, "assembled", None)
    store = store_at("finished")
    before = {path: store.read(path) for path in store.paths("")}
    assert assemble(store) == require_record(store, SUMMARY, Summary)
    assert {path: store.read(path) for path in store.paths("")} == before


def test_an_assembly_that_was_killed_after_its_summary_is_tidied_and_reported(store_at, small_search):
    """Its weights were not deleted yet, and its report not written."""
    store, trained = store_at("finished"), open_search(str(small_search.at["trained"]))
    for path in [*weights(trained, "scaling"), *weights(trained, "ensemble")]:
        store.create(path, trained.read(path))
    left = len(weights(store, ""))
    store.delete(REPORT)
    assemble(store)
    assert store.exists(REPORT)
    assert len(weights(store, "")) < left
    assert weights(store, "") == weights(open_search(str(small_search.at["finished"])), "")


def test_where_nothing_survived_summary_and_report_are_written_and_say_so(store_at):
    store = nothing_found(store_at("searched"))
    assert propose_initialisations(store) == ["ensemble/00001/shards/0000"]
    assert plan_of(store, "ensemble").candidates == ()
    summary = assemble(store)
    assert summary == require_record(store, SUMMARY, Summary)
    assert (summary.outcome, summary.winner, summary.members, summary.ensemble) == ("nothing_survived", None, (), None)
    assert summary.why == "8 candidates were tried" and summary.rejected
    assert b"no candidate survived" in store.read(REPORT).lower()
    assert not store.exists(DESCRIPTION)


def test_where_time_left_no_winner_the_trained_grid_is_assembled(store_at):
    """The winner was not trained, so its initialisations were not either."""
    store = store_at("trained")
    for path in [*store.paths("scaling/00003/trials"), *store.paths("ensemble/00001/trials")]:
        store.delete(path)
    pool = ensemble_pool(store)
    assert [one.candidate.id for one in pool] == [one.id for one in plan_of(store, "grid").candidates]
    summary = assemble(store)
    assert summary.outcome == "finished" and len(summary.members) == 2
    assert b"</html>" in store.read(REPORT)


def test_an_ensemble_takes_no_more_members_than_there_are(store_at):
    store = store_at("trained")
    for path in store.paths("ensemble/00001/trials"):
        store.delete(path)
    summary = assemble(store)
    assert len(summary.members) == 1 and summary.ensemble.name == "ensemble of 1"
    assert summary.ensemble.test == summary.members[0].test == summary.single_best.test
