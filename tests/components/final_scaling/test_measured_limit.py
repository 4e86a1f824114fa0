"""A limit on measured latency where candidates shared weights, so that re-ranking is the first to time them."""

import shutil

import pytest

from components.final_scaling.stage import propose_scaling, select_scaled
from components.records.layout import ROUND_OF_KIND, last_scores, plan_path, require_scores, trials_path
from components.records.results import Plan
from components.records.store import open_search, require_record
from components.report.gather import gather
from tests.faults.walk import walk
from tests.round_records import profile_of, put_profile, put_training, trial
from tests.small_sharing import sharing_description

MEASURED = {"latency": "measured", "device": "host", "batch_size": 8, "latency_weight": 0.0}
RERANK = ROUND_OF_KIND["rerank"]


def searched(folder, limit_ms):
    """The store of a whole search, and its summary."""
    store = open_search(str(folder))
    rejection = {"size": {"parameters": 500}, "measured_latency_ms": limit_ms}
    return store, walk(store, sharing_description(scoring=MEASURED, rejection=rejection))


@pytest.fixture(scope="module")
def fast_enough(tmp_path_factory):
    """A finished search under a limit that all designs meet: a minute for a forward pass of 8 rows; for reading."""
    return searched(tmp_path_factory.mktemp("fast"), 60_000.0)


def test_what_is_too_slow_is_neither_trained_alone_nor_delivered(tmp_path):
    """A nanosecond: nothing is as fast, so nothing is found, and the search says so."""
    store, summary = searched(tmp_path, 1e-6)
    ranked = require_scores(store, RERANK)
    assert len(last_scores(store).best) == len(ranked.scored) == 3
    assert {one.reason for one in ranked.scored} == {"latency"}
    assert all("measured" in one.detail and "> 1e-06 ms" in one.detail for one in ranked.scored)
    assert not [path for path in store.paths(trials_path(RERANK)) if "training" in path or "safetensors" in path]
    assert require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan).candidates == ()
    assert (summary.outcome, summary.winner) == ("nothing_survived", None)
    said, *_ = gather(store).advice
    assert said.startswith("Allow slower designs: rejection.measured_latency_ms is 1e-06 (tabular_mlp: measured ")


def test_what_is_over_a_limit_on_the_targets_rows_is_not_scaled_instead(tmp_path):
    """Of 13 features each design has at most 500 parameters, of 64 pixels none: re-ranking takes none of them."""
    store = open_search(str(tmp_path))
    summary = walk(
        store,
        sharing_description(
            space={"settings": {"layers": 2, "widths": [8, 12]}},
            rejection={"quality_threshold": 0.0, "size": {"parameters": 500}},
            training={"probe_steps": 2, "full_steps": 3, "weight_sharing": None},
            budget={"candidates": 2},
            final_scaling={"rerank": 2, "target": {"data": {"source": "sklearn:digits"}}},
        ),
    )
    assert last_scores(store).best
    for kind in ("rerank", "grid", "winner"):
        assert require_record(store, plan_path(ROUND_OF_KIND[kind]), Plan).candidates == ()
    assert summary.outcome == "nothing_survived"


@pytest.mark.parametrize("measured", [True, False])
def test_where_time_ends_the_ranking_only_what_was_measured_in_time_is_scaled(fast_enough, tmp_path, measured):
    """With shared weights, re-ranking is the first to time a design; it was fast, and time was up in its training."""
    store = open_search(str(shutil.copytree(fast_enough[0].uri, tmp_path / "search")))
    for path in [*store.paths("scaling"), *store.paths("model"), *store.paths("ensemble")]:
        if not path.startswith(RERANK) or path.endswith("/scores.json") or "/trials/" in path:
            store.delete(path)
    plan = require_record(store, plan_path(RERANK), Plan)
    for one in plan.candidates:
        put_profile(store, plan, one, [profile_of("tabular_mlp", 2.0)] if measured else (), time_up=not measured)
        if measured:
            put_training(store, plan, one, [trial("tabular_mlp", None, status="time_up", steps=0)])
    assert {one.reason for one in select_scaled(store, RERANK).scored} == {"time_up"}
    propose_scaling(store, "grid")
    assert len(require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan).candidates) == measured


def test_what_is_fast_enough_is_found(fast_enough):
    store, summary = fast_enough
    assert [one.reason for one in require_scores(store, RERANK).scored] == [None] * 3
    assert summary.winner is not None
    parameters, latency = gather(store).limits
    assert (parameters.field, parameters.most) == ("rejection.size.parameters", 500)
    assert parameters.winner == summary.winner.parameters <= 500
    assert (latency.field, latency.most) == ("rejection.measured_latency_ms", 60_000.0)
    assert 0 < latency.winner < 60_000
