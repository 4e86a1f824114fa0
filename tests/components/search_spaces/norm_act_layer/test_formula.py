"""Formulas compute what the graph computes: they are evaluated as Python and compared."""

import re

import numpy as np
import pytest

from components.search_spaces.norm_act_layer.formula import drawing, formula
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.sampling import Sampler
from components.search_spaces.norm_act_layer.spec import LayerSpec
from components.search_spaces.norm_act_layer.trainable import TRAINABLE
from tests.oracles import norm_act as oracle

RNG = np.random.default_rng(1)
IMAGES = RNG.normal(size=(3, 4, 4, 6))
V0, V1 = RNG.normal(size=6), RNG.normal(1, 0.3, size=6)


class Statistic:
    """`std[wh](x)` as Python."""

    def __init__(self, name):
        self.name = name

    def __getitem__(self, index_set):
        return lambda x: oracle.interpret(
            [(f"{self.name}_{index_set}", (0,))], np.broadcast_to(x, IMAGES.shape), V0, V1
        )


def evaluated(text):
    """The value of a formula."""
    main, *named = re.split(r", (?=[a-z]\d? = )", text)
    names = {
        "x": IMAGES, "v0": V0, "v1": V1, "max": np.maximum, "abs": np.abs, "exp": np.exp, "tanh": np.tanh,
        "square": np.square, "sigmoid": oracle.sigmoid,
        "log": lambda x: np.sign(x) * np.log(np.abs(x) + 1e-5),
        "sqrt": lambda x: np.sign(x) * np.sqrt(np.abs(x) + 1e-5),
        **{name: Statistic(name) for name in ("mean", "rms", "std")},
        **{index_set: index_set for index_set in ("bwh", "whc", "wh", "whcg")},
    }  # fmt: skip
    for definition in reversed(named):
        name, _, value = definition.partition(" = ")
        names[name] = eval(value, {}, names)
    return np.broadcast_to(eval(main, {}, names), IMAGES.shape)


def test_a_formula_computes_what_its_graph_does():
    """Graphs with divisions are left out: a formula doesn't show the eps of a divisor. Numbers have 6 digits."""
    sampler, rng = Sampler(8, measure="table"), np.random.default_rng(2)
    specs = [spec for spec in (sampler.sample(rng) for _ in range(1500)) if all(op != "div" for op, _ in spec.nodes)]
    compared = 0
    for spec in specs:
        expected = oracle.interpret(spec.nodes, IMAGES, V0, V1)
        if np.isfinite(expected).all() and np.abs(expected).max() < 1e6:
            compared += 1
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(
                    evaluated(formula(spec)), expected, rtol=1e-4, atol=1e-5, err_msg=formula(spec)
                )
    assert compared > 300


PRINTED = [
    ([["neg", [0]], ["add", [4, 3]], ["neg", [2]], ["add", [5, 6]]], "v1 - x - v0"),
    ([["add", [0, 3]], ["neg", [4]]], "-(x + v1)"),
    ([["div", [0, 2]], ["div", [3, 4]]], "v1 / (x / v0)"),
    ([["add", [0, 2]], ["mul", [4, 3]]], "v1 * (x + v0)"),
    ([["tanh", [0]], ["sigmoid", [4]], ["mul", [4, 5]]], "a * sigmoid(a), a = tanh(x)"),
    ([["max", [0, 1]]], "max(x, 0)"),
    ([["exp", [1]], ["add", [4, 0]], ["mul", [5, 0]]], "x * (x + 1)"),
    ([["exp", [1]], ["neg", [4]], ["add", [0, 5]]], "x - 1"),
    ([["sigmoid", [1]], ["neg", [4]], ["mul", [5, 0]], ["neg", [6]]], "-(x * -0.5)"),
    ([["neg", [0]], ["neg", [4]]], "x"),
    ([["div", [1, 0]]], "0"),
]


@pytest.mark.parametrize(("nodes", "text"), PRINTED, ids=lambda value: str(value))
def test_printed(nodes, text):
    assert formula(LayerSpec.from_json(nodes)) == text


def test_known_layers_print_as_published():
    assert formula(KNOWN["EvoNorm-B0"]) == "x / max(std[bwh](x), x * v1 + std[wh](x))"
    assert formula(KNOWN["EvoNorm-B1"]) == "x / max(std[bwh](x), (x + 1) * rms[wh](x))"
    assert formula(KNOWN["EvoNorm-B2"]) == "x / max(std[bwh](x), rms[wh](x) - x)"
    assert formula(KNOWN["EvoNorm-S0"]) == "x * sigmoid(x * v1) / std[whcg](x)"
    assert formula(KNOWN["BN-ReLU"]) == "max(0, v0 + v1 * ((x - mean[bwh](x)) / std[bwh](x)))"


def test_trainable_graphs_are_named_by_their_formulas():
    assert [formula(spec) for spec in TRAINABLE.values()] == list(TRAINABLE)
    assert len(TRAINABLE) == 8


def test_a_drawing_shows_every_node_and_which_are_dead():
    boxes = drawing(LayerSpec.from_json([["exp", [1]], ["tanh", [0]], ["mul", [5, 3]]]))
    assert [(box.label, box.inputs, box.active) for box in boxes] == [
        ("x", (), True),
        ("zero", (), False),
        ("v0", (), False),
        ("v1", (), True),
        ("exp", (1,), False),
        ("tanh", (0,), True),
        ("mul", (5, 3), True),
    ]
