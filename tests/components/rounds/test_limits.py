"""Limits over many encodings: the same verdicts as over a candidate's record, and costs by formulas of their own."""

import msgspec
import numpy as np
import pytest

from components.hardware.devices import DEVICES
from components.hardware.layer_table import LayerTable
from components.records.manifest import DataManifest, Split
from components.records.search import Scoring, SizeLimits
from components.rounds.candidates import make_candidate
from components.rounds.layer_latencies import LayerLatencies, searched_layers
from components.rounds.limits import SizeLimitsOfSearch, limited_costs, limits_by_cost
from components.rounds.rejection_rules import over_limit
from components.search_spaces.registry import open_space
from tests.bare_context import BareContext

PART = Split(rows=1, class_rows=(), sha256="")
IMAGES = DataManifest(
    source="x", input_shape=(8, 8, 1), classes=tuple("0123456789"), train=PART, validation=PART, test=PART
)
SCORING = Scoring(device="tpu-v5e", batch_size=32)
COSTS = {"parameters": 1000.0, "multiply_adds": 5000.0, "activation_bytes": 400.0, "traffic_bytes": 600.0}
SPACES = [
    ("tabular_mlp", {"layers": 3}),
    ("norm_act_layer", {"nodes": 4, "networks": ["preact_resnet", "mobilenet_v2"]}),
    ("update_rule", {"networks": ["convnet", "mlp"]}),
]


def designs(space, count=40):
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(count)]


def test_derived_costs_are_those_of_a_batch():
    found = limited_costs(COSTS, ("memory_bytes", "latency_ms", "parameters"), SCORING)
    row = DEVICES["tpu-v5e"]
    flops, traffic = 2 * 5000 * 32, 600 * 32 + 4 * 1000
    seconds = max(flops / row.peak_flops(), traffic / row.bandwidth_bytes_per_second)
    assert found["memory_bytes"] == 4 * 1000 + 400 * 32 and found["parameters"] == 1000
    assert found["latency_ms"] == pytest.approx(1000 * seconds, rel=1e-12)


def test_the_latency_of_an_unmeasured_host_is_refused():
    with pytest.raises(ValueError, match=r"must be one of the device table\. Received: scoring\.device='host'"):
        limited_costs(COSTS, ("latency_ms",), Scoring())
    assert limited_costs(COSTS, ("memory_bytes",), Scoring(batch_size=1)) == {"memory_bytes": 4400.0}


class DrawnTable(LayerTable):
    """A table of as many microseconds for each layer as its name's digits say, and 100 of a call."""

    def __init__(self, names):
        self.names, self.call_ms = names, 0.1
        self._latency_ms = {name: int("".join(filter(str.isdigit, name))) / 1000 for name in names}


def layers_of(space):
    """Latencies by such a table; None where the space has no layers."""
    if not space.layered:
        return None
    names = tuple(searched_layers(space, IMAGES, SizeLimits()))
    return LayerLatencies(DrawnTable(names), space, IMAGES, SizeLimits())


COSTS_OF_SPACES = [
    (name, settings, cost)
    for name, settings in SPACES
    for cost in sorted(msgspec.structs.asdict(SizeLimits()))
    if cost != "layers_latency_ms" or name == "tabular_mlp"
]


@pytest.mark.parametrize(
    ("name", "settings", "cost"), COSTS_OF_SPACES, ids=[f"{name} {cost}" for name, _, cost in COSTS_OF_SPACES]
)
def test_encodings_and_records_have_the_same_verdict(name, settings, cost):
    """The limit is the cost of one of the designs, so that one is exactly at it."""
    space = open_space(name, settings)
    specs, layers = designs(space), layers_of(space)
    encoded = np.stack([space.encode(spec) for spec in specs])
    loose = SizeLimitsOfSearch(space, IMAGES, SizeLimits(**{cost: 10**15}), SCORING, layers)
    at = float(np.sort(loose.costs(encoded)[cost])[len(specs) // 2])
    limits = msgspec.convert({cost: at if cost.endswith("_ms") else int(at)}, SizeLimits)
    tight = SizeLimitsOfSearch(space, IMAGES, limits, SCORING, layers)
    records = [
        make_candidate(BareContext(space, IMAGES, layers), spec, space.variants(), origin="random") for spec in specs
    ]
    said = [over_limit(record, limits, SCORING) for record in records]
    within = tight.within(encoded)
    assert [text is None for text in said] == within.tolist() and within.any()
    # An optimizer changes none of these costs of its network, so all rules are exactly at the limit.
    assert within.all() == (name == "update_rule")
    assert (tight.ratio(encoded) <= 1).tolist() == within.tolist()
    assert tight.ratio(encoded).max() == pytest.approx(loose.costs(encoded)[cost].max() / at, rel=1e-12)


def test_the_ratio_is_that_of_the_tightest_limit():
    space = open_space("tabular_mlp", {"layers": 1, "widths": [10, 20]})
    limits = SizeLimitsOfSearch(space, IMAGES, SizeLimits(parameters=1520, multiply_adds=740), SCORING)
    # 64 -> 10 -> 10: 740 multiply-adds, 760 parameters; 64 -> 20 -> 10: 1480 and 1510.
    assert limits.ratio(np.array([[0], [1]])).tolist() == [1.0, 2.0]
    assert limits.within(np.array([[0], [1]])).tolist() == [True, False]
    assert limits_by_cost(SizeLimits()) == {} and limits.limits == {"parameters": 1520, "multiply_adds": 740}


def test_a_limit_on_layers_needs_their_latencies():
    space = open_space("tabular_mlp", {})
    with pytest.raises(ValueError, match="`layers` must be given .*Received: layers=None, layers_latency_ms=2.0"):
        SizeLimitsOfSearch(space, IMAGES, SizeLimits(layers_latency_ms=2.0), SCORING)
