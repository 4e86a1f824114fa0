"""A simplified graph computes what the graph does, in training and in inference, and equal layers become one."""

import numpy as np
import pytest

from components.search_spaces.norm_act_layer.formula import formula
from components.search_spaces.norm_act_layer.graph import canonical
from components.search_spaces.norm_act_layer.primitives import EPSILON
from components.search_spaces.norm_act_layer.sampling import Sampler
from components.search_spaces.norm_act_layer.simplification import NUMBER, simplified
from components.search_spaces.norm_act_layer.spec import LayerSpec
from tests.oracles import norm_act as oracle

RNG = np.random.default_rng(0)
IMAGES, BATCH = RNG.normal(size=(3, 3, 2, 6)), RNG.normal(0.5, 2, size=(4, 3, 2, 6))
IMAGES[0, 0, 0, 0] = 0.0  # the sign of zero, and a divisor that is zero
V0, V1 = RNG.normal(size=6), RNG.normal(1, 0.3, size=6)


def graphs(count, nodes, seed, measure):
    """Random graphs."""
    sampler, rng = Sampler(nodes, measure=measure), np.random.default_rng(seed)
    return [sampler.sample(rng) for _ in range(count)]


def rows(graph):
    """A simplified graph as rows that the interpreter reads, the output last."""
    numbers = [facts.number for facts in graph.facts[4:]]
    nodes = [(op, (number,) if op == NUMBER else inputs) for (op, inputs), number in zip(graph.nodes, numbers)]
    return nodes if graph.output >= 4 else [("neg", (graph.output,)), ("neg", (4,))]


def interpreted(nodes, batch, divisors="by construction"):
    """The output in training (no batch) or in inference after a step on a batch."""
    return oracle.interpret(nodes, IMAGES, V0, V1, groups=4, batch=batch, divisors=divisors)


@pytest.mark.parametrize("batch", [None, BATCH], ids=["training", "inference"])
@pytest.mark.parametrize("measure", ["concrete", "table"])
def test_a_simplified_graph_computes_what_the_graph_does(measure, batch):
    """Thousands of graphs. That a divisor is large by construction may show only once the graph is simplified; then
    the difference is what eps makes, which the two ways to interpret the graph bound."""
    compared = shorter = 0
    for nodes in (3, 6, 10):
        for spec in graphs(900, nodes, nodes, measure):
            graph = simplified(spec)
            expected, without = interpreted(spec.nodes, batch), interpreted(spec.nodes, batch, "in value")
            if not np.isfinite(expected).all() or np.abs(expected).max() > 1e6:
                continue
            compared += 1
            shorter += len(graph.operations) < sum(index >= 4 for index in oracle.live_nodes(spec.nodes))
            allowed = 1e-6 * (1e-3 + np.abs(expected).max()) + 2 * np.abs(expected - without)
            error = np.abs(interpreted(rows(graph), batch) - expected)
            assert (error <= allowed).all(), f"{spec} became {formula(spec)}: {(error - allowed).max()}"
    assert compared > 2000 and shorter > 500


def test_a_simplified_graph_has_live_nodes_only_and_never_more_than_the_graph():
    for spec in graphs(500, 10, 1, "table"):
        graph = simplified(spec)
        live = oracle.live_nodes(spec.nodes)
        assert len(graph.nodes) <= sum(index >= 4 for index in live)
        assert len(set(graph.nodes)) == len(graph.nodes) or any(op == NUMBER for op, _ in graph.nodes)
        assert all(origin in live for origin in graph.origins)
        assert all(source < index for index, node in enumerate(graph.nodes, 4) for source in node.inputs)
        if graph.nodes:
            assert oracle.live_nodes(graph.nodes) >= {*range(4, 4 + len(graph.nodes))}


def test_simplifying_once_is_enough_for_its_own_result():
    for spec in graphs(500, 10, 2, "table"):
        graph = simplified(spec)
        if graph.nodes and graph.output >= 4 and all(op != NUMBER for op, _ in graph.nodes):
            assert simplified(LayerSpec(graph.nodes)).nodes == graph.nodes


NEG_X, ABS_X, ONE = ["neg", [0]], ["abs", [0]], ["exp", [1]]
EQUAL = [
    ([["neg", [0]], ["add", [0, 4]]], [["mul", [0, 1]]], "0"),  # x - x, x * 0
    ([["div", [1, 0]]], [["tanh", [1]]], "0"),
    ([["add", [0, 1]]], [["neg", [0]], ["neg", [4]]], "x"),
    ([ONE, ["mul", [0, 4]]], [ONE, ["div", [0, 4]]], "x"),
    ([ONE, ["neg", [4]], ["mul", [5, 0]]], [["neg", [0]]], "-x"),
    ([ONE, ["neg", [4]], ["div", [0, 5]]], [["neg", [0]]], "-x"),
    ([["max", [0, 0]]], [["max", [0, 0]], ["max", [0, 4]]], "x"),
    ([["max", [0, 3]], ["max", [0, 4]]], [["max", [3, 0]]], "max(x, v1)"),
    ([["mul", [0, 0]]], [NEG_X, ["square", [4]]], "square(x)"),
    ([ABS_X, ["mul", [4, 4]]], [NEG_X, ["mul", [4, 4]]], "square(x)"),
    ([NEG_X, ["neg", [3]], ["mul", [4, 5]]], [["mul", [3, 0]]], "x * v1"),
    ([NEG_X, ["abs", [4]]], [ABS_X, ["abs", [4]]], "abs(x)"),
    ([ABS_X, ["neg", [4]], ["max", [1, 5]]], [["neg", [1]]], "0"),
    ([ABS_X, ["exp", [3]], ["neg", [5]], ["max", [4, 6]]], [ABS_X, ["max", [4, 1]]], "abs(x)"),
    ([["sigmoid", [1]], ["mul", [4, 0]]], [["sigmoid", [1]], ["abs", [4]], ["mul", [0, 5]]], "x * 0.5"),
    ([["std_wh", [3]], ["add", [0, 4]]], [["std_whc", [1]], ["add", [4, 0]]], f"x + {EPSILON**0.5:.6g}"),
    ([["mean_wh", [3]], ["mul", [0, 4]]], [["mean_bwh", [3]], ["mul", [0, 4]]], "x * v1"),
    ([["rms_bwh", [3]], ["mul", [0, 4]]], [["rms_wh", [3]], ["mul", [0, 4]]], "x * rms[wh](v1)"),
    ([["mean_wh", [0]], ["mean_bwh", [4]]], [["mean_bwh", [0]]], "mean[bwh](x)"),
    ([["mean_bwh", [0]], ["mean_wh", [4]]], [["mean_bwh", [0]]], "mean[bwh](x)"),
    ([["mean_whcg", [0]], ["mean_whc", [4]]], [["mean_wh", [0]], ["mean_whc", [4]]], "mean[whc](x)"),
    ([NEG_X, ["std_whcg", [4]]], [["std_whcg", [0]]], "std[whcg](x)"),
    ([ABS_X, ["rms_bwh", [4]]], [NEG_X, ["rms_bwh", [4]]], "rms[bwh](x)"),
    ([["add", [0, 2]], ["std_wh", [4]]], [["mean_wh", [0]], ["add", [4, 0]], ["std_wh", [5]]], "std[wh](x)"),
    (
        [["mean_wh", [0]], ["tanh", [0]], ["add", [4, 5]], ["std_wh", [6]]],
        [["tanh", [0]], ["std_wh", [4]]],
        "std[wh](tanh(x))",
    ),
    ([["std_wh", [0]], ["div", [4, 4]], ["mul", [0, 5]]], [["neg", [0]], ["neg", [4]]], "x"),
]


@pytest.mark.parametrize(("one", "other", "text"), EQUAL, ids=lambda value: str(value))
def test_equal_layers_have_one_id(one, other, text):
    one, other = LayerSpec.from_json(one), LayerSpec.from_json(other)
    assert canonical(one) == canonical(other)
    assert formula(one) == formula(other) == text


STD_X, EXP_X = ["std_wh", [0]], ["exp", [0]]
SAME_BUT_FOR_THE_PLACE_OF_A_SIGN = [
    *(([NEG_X, [op, [4]]], [[op, [0]], ["neg", [4]]]) for op in ("tanh", "log", "sqrt")),
    *(([NEG_X, [f"mean_{axes}", [4]]], [[f"mean_{axes}", [0]], ["neg", [4]]]) for axes in ("bwh", "whc", "wh", "whcg")),
    *(([NEG_X, ["tanh", [4]], [op, [5]]], [["tanh", [0]], [op, [4]]]) for op in ("abs", "square", "rms_wh", "std_bwh")),
    ([NEG_X, ["mul", [4, 3]]], [["mul", [0, 3]], ["neg", [4]]]),  # -x * v1 = -(x * v1)
    ([NEG_X, ["tanh", [4]], ["mul", [5, 4]]], [["tanh", [0]], ["mul", [0, 4]]]),  # tanh(-x) * -x = tanh(x) * x
    ([NEG_X, ["div", [4, 3]]], [["div", [0, 3]], ["neg", [4]]]),  # -x / v1 = -(x / v1)
    ([STD_X, ["neg", [4]], ["div", [0, 5]]], [STD_X, ["div", [0, 4]], ["neg", [5]]]),  # x / -std = -(x / std)
    ([NEG_X, ["neg", [3]], ["add", [4, 5]], ["tanh", [6]]], [["add", [0, 3]], ["tanh", [4]], ["neg", [5]]]),
    ([NEG_X, ["tanh", [4]], EXP_X, ["mul", [5, 6]]], [["tanh", [0]], EXP_X, ["mul", [4, 5]], ["neg", [6]]]),
]


@pytest.mark.parametrize(("one", "other"), SAME_BUT_FOR_THE_PLACE_OF_A_SIGN, ids=str)
def test_layers_that_differ_in_the_place_of_a_sign_have_one_id(one, other):
    """They are equal bit for bit: a sign changes no rounding. (A root of a second moment needs no eps as a divisor.)"""
    one, other = LayerSpec.from_json(one), LayerSpec.from_json(other)
    assert canonical(one) == canonical(other)
    for batch in (None, BATCH):
        outputs = [interpreted(spec.nodes, batch, divisors="in value") for spec in (one, other)]
        np.testing.assert_array_equal(*outputs)


def test_a_sign_is_no_less_than_a_difference():
    """Each with its negative: another layer, though the place of the sign says nothing."""
    for one, other in SAME_BUT_FOR_THE_PLACE_OF_A_SIGN:
        for nodes in (one, other):
            assert canonical(LayerSpec.from_json(nodes)) != canonical(
                LayerSpec.from_json([*nodes, ["neg", [3 + len(nodes)]]])
            )


DIFFERENT = [
    ([NEG_X, ["div", [3, 4]]], [["div", [3, 0]], ["neg", [4]]]),  # v1 / -x is not -(v1 / x) at zero, for eps
    ([NEG_X, ["sigmoid", [4]]], [["sigmoid", [0]], ["neg", [4]]]),
    ([NEG_X, ["exp", [4]]], [["exp", [0]], ["neg", [4]]]),
    ([NEG_X, ["neg", [3]], ["max", [4, 5]]], [["max", [0, 3]], ["neg", [4]]]),
    ([NEG_X, ["add", [4, 3]]], [["add", [0, 3]], ["neg", [4]]]),
    ([NEG_X, ["add", [4, 3]]], [["add", [0, 3]]]),
    ([["div", [0, 0]], ["mul", [0, 4]]], [["neg", [0]], ["neg", [4]]]),  # x / x is 0 at zero
    ([["rms_wh", [3]], ["mul", [0, 4]]], [["abs", [3]], ["mul", [0, 4]]]),  # sqrt(v1 * v1 + eps)
    ([["sqrt", [0]], ["square", [4]]], [["abs", [0]]]),  # |x| + eps, but 0 at zero
    ([["std_wh", [0]]], [["std_whcg", [0]]]),
    ([["mean_whc", [0]], ["mean_bwh", [4]]], [["mean_bwh", [0]]]),
    ([["mean_whcg", [0]], ["mean_bwh", [4]]], [["mean_bwh", [0]]]),
    ([["mean_wh", [0]], ["rms_whc", [4]]], [["rms_whc", [0]]]),
    ([["add", [0, 2]], ["rms_wh", [4]]], [["rms_wh", [0]]]),
    ([["add", [0, 2]], ["std_whc", [4]]], [["std_whc", [0]]]),  # v0 differs between channels
    ([["max", [0, 2]]], [["max", [0, 1]]]),  # v0 starts at zero, and learns
    ([["div", [0, 3]]], [["div", [3, 0]]]),
    ([ONE, ["add", [0, 4]]], [["sigmoid", [1]], ["add", [0, 4]]]),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=str)
def test_different_layers_have_different_ids(one, other):
    one, other = LayerSpec.from_json(one), LayerSpec.from_json(other)
    assert canonical(one) != canonical(other)
    outputs = [interpreted(spec.nodes, BATCH) for spec in (one, other)]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-7


def test_graphs_of_one_id_compute_the_same():
    by_id = {}
    for spec in graphs(4000, 4, 3, "table"):
        by_id.setdefault(canonical(spec), []).append(spec)
    repeated = [specs for specs in by_id.values() if len({oracle.expression(spec.nodes) for spec in specs}) > 1]
    assert len(repeated) > 50  # ids that expressions of different form share
    for specs in repeated:
        for batch in (None, BATCH):
            outputs = [interpreted(spec.nodes, batch) for spec in specs[:6]]
            for output in outputs[1:]:
                np.testing.assert_allclose(output, outputs[0], rtol=1e-3, atol=1e-9, err_msg=str(specs))


def test_divisors_that_are_large_by_construction_get_no_eps():
    sure = [
        [["std_wh", [0]]],
        [["std_bwh", [0]], ["neg", [4]]],
        [["std_bwh", [0]], ["max", [4, 0]]],
        [["rms_wh", [0]], ["abs", [0]], ["add", [4, 5]]],
        [["square", [0]], ["exp", [4]]],
        [["abs", [0]], ["sigmoid", [4]]],
        [["rms_whc", [0]], ["mean_wh", [4]]],
        [ONE, ["exp", [4]]],
    ]
    unsure = [
        [["neg", [1]]],
        [["abs", [0]]],
        [["std_wh", [0]], ["add", [4, 0]]],
        [["rms_wh", [0]], ["square", [4]]],
        [["exp", [0]]],
        [["rms_wh", [0]], ["max", [4, 0]], ["neg", [5]], ["max", [6, 0]]],
        [["rms_whc", [0]], ["mean_bwh", [4]]],  # its moving average starts at zero
    ]
    for nodes in (*sure, *unsure):
        graph = simplified(LayerSpec.from_json(nodes))
        assert graph.facts[graph.output].nonzero == (nodes in sure), nodes
