"""What rules cost: counted by hand, and what the built optimizer keeps."""

import numpy as np
import pytest

from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.table import network_ops
from components.search_spaces.registry import open_space
from components.search_spaces.update_rule.costs import rule_counts
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.parsing import parse_rule
from components.search_spaces.update_rule.spec import used_averages
from tests.components.search_spaces.update_rule.drawn_rules import drawn_rules

SHAPES = {"text_rnn": (12,)}


@pytest.mark.parametrize(
    ("text", "operations", "averages"),
    [
        # 2 for w - rate * update; an average is moved by two products and a sum, and corrected by a quotient.
        ("g", 2, 0),
        ("-g", 2, 0),  # a sum with another sign
        ("g * 2", 3, 0),
        ("g + 1e-3w", 4, 0),
        ("g * (ld * cd)", 4, 0),  # two products: what depends on the step alone stands for itself
        ("g + e^(ld)", 3, 0),  # a number is computed once, not for each weight
        ("m", 6, 1),
        ("m * m", 7, 1),
        ("v", 7, 1),  # g * g, too
        ("gamma", 8, 1),
        ("e^(g) + e^(m)", 9, 1),
        ("adam", 2 + 4 + 5 + 3, 2),  # a root, a reciprocal, a product
        ("m / sqrt|v|", 2 + 4 + 5 + 3, 2),
        ("m + m * e^(m)", 2 + 4 + 3, 1),  # m is kept once
        ("g^m", 2 + 4 + 8, 1),  # a power takes as long as eight sums
        ("drop(g, 0.3)", 6, 0),
        ("noise * g", 2 + 9 + 1, 0),
        ("noise * (g + noise)", 2 + 9 + 2, 0),  # drawn once
        ("m - m + g", 2, 0),
    ],
)
def test_operations_and_averages_counted_by_hand(text, operations, averages):
    counts = rule_counts([parse_rule(text)])
    assert (counts.operations.tolist(), counts.averages.tolist()) == ([operations], [averages])


def variants():
    space = open_space("update_rule", {"networks": ["convnet", "mlp", "preact_resnet"], "learning_rates": [0.1]})
    return [(space, variant) for variant in space.variants()]


@pytest.mark.parametrize(("space", "variant"), variants(), ids=lambda one: getattr(one, "name", ""))
def test_costs_are_the_networks_own_and_the_rules(space, variant):
    import keras

    model = space.build(KNOWN["SGD"], variant, (8, 8, 1), 10)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    specs = list(KNOWN.values())
    costs = space.costs(np.stack([space.encode(spec) for spec in specs]), variant, (8, 8, 1), 10)
    assert set(costs["parameters"].tolist()) == {trainable}
    for name in ("multiply_adds", "activation_bytes", "traffic_bytes"):
        assert len(set(costs[name].tolist())) == 1  # no rule changes the network
    assert len(set(costs["update_operations"].tolist())) > 5
    for spec, slot_bytes in zip(specs, costs["slot_bytes"].tolist(), strict=True):
        optimizer = space.optimizer(spec, 0.1, 100)
        optimizer.build(model.trainable_variables)
        slots = [one for one in optimizer.variables if one.path.split("/")[-1] not in ("iteration", "learning_rate")]
        assert slot_bytes == 4 * sum(int(np.prod(one.shape)) for one in slots)
    keras.backend.clear_session()


def test_a_network_without_slots_costs_what_its_operations_do():
    space = open_space("update_rule", {"learning_rates": [0.1]})
    (variant,) = space.variants()
    own = network_costs(network_ops(variant, (8, 8, 1), 10))
    costs = space.costs(space.encode(KNOWN["SGD"])[None], variant, (8, 8, 1), 10)
    for name in ("parameters", "multiply_adds", "activation_bytes", "traffic_bytes"):
        assert costs[name].tolist() == [getattr(own, name)]
    assert costs["update_operations"].tolist() == [2 * own.parameters]


def test_a_simplified_rule_never_keeps_more_than_the_rule_itself():
    specs = list(drawn_rules(2000, 13))
    counts = rule_counts(specs)
    for spec, averages in zip(specs, counts.averages.tolist(), strict=True):
        assert averages <= len(used_averages(spec))
    for text, averages in (("m - m + g", 0), ("1^v * m", 1), ("adam * (gamma - gamma)", 0)):
        assert rule_counts([parse_rule(text)]).averages.tolist() == [averages]
    assert counts.operations.min() >= 2
