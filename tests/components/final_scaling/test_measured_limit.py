"""A limit on measured latency where candidates shared weights, so that re-ranking is the first to time them."""

from components.records.layout import ROUND_OF_KIND, last_scores, plan_path, require_scores, trials_path
from components.records.results import Plan
from components.records.store import open_search, require_record
from components.report.gather import gather
from tests.faults.walk import walk
from tests.small_sharing import sharing_description

MEASURED = {"latency": "measured", "device": "host", "batch_size": 8, "latency_weight": 0.0}
RERANK = ROUND_OF_KIND["rerank"]


def searched(folder, limit_ms):
    """The store of a whole search, and its summary."""
    store = open_search(str(folder))
    rejection = {"size": {"parameters": 500}, "measured_latency_ms": limit_ms}
    return store, walk(store, sharing_description(scoring=MEASURED, rejection=rejection))


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


def test_what_is_fast_enough_is_found(tmp_path):
    """A minute for a forward pass of 8 rows."""
    store, summary = searched(tmp_path, 60_000.0)
    assert [one.reason for one in require_scores(store, RERANK).scored] == [None] * 3
    assert summary.winner is not None
