"""Formulas compute what the graph computes: they are evaluated as Python and compared."""

import ast
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


def test_a_drawing_shows_the_simplified_graph_alone():
    """tanh(x) * v1 * exp(0), of which the dead square of x and the 1 are nothing to see."""
    boxes = drawing(
        LayerSpec.from_json([["exp", [1]], ["square", [0]], ["tanh", [0]], ["mul", [6, 3]], ["mul", [4, 7]]])
    )
    assert [(box.label, box.inputs, box.active) for box in boxes] == [
        ("x", (), True),
        ("v1", (), True),
        ("tanh", (0,), True),
        ("mul", (1, 2), True),
    ]


def test_a_drawing_ends_with_the_output_also_where_that_is_no_operation():
    assert [box.label for box in drawing(LayerSpec.from_json([["neg", [0]], ["neg", [4]]]))] == ["x"]
    assert [box.label for box in drawing(LayerSpec.from_json([["neg", [1]]]))] == ["0"]
    assert [box.label for box in drawing(LayerSpec.from_json([["sigmoid", [1]]]))] == ["0.5"]


NAMES_OF = {ast.Add: ["add"], ast.Sub: ["add", "neg"], ast.Mult: ["mul"], ast.Div: ["div"]}


def operations(text):
    """What a formula computes, read from its syntax: names of operations, sorted."""
    found = []
    for part in re.split(r", (?=[a-z]\d? = )", text):
        for node in ast.walk(ast.parse(part.partition(" = ")[2] or part)):
            match node:
                case ast.BinOp():
                    found += NAMES_OF[type(node.op)]
                case ast.UnaryOp() if not isinstance(node.operand, ast.Constant):
                    found.append("neg")
                case ast.Call(func=ast.Subscript(value=statistic, slice=index_set)):
                    found.append(f"{statistic.id}_{index_set.id}")
                case ast.Call(func=function):
                    found.append(function.id)
    return sorted(found)


def test_the_boxes_are_the_operations_of_the_formula():
    """Numbers and leaves apart, which a formula may show more than once, and a drawing has one box for."""
    sampler, rng = Sampler(10, measure="table"), np.random.default_rng(3)
    compared = 0
    for spec in [*KNOWN.values(), *(sampler.sample(rng) for _ in range(1000))]:
        boxes = drawing(spec)
        assert sorted(box.label for box in boxes if box.inputs) == operations(formula(spec)), formula(spec)
        assert all(source < at for at, box in enumerate(boxes) for source in box.inputs)
        used = {source for box in boxes for source in box.inputs}
        assert used == set(range(len(boxes) - 1)), "every box but the output is of use"
        compared += any(box.inputs for box in boxes)
    assert compared > 500


def test_the_boxes_compute_what_the_formula_does():
    """Drawings without numbers, as rows that the interpreter reads; no divisions, whose eps a formula doesn't show."""
    sampler, rng = Sampler(8, measure="table"), np.random.default_rng(4)
    places = {"x": 0, "0": 1, "v0": 2, "v1": 3}
    compared = 0
    for spec in (sampler.sample(rng) for _ in range(1000)):
        boxes = drawing(spec)
        sources = [box.label for box in boxes if not box.inputs]
        if len(sources) == len(boxes) or not set(sources) <= set(places) or any(box.label == "div" for box in boxes):
            continue
        computed = [index for index, box in enumerate(boxes) if box.inputs]
        at = {index: places.get(box.label, -1) for index, box in enumerate(boxes) if not box.inputs}
        at |= {index: 4 + place for place, index in enumerate(computed)}
        nodes = [(boxes[index].label, tuple(at[source] for source in boxes[index].inputs)) for index in computed]
        expected = oracle.interpret(nodes, IMAGES, V0, V1)
        if np.isfinite(expected).all() and np.abs(expected).max() < 1e6:
            compared += 1
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(evaluated(formula(spec)), expected, rtol=1e-4, atol=1e-5)
    assert compared > 200
