"""Canonical ids, screens and the NumPy forward pass, against an interpreter by recursion."""

import numpy as np
import pytest

from components.search_spaces.norm_act_layer.graph import canonical
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.sampling import Sampler
from components.search_spaces.norm_act_layer.screen import forward, numerical_screen, static_screen
from components.search_spaces.norm_act_layer.spec import LayerSpec, Node
from tests.oracles import norm_act as oracle
from tests.oracles import norm_act_rejects as rejects

RNG = np.random.default_rng(8)
IMAGES = RNG.normal(size=(3, 4, 5, 6))
V0, V1 = RNG.normal(size=6), RNG.normal(1, 0.3, size=6)


def graphs(count, nodes=10, seed=0, measure="table"):
    """Random graphs. The table's measure has fewer aggregations, hence deeper element-wise graphs."""
    sampler, rng = Sampler(nodes, measure=measure), np.random.default_rng(seed)
    return [sampler.sample(rng) for _ in range(count)]


def shuffled(spec, rng):
    """An isomorphic graph: dead nodes strewn in, and the inputs of commutative nodes swapped at random."""
    place, nodes = list(range(4)), []
    for op, inputs in spec.nodes:
        while rng.random() < 0.4:
            nodes.append(Node("mul", tuple(rng.integers(4 + len(nodes), size=2).tolist())))
        sources = [place[source] for source in inputs]
        if op in ("add", "mul", "max") and rng.random() < 0.5:
            sources.reverse()
        place.append(4 + len(nodes))
        nodes.append(Node(op, tuple(sources)))
    return LayerSpec(tuple(nodes))


def test_forward_is_the_interpreter_on_random_graphs():
    """Up to the eps of divisors that are large by construction only once the graph is simplified."""
    compared = 0
    for spec in graphs(600):
        with np.errstate(all="ignore"):
            found = forward(spec, IMAGES, V0, V1, groups=4)
        expected, without = (
            oracle.interpret(spec.nodes, IMAGES, V0, V1, groups=4, divisors=divisors)
            for divisors in ("by construction", "in value")
        )
        if np.isfinite(expected).all() and np.abs(expected).max() < 1e6:
            compared += 1
            allowed = 1e-6 * (1e-3 + np.abs(expected).max()) + 2 * np.abs(expected - without)
            assert found.shape == IMAGES.shape
            assert (np.abs(found - expected) <= allowed).all(), str(spec)
    assert compared > 300


def test_ids_are_equal_where_the_sorted_expressions_are():
    rng = np.random.default_rng(4)
    by_expression = {}
    for spec in graphs(2500, nodes=4, seed=2):
        name = canonical(spec)
        assert by_expression.setdefault(oracle.expression(spec.nodes), name) == name
        if len(spec.nodes) < 10:
            assert canonical(shuffled(spec, rng)) == name
    assert 500 < len(by_expression) < 2500  # both new and repeated graphs were compared


def test_an_id_survives_a_change_of_a_dead_node_and_not_one_of_a_live_node():
    dead = Node("tanh", (0,)), Node("neg", (4,)), Node("square", (0,)), Node("add", (5, 6))
    spec = LayerSpec((Node("std_bwh", (1,)), *dead[1:]))
    unused = LayerSpec((Node("exp", (3,)), Node("neg", (0,)), Node("square", (0,)), Node("add", (5, 6))))
    other = LayerSpec((Node("log", (2,)), Node("neg", (0,)), Node("square", (0,)), Node("add", (5, 6))))
    assert canonical(unused) == canonical(other)
    assert canonical(unused) != canonical(spec)
    assert canonical(LayerSpec((Node("div", (0, 3)),))) != canonical(LayerSpec((Node("div", (3, 0)),)))


def test_a_long_chain_of_shared_nodes_takes_no_exponential_time():
    spec = LayerSpec(tuple(Node("add", (3 + place if place else 0,) * 2) for place in range(30)))
    assert len(canonical(spec)) == 12


# Each is (graph, reason) with the least operations set to 2.
STATIC = [
    ([["neg", [1]]], "ignores_input"),
    ([["mul", [0, 1]], ["exp", [4]]], "ignores_input"),  # x * 0
    ([["div", [1, 0]], ["add", [4, 3]]], "ignores_input"),  # 0 / x
    ([["neg", [0]], ["add", [0, 4]], ["sigmoid", [5]]], "ignores_input"),  # x - x
    ([["div", [0, 0]], ["tanh", [4]]], "ignores_input"),  # x / x
    ([["abs", [0]], ["neg", [4]], ["max", [1, 5]]], "ignores_input"),  # max(0, -|x|)
    ([["mean_bwh", [0]], ["tanh", [4]]], "ignores_input"),  # the same for every row
    ([["mean_wh", [0]], ["std_wh", [4]]], "ignores_input"),  # spread of what doesn't vary
    ([["mean_whcg", [0]], ["std_wh", [4]]], "ignores_input"),
    ([["mean_whc", [0]], ["std_whcg", [4]]], "ignores_input"),
    ([["rms_bwh", [1]], ["mul", [4, 3]]], "ignores_input"),
    ([["tanh", [0]]], "too_few_ops"),
    ([["add", [0, 1]], ["tanh", [4]]], "too_few_ops"),  # x + 0
    ([["tanh", [2]], ["exp", [4]], ["add", [5, 0]]], "too_few_ops"),  # x + exp(tanh(v0))
    ([["std_bwh", [0]], ["add", [4, 0]]], None),  # a statistic of the batch depends on the input
    ([["exp", [1]], ["mul", [4, 0]], ["tanh", [5]]], "too_few_ops"),  # 1 * x
    ([["neg", [0]], ["neg", [4]], ["tanh", [5]]], "too_few_ops"),
    ([["abs", [0]], ["abs", [4]]], "too_few_ops"),
    ([["square", [0]], ["max", [4, 1]]], "too_few_ops"),  # max(x * x, 0)
    ([["mean_whc", [0]], ["mean_wh", [4]]], "too_few_ops"),
    ([["max", [0, 0]], ["tanh", [4]]], "too_few_ops"),
    ([["max", [0, 1]], ["tanh", [4]]], None),
    ([["std_wh", [0]], ["std_whc", [4]]], None),  # the channels' spreads differ
    ([["mul", [0, 2]], ["tanh", [4]]], None),  # v0 starts at zero, and learns
]


@pytest.mark.parametrize(("nodes", "reason"), STATIC, ids=str)
def test_static_screen(nodes, reason):
    assert static_screen(LayerSpec.from_json(nodes), min_active_ops=2) == reason


def test_what_the_static_screen_drops_treats_every_row_alike():
    """Brute force: of graphs said to ignore their input, a row of another kind comes out as the others do."""
    other = IMAGES.copy()
    other[0] = RNG.normal(2, 3, size=IMAGES.shape[1:])
    dropped = 0
    for spec in graphs(600, nodes=6, seed=5):
        if static_screen(spec, 1) != "ignores_input":
            continue
        output = oracle.interpret(spec.nodes, other, V0, V1)
        if np.isfinite(output).all() and np.abs(output).max() < 1e4:
            dropped += 1
            np.testing.assert_allclose(output[0], output[1], rtol=0.01, atol=0.05, err_msg=str(spec.nodes))
    assert dropped > 100


NUMERICAL = [
    ([["exp", [0]], ["exp", [4]]], "non_finite"),
    ([["add", [0, 0]], ["add", [4, 0]]], "exploding"),
    ([["sigmoid", [0]], ["sigmoid", [4]], ["sigmoid", [5]]], "constant"),
    ([["mean_wh", [0]], ["tanh", [4]]], "constant"),  # the same at every position
    ([["std_wh", [1]], ["square", [4]], ["mul", [5, 0]]], "vanishing"),  # 1e-5 * x
    ([["tanh", [0]], ["mul", [3, 4]]], None),
]


@pytest.mark.parametrize(("nodes", "reason"), NUMERICAL, ids=str)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_numerical_screen(nodes, reason, seed):
    assert numerical_screen(LayerSpec.from_json(nodes), np.random.default_rng(seed)) == reason


def test_layers_that_training_rejects_pass_the_screens():
    for spec in (rejects.NON_FINITE, rejects.POOR_QUALITY, rejects.UNSTABLE):
        assert static_screen(spec, 2) is None
        assert [numerical_screen(spec, np.random.default_rng(seed)) for seed in range(3)] == [None] * 3


def test_most_random_graphs_are_dropped_and_each_reason_occurs():
    """Of 5,000 graphs 0.77 ignore their input and 0.08 have too few operations; of 1,000, 0.05 more with p < 1e-3."""
    reasons = [static_screen(spec, 2) for spec in graphs(1000, seed=7, measure="concrete")]
    assert 0.7 < np.mean([reason == "ignores_input" for reason in reasons]) < 0.85
    assert 0.03 < np.mean([reason == "too_few_ops" for reason in reasons]) < 0.13


def test_known_layers_are_the_published_formulas():
    for name, spec in KNOWN.items():
        np.testing.assert_allclose(
            forward(spec, IMAGES, V0, V1, groups=4),
            oracle.known(name, IMAGES, V0, V1, groups=4),
            rtol=1e-9,
            atol=1e-12,
            err_msg=name,
        )
