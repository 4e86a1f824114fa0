"""Latencies by the table: for which designs there are any, and which device has still to measure."""

import numpy as np
import pytest

from components.hardware.layer_table import MeasuredLayers
from components.records.layout import manifest_path, measured_layers_path
from components.records.manifest import DataManifest, Split
from components.records.results import Variant
from components.records.store import open_search, write_record
from components.rounds import layer_latencies
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.layer_latencies import read_table, searched_layers, searched_variants, unmeasured_device
from components.rounds.rejection_rules import over_limit
from components.search_file.stored import get_search
from components.search_spaces.registry import open_space
from tests.layered_search import LAYERS, layered_description
from tests.round_records import SPAN

PART = Split(rows=3, class_rows=(1, 1, 1), sha256="0")
VARIANT = Variant(name="tabular_mlp", network="tabular_mlp")
WINES = DataManifest(source="x", input_shape=(13,), classes=("a", "b", "c"), train=PART, validation=PART, test=PART)
CALL_MS = 0.125


def latency_of(name):
    """A millisecond for each 1000 of what the numbers in a name make one after the other, such as 13-512."""
    return int("".join(filter(str.isdigit, name))) / 1000


@pytest.fixture(autouse=True)
def small_records(monkeypatch):
    """Ten layers in a record instead of 64, so that the table of 24 has three."""
    monkeypatch.setattr(layer_latencies, "LAYERS_A_RECORD", 10)


def store_of(folder, text=None):
    """A search whose rows are split, without rows."""
    store = open_search(str(folder))
    store.create("search.yaml", (text or layered_description(600.0)).encode())
    write_record(store, manifest_path("data"), WINES)
    return store


def put_table(store, device="host", parts=(0, 1, 2)):
    """Writes some of the table's records."""
    context = SearchContext(store)
    names = list(searched_layers(context.space, context.manifest))
    for number in parts:
        own = tuple(names[10 * number : 10 * number + 10])
        record = MeasuredLayers(
            device=device,
            computed_on="CPU:0",
            batch_size=32,
            names=own,
            latency_ms=tuple(latency_of(name) for name in own),
            spread_ms=(0.0,) * len(own),
            call_ms=(CALL_MS,) * len(own),
            repeats=3,
            span=SPAN,
        )
        write_record(store, measured_layers_path(device, number), record)
    return store


def test_a_designs_latency_is_the_call_and_its_layers(tmp_path):
    context = SearchContext(put_table(store_of(tmp_path)))
    every = np.array(list(np.ndindex(4, 4)))
    slow = []
    for encoded in every:
        first, second = context.space.decode(encoded).widths
        names = (f"dense-13-{first}", f"dense-{first}-{second}", f"dense-{second}-3")
        slow.append(CALL_MS + sum(latency_of(name) for name in names))
    np.testing.assert_allclose(context.layer_latencies.of(every, VARIANT), slow, rtol=1e-12)
    assert len(read_table(context.store, context.search).names) == LAYERS


def test_a_candidates_record_holds_it_and_is_judged_by_it(tmp_path):
    context = SearchContext(put_table(store_of(tmp_path)))
    space, judged = context.space, []
    for widths in ([4, 4], [64, 4], [64, 256], [1024, 256]):
        one = make_candidate(context, space.from_json(widths), space.variants(), origin="random")
        (latency,) = context.layer_latencies.of(space.encode(space.from_json(widths))[None], VARIANT)
        assert one.costs["tabular_mlp"]["layers_latency_ms"] == latency
        judged.append(over_limit(one, context.search.rejection.size, context.search.scoring))
    # The last but one: 1.364 + 64.256 + 2.563 + 0.125; the last: 131.024 + 1024.256 + 2.563 + 0.125, against 600.
    assert judged == [None, None, None, "layers_latency_ms 1157.968 > 600"]


def test_without_the_limit_no_table_is_read_and_no_record_holds_it(tmp_path):
    context = SearchContext(store_of(tmp_path, layered_description(rejection={"size": {"parameters": 10**9}})))
    assert context.layer_latencies is None
    one = make_candidate(context, context.space.largest, context.space.variants(), origin="random")
    assert "layers_latency_ms" not in one.costs["tabular_mlp"]


def test_where_a_part_is_missing_nothing_is_predicted(tmp_path):
    store = put_table(store_of(tmp_path), parts=(0, 2))
    with pytest.raises(FileNotFoundError, match=r"must hold hardware/layers-host/00001.json, a MeasuredLayers record"):
        _ = SearchContext(store).layer_latencies


def test_the_device_that_has_still_to_measure(tmp_path):
    store = store_of(tmp_path)
    search = get_search(store)
    assert unmeasured_device(store, search) == "host"
    put_table(store, device="t4")  # another one's table helps nobody
    put_table(store, parts=(0, 2))
    assert unmeasured_device(store, search) == "host"
    put_table(store, parts=(1,))
    assert unmeasured_device(store, search) == ""


def test_without_the_limit_no_device_has_to_measure_and_the_rows_need_not_be_split(tmp_path):
    store = open_search(str(tmp_path))
    store.create("search.yaml", layered_description(rejection={"size": {}}).encode())
    assert unmeasured_device(store, get_search(store)) == ""


def test_finishing_rounds_know_it_where_they_have_the_same_rows(tmp_path):
    encoded = np.zeros((1, 2), np.int64)
    same = SearchContext(put_table(store_of(tmp_path / "same")), "rerank")
    assert same.layer_latencies.of(encoded, VARIANT) == SearchContext(same.store).layer_latencies.of(encoded, VARIANT)
    target = {"final_scaling": {"target": {"data": {"source": "sklearn:digits"}}}}
    store = put_table(store_of(tmp_path / "target", layered_description(600.0, **target)))
    digits = DataManifest(
        source="x", input_shape=(8, 8, 1), classes=tuple("0123456789"), train=PART, validation=PART, test=PART
    )
    write_record(store, manifest_path("target"), digits)
    context = SearchContext(store, "rerank")
    assert context.layer_latencies.of(encoded, VARIANT) is None
    one = make_candidate(context, context.space.largest, context.space.variants(), origin="winner")
    assert "layers_latency_ms" not in one.costs["tabular_mlp"]
    assert over_limit(one, context.search.rejection.size, context.search.scoring) is None


def test_layers_of_a_space_that_has_none_are_an_error():
    with pytest.raises(ValueError, match=r"layers that can be timed alone\. Received: norm_act_layer"):
        searched_layers(open_space("norm_act_layer", {}), WINES)


def test_variants_that_differ_in_the_learning_rate_alone_are_searched_once():
    space = open_space("update_rule", {"networks": ["mlp", "convnet"], "learning_rates": [0.1, 0.01]})
    found = searched_variants(space, WINES)
    assert [one.network for one in found] == list(dict.fromkeys(one.network for one in reversed(space.variants())))
    assert len(found) == 2
