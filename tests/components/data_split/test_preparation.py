"""What the first step of a run says of the layers: on which of the pipeline's devices they have to be measured."""

import pytest

from components.data_split.stage import prepare_search
from components.hardware_benchmarking.layers import measure_layers
from components.records.layout import manifest_path
from components.records.store import open_search
from components.search_file.problems import InvalidSearch
from tests.layered_search import layered_description, measure_briefly

NO_LIMIT = layered_description(rejection={"size": {}})


@pytest.mark.parametrize(
    ("devices", "number"),
    [
        ("", 0),  # the machine that the pipeline runs on
        ("host", 0),
        ("tpu-v5e t4 host", 2),
        ("t4 host host", 1),  # two pools of one device: one of them measures
    ],
)
def test_the_device_that_the_search_names_measures(tmp_path, devices, number):
    assert prepare_search(open_search(str(tmp_path)), layered_description(), devices) == number


def test_no_device_measures_where_no_layers_latency_is_limited(tmp_path):
    assert prepare_search(open_search(str(tmp_path)), NO_LIMIT, "t4 host") == -1


def test_no_device_measures_what_is_measured_already(tmp_path, monkeypatch):
    measure_briefly(monkeypatch)
    store = open_search(str(tmp_path))
    prepare_search(store, layered_description())
    measure_layers(store)
    assert prepare_search(store, layered_description(), "t4 host") == -1


def test_more_layers_than_can_be_measured_are_refused_before_any_is(tmp_path):
    store = open_search(str(tmp_path))
    space = {"name": "tabular_mlp", "settings": {"layers": 2, "widths": list(range(1, 66))}}
    with pytest.raises(InvalidSearch, match=r"layers_latency_ms` must be null .* more than 4096 layers"):
        prepare_search(store, layered_description(space=space))
    assert store.exists(manifest_path("data")) and not store.paths("hardware")
