"""How a run is told its search, and what it refuses because the pipeline wasn't compiled for it."""

import pytest

from components.data_split.description import WrongPipeline, check_compiled_for, read_description
from components.data_split.stage import split_search_data
from components.records.store import open_search
from components.search_file.stored import get_search
from components.search_file.validate import read_search
from tests.layered_search import layered_description
from tests.servers.object_stores import new_search
from tests.small_search import description


def search(latency, device, shards=2):
    return read_search(description(scoring={"latency": latency, "device": device}, rounds={"shards_per_round": shards}))


@pytest.mark.parametrize("text", ["", "  ", "{name: x}", "name: gs://bucket/x\nseed: 1\n", "{a: 'gs://b/c d'}"])
def test_text_is_what_it_is(text):
    assert read_description(text) == text


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_a_uri_is_read_from_object_storage(kind, monkeypatch):
    uri = new_search(kind, monkeypatch)
    open_search(uri).create("digits.yaml", b"name: digits\n")
    assert read_description(f" {uri}/digits.yaml\n") == "name: digits\n"
    with pytest.raises(FileNotFoundError, match=rf"must be a search or the URI of one. Received: {uri}/other.yaml."):
        read_description(f"{uri}/other.yaml")


def test_a_file_uri_is_read_from_disk_and_kept_with_the_search(tmp_path):
    (tmp_path / "search.yaml").write_text(description(), encoding="utf-8")
    store = open_search(str(tmp_path / "store"))
    split_search_data(store, (tmp_path / "search.yaml").as_uri())
    (tmp_path / "search.yaml").unlink()
    assert get_search(store) == read_search(description())


@pytest.mark.parametrize(
    ("latency", "device", "devices"),
    [
        ("measured", "host", ""),
        ("measured", "l4", ""),  # this machine may have one: the step that measures knows
        ("measured", "l4", "host l4"),
        ("measured", "host", "host"),
        ("estimated", "tpu-v5e", "host"),
        ("estimated", "host", "l4 host"),
    ],
)
def test_what_the_pipeline_has_is_taken(latency, device, devices):
    check_compiled_for(search(latency, device), devices, 4)


@pytest.mark.parametrize(
    ("latency", "device", "devices"),
    [("measured", "l4", "host"), ("measured", "host", "l4 tpu-v5e"), ("estimated", "host", "l4")],
)
def test_what_it_was_not_compiled_for_is_refused(latency, device, devices):
    listed = ", ".join(devices.split())
    with pytest.raises(WrongPipeline, match=rf"compiled to benchmark on: {listed}. Received: {device}. .*--benchmark"):
        check_compiled_for(search(latency, device), devices, 4)


def test_a_limit_on_layers_is_measured_whatever_scoring_says():
    limited = read_search(layered_description(1.0, scoring={"latency": "estimated", "device": "l4"}))
    check_compiled_for(limited, "host l4", 4)
    with pytest.raises(
        WrongPipeline, match=r"compiled to benchmark on: host. Received: l4. .* limit on that of layers"
    ):
        check_compiled_for(limited, "host", 4)


def test_a_refused_search_leaves_nothing(tmp_path):
    store = open_search(str(tmp_path))
    with pytest.raises(WrongPipeline):
        split_search_data(store, description(scoring={"latency": "measured", "device": "l4"}), "host", 4)
    assert store.paths("") == []


def test_a_deep_run_takes_fewer_shards():
    """24 shards in a run, of 8 rounds and 4 finishing rounds: 2 a round."""
    check_compiled_for(search("estimated", "l4", shards=2), "host", 8)
    with pytest.raises(WrongPipeline, match=r"must be at most 2 in a pipeline that nests 8 rounds. Received: 3."):
        check_compiled_for(search("estimated", "l4", shards=3), "host", 8)
