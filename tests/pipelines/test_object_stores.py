"""A whole search in a bucket, over a network that fails now and then, is the one in a local folder."""

import pytest

from components.ensemble_assembly.delivery import load_ensemble
from components.records import retrying
from components.records.layout import REPORT, SUMMARY
from components.records.rows import read_part
from components.records.store import open_search, require_record
from components.records.summary import Summary, comparable
from tests.faults.reference import TINY, first_difference
from tests.faults.walk import walk
from tests.servers.object_stores import new_search, unreliable
from tests.servers.unreliable_proxy import cut_short, lost_answer, nothing, reset, status

TEXT = TINY.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The store of the same search in a local folder, finished."""
    store = open_search(str(tmp_path_factory.mktemp("expected") / "search"))
    walk(store, TEXT)
    return store


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_a_search_in_a_bucket_is_the_one_in_a_folder(expected, kind, monkeypatch):
    """Two in three of the first 60 writes and every second of the first 40 reads and listings fail."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.01)
    proxy = unreliable(kind)
    uri = new_search(kind, monkeypatch, proxy.url)
    proxy.plan(*[status(503), lost_answer, nothing, reset, status(429), nothing] * 10, methods=("PUT", "POST"))
    proxy.plan(*[cut_short, nothing, status(503), nothing] * 10, methods=("GET",))
    summary = walk(open_search(uri), TEXT)
    assert proxy.unmet() == 0
    store = open_search(uri)
    assert first_difference(comparable(require_record(expected, SUMMARY, Summary)), comparable(summary)) is None
    assert store.paths("") == expected.paths("")
    weights = [path for path in expected.paths("") if path.endswith((".safetensors", ".npy"))]
    assert [path for path in weights if store.read(path) != expected.read(path)] == []
    assert b"<svg" in (store.read(REPORT) or b"")


def test_the_ensemble_of_a_search_in_a_bucket_is_loaded_from_there(expected, monkeypatch):
    uri = new_search("s3", monkeypatch)
    store = open_search(uri)
    for path in expected.paths("model"):
        store.create(path, expected.read(path))
    x, _ = read_part(expected, "test")
    received = load_ensemble(uri)(x[:8]).numpy()
    assert received == pytest.approx(load_ensemble(expected.uri)(x[:8]).numpy(), abs=1e-6)
