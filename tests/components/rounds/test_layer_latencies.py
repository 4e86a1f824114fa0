"""Latencies by the table: for which designs there are any, and which device has still to measure."""

import numpy as np
import pytest

from components.hardware.layer_table import MeasuredLayers
from components.records.layout import manifest_path, measured_layers_path
from components.records.manifest import DataManifest, Split
from components.records.results import Variant
from components.records.search import SizeLimits
from components.records.store import open_search, write_record
from components.rounds import layer_records
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.layer_latencies import searched_layers, searched_variants
from components.rounds.layer_records import LayerRecords
from components.rounds.limits import limits_of
from components.rounds.reachable import require_reachable, smallest
from components.rounds.rejection_rules import over_limit
from components.search_file.problems import InvalidSearch
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
    monkeypatch.setattr(layer_records, "LAYERS_A_RECORD", 10)


def store_of(folder, text=None):
    """A search whose rows are split, without rows."""
    store = open_search(str(folder))
    store.create("search.yaml", (text or layered_description(600.0)).encode())
    write_record(store, manifest_path("data"), WINES)
    return store


def put_table(store, device="host", parts=(0, 1, 2)):
    """Writes some of the table's records."""
    context = SearchContext(store)
    names = list(searched_layers(context.space, context.manifest, context.search.rejection.size))
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
    assert len(LayerRecords(context.store, context.search).table().names) == LAYERS


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


def test_what_has_still_to_be_measured(tmp_path):
    store = store_of(tmp_path)
    search = get_search(store)
    paths = [f"hardware/layers-host/0000{number}.json" for number in range(3)]
    assert LayerRecords(store, search).missing() == paths
    put_table(store, device="t4")  # another one's table helps nobody
    put_table(store, parts=(0, 2))
    assert LayerRecords(store, search).missing() == [paths[1]]
    put_table(store, parts=(1,))
    assert LayerRecords(store, search).missing() == []


def test_without_the_limit_nothing_has_to_be_measured_and_the_rows_need_not_be_split(tmp_path):
    store = open_search(str(tmp_path))
    store.create("search.yaml", layered_description(rejection={"size": {}}).encode())
    assert LayerRecords(store, get_search(store)).missing() == []


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
        searched_layers(open_space("norm_act_layer", {}), WINES, SizeLimits())


def test_variants_that_differ_in_the_learning_rate_alone_are_searched_once():
    space = open_space("update_rule", {"networks": ["mlp", "convnet"], "learning_rates": [0.1, 0.01]})
    found = searched_variants(space, WINES)
    assert [one.network for one in found] == list(dict.fromkeys(one.network for one in reversed(space.variants())))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        # Between the hidden layers 64-1024, 256-256, 256-1024, 1024-64, 1024-256 and 1024-1024 alone have more.
        ({"parameters": 20_000}, LAYERS - 6),
        ({"parameters": 16_640}, LAYERS - 6),  # as many as 64-256 has
        ({"parameters": 16_639}, LAYERS - 7),
        ({"memory_bytes": 80_000}, LAYERS - 6),  # 20,000 weights of 4 bytes
    ],
)
def test_layers_that_no_design_within_the_limits_holds_are_not_measured(tmp_path, limit, left):
    size = {"layers_latency_ms": 600.0, **limit}
    context = SearchContext(store_of(tmp_path, layered_description(rejection={"size": size})))
    names = searched_layers(context.space, context.manifest, context.search.rejection.size)
    assert len(names) == left
    assert "dense-1024-1024-relu" not in names


def test_designs_of_layers_that_were_not_measured_take_for_ever(tmp_path):
    size = {"layers_latency_ms": 1e9, "parameters": 20_000}
    context = SearchContext(put_table(store_of(tmp_path, layered_description(rejection={"size": size}))))
    widths = [[4, 4], [64, 256], [64, 1024], [256, 256], [1024, 4]]
    encoded = np.stack([context.space.encode(context.space.from_json(one)) for one in widths])
    assert np.isinf(context.layer_latencies.of(encoded, VARIANT)).tolist() == [False, False, True, True, False]


def described(widths, layers=3, **size):
    """A limit on layers' latencies in a space of these widths."""
    space = {"name": "tabular_mlp", "settings": {"layers": layers, "widths": widths}}
    return layered_description(space=space, rejection={"size": {"layers_latency_ms": 600.0, **size}})


@pytest.mark.parametrize(
    ("widths", "rule"),
    [
        # 64 x 64, of which 64 are from the 13 features, too, and 64 to the classes.
        (list(range(1, 65)), "null where a space has more than 4096 layers, all of which are measured; it has 4160"),
        ([8, 16_384], "null where a layer has more than 134217728 weights, or with a limit on parameters below that"),
    ],
)
def test_a_table_that_would_take_too_long_or_not_fit_is_refused(tmp_path, widths, rule):
    store = store_of(tmp_path, described(widths))
    with pytest.raises(InvalidSearch) as caught:
        LayerRecords(store, get_search(store)).require_measurable()
    assert f"`$.rejection.size.layers_latency_ms` must be {rule}. Received: 600.0" in str(caught.value)


def test_limits_that_each_layer_is_over_are_refused_before_any_is_measured(tmp_path):
    store = store_of(tmp_path, described([8, 16], parameters=10))
    with pytest.raises(InvalidSearch, match="each one alone is over that on parameters or memory. Received: 600.0"):
        LayerRecords(store, get_search(store)).require_measurable()


def test_a_tight_limit_beside_that_on_layers_is_found_to_be_reachable(tmp_path):
    """Nearly every random design has a layer that wasn't measured; the smallest one has 8 units everywhere."""
    widths = [8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 384, 512]
    store = store_of(tmp_path, described(widths, layers=5, parameters=430))  # 112 + 4 * 72 + 27 of the smallest
    context = SearchContext(put_table(store, parts=range(10)))
    require_reachable(context)
    limits = limits_of(context)
    found = smallest(context.space, limits, np.random.default_rng(0))
    assert found.spec.widths == (8, 8, 8, 8, 8) and found.ratio <= 1
    assert 1 < limits.ratio(np.array([[19, 0, 0, 0, 0]]))[0] < np.inf  # 512 units


def test_what_a_limit_on_parameters_leaves_out_need_not_be_measured(tmp_path):
    store = store_of(tmp_path, described([8, 16_384], parameters=1_000_000))
    LayerRecords(store, get_search(store)).require_measurable()


def test_a_search_without_such_a_limit_may_have_any_widths(tmp_path):
    """Nor are its rows looked at, which are not there."""
    space = {"name": "tabular_mlp", "settings": {"layers": 2, "widths": [8, 65_536]}}
    store = open_search(str(tmp_path))
    store.create("search.yaml", layered_description(space=space, rejection={"size": {}}).encode())
    LayerRecords(store, get_search(store)).require_measurable()
