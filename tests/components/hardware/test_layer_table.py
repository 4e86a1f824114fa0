"""Latencies looked up in a table of layers, against a loop over the layers of each network."""

import numpy as np

from components.hardware.layer_table import LayerTable, MeasuredLayers
from tests.round_records import SPAN


def record(names, latency_ms, call_ms):
    return MeasuredLayers(
        device="host",
        computed_on="CPU:0",
        batch_size=64,
        names=tuple(names),
        latency_ms=tuple(latency_ms),
        spread_ms=(0.0,) * len(names),
        call_ms=tuple(call_ms),
        repeats=3,
        span=SPAN,
    )


def test_a_network_takes_a_call_and_each_of_its_layers():
    table = LayerTable([record("abc", [1.0, 0.5, 2.0], [0.1, 0.25, 9.0]), record("d", [4.0], [0.0])])
    assert table.names == ("a", "b", "c", "d")
    assert table.call_ms == 0.25  # beside the fastest of the four
    places = np.array([[0, 1, 2], [1, 1, -1], [-1, -1, -1]])
    assert table.latency_ms(("d", "a", "c"), places).tolist() == [0.25 + 4 + 1 + 2, 0.25 + 1 + 1, 0.25]


def test_the_call_is_the_median_beside_the_fastest_quarter():
    """Nine layers, 9 ms to 1 ms: the three fastest ones are the last, beside which it took 0.3, 0.1 and 0.2 ms."""
    slow = record("abcdef", [9.0, 8.0, 7.0, 6.0, 5.0, 4.0], [5.0] * 6)
    assert LayerTable([slow, record("ghi", [3.0, 2.0, 1.0], [0.3, 0.1, 0.2])]).call_ms == 0.2


def test_many_networks_are_each_the_sum_of_their_own_layers():
    rng = np.random.default_rng(0)
    names = [f"layer-{number}" for number in range(50)]
    known = dict(zip(names, rng.random(50).tolist(), strict=True))
    table = LayerTable([record(part, [known[one] for one in part], [0.2] * 10) for part in zip(*[iter(names)] * 10)])
    asked = [names[at] for at in rng.permutation(50)[:30]]
    places = rng.integers(-1, 30, (500, 7))
    slow = [0.2 + sum(known[asked[at]] for at in row if at >= 0) for row in places.tolist()]
    np.testing.assert_allclose(table.latency_ms(asked, places), slow, rtol=1e-12)


def test_a_network_with_a_layer_that_was_not_measured_takes_for_ever():
    """The others take what they take."""
    table = LayerTable([record("ac", [1.0, 2.0], [0.5, 9.0])])
    places = np.array([[0, -1], [0, 1], [2, 0], [1, -1]])
    assert table.latency_ms(("a", "b", "c"), places).tolist() == [1.5, np.inf, 3.5, np.inf]
