"""What an update rule adds to a network's costs, for many encodings at once and without Keras."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from components.search_spaces.networks.costs import FLOAT_BYTES, NetworkCosts
from components.search_spaces.norm_act_layer.costs import layer_counts
from components.search_spaces.norm_act_layer.costs import total_costs as layer_total_costs
from components.search_spaces.norm_act_layer.encoding import encode
from components.search_spaces.norm_act_layer.known import KNOWN as LAYERS
from components.search_spaces.update_rule.normal_form import STEP
from components.search_spaces.update_rule.primitives import AVERAGES
from components.search_spaces.update_rule.simplification import reached, simplified
from components.search_spaces.update_rule.spec import RuleSpec

SLOT_LAYER = "BN-ReLU"  # what stands in the slots of networks that have them
APPLIED = 2  # operations of w - rate * update


class RuleCounts(NamedTuple):
    """Counts of the simplified form of each rule, each `[n]`.

    Fields:
        operations: element-wise operations of a step for each weight, in additions that take as long; what depends on
            nothing but the step is none.
        averages: moving averages that are kept.
    """

    operations: np.ndarray
    averages: np.ndarray


def rule_counts(specs: Iterable[RuleSpec], absolute_base: bool = False) -> RuleCounts:
    """Returns the counts of rules."""
    counts = np.array([_counts(spec, absolute_base) for spec in specs], np.int64)
    return RuleCounts(*counts.reshape(-1, 2).T)


def total_costs(network: dict[str, int], rules: RuleCounts) -> dict[str, np.ndarray]:
    """Returns the costs of a network under each rule, each `[n]`.

    Args:
        network: its own costs by name, `parameters` (trainable) among them.
        rules: the rules.

    Returns:
        The network's own costs, which no rule changes, and `update_operations` (of one training step, all weights) and
        `slot_bytes` (of the optimizer's moving averages, float32).
    """
    weights = network["parameters"]
    same = {name: np.full(len(rules.operations), cost, np.int64) for name, cost in network.items()}
    return same | {
        "update_operations": weights * rules.operations,
        "slot_bytes": FLOAT_BYTES * weights * rules.averages,
    }


def own_costs(network: NetworkCosts) -> dict[str, int]:
    """Returns the costs of a network by name, its slots filled with `SLOT_LAYER`."""
    if not network.slot_elements:
        names = ("parameters", "multiply_adds", "activation_bytes", "traffic_bytes")
        return {name: getattr(network, name) for name in names}
    layer = LAYERS[SLOT_LAYER]
    filled = layer_total_costs(network, layer_counts(encode(layer, len(layer.nodes))[None]))
    return {name: int(costs[0]) for name, costs in filled.items()}


@lru_cache(maxsize=4096)
def _counts(spec: RuleSpec, absolute_base: bool) -> tuple[int, int]:
    rule = simplified(spec, absolute_base)
    parts = reached(rule)
    operations = rule.facts.operations + sum(
        rule.parts[text].operations for text in parts if rule.parts[text].depends & ~STEP
    )
    return APPLIED + operations, sum(average in parts for average in AVERAGES)
