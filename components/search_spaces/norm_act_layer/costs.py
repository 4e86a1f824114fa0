"""What a layer graph adds to a network's costs, for many encodings at once and without Keras."""

from typing import NamedTuple

import numpy as np

from components.search_spaces.networks.costs import FLOAT_BYTES, NetworkCosts
from components.search_spaces.norm_act_layer.encoding import specs
from components.search_spaces.norm_act_layer.primitives import ELEMENT_WISE
from components.search_spaces.norm_act_layer.simplification import LayerGraph, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, V0, V1, X

_ELEMENT_WISE = tuple(row.name for row in ELEMENT_WISE)


class LayerCounts(NamedTuple):
    """Counts of the simplified graph of each encoding, each `[n]`.

    Fields:
        operations: all of them; a number is none.
        written: element-wise ones, whose results have the input's size; an aggregation's result is small.
        read: inputs of operations that aren't numbers, v0 or v1.
        constants: how many of v0 and v1 are used.
    """

    operations: np.ndarray
    written: np.ndarray
    read: np.ndarray
    constants: np.ndarray


def layer_counts(encoded: np.ndarray) -> LayerCounts:
    """Returns the counts of encodings, `[n, decisions]`."""
    counts = np.array([_counts(simplified(spec)) for spec in specs(encoded)], np.int64)
    return LayerCounts(*counts.reshape(-1, 4).T)


def total_costs(network: NetworkCosts, layer: LayerCounts) -> dict[str, np.ndarray]:
    """Returns the costs of a network with each layer in its slots, the layer's affine included, each `[n]`.

    An operation of the layer, and its affine, count one multiply-add for each element; element-wise results and the
    affine's are kept for training, and each is written once and read as often as it is used.
    """
    tensor_bytes = FLOAT_BYTES * network.slot_elements
    return {
        "parameters": network.parameters + network.slot_channels * (2 + layer.constants),
        "multiply_adds": network.multiply_adds + network.slot_elements * (layer.operations + 1),
        "activation_bytes": network.activation_bytes + tensor_bytes * (layer.written + 1),
        "traffic_bytes": network.traffic_bytes + tensor_bytes * (layer.written + layer.read + 2),
    }


def _counts(graph: LayerGraph) -> tuple[int, int, int, int]:
    operations = graph.operations
    used = [source for node in operations for source in node.inputs]
    return (
        len(operations),
        sum(node.op in _ELEMENT_WISE for node in operations),
        sum(source == X or (source >= FIRST and graph.facts[source].number is None) for source in used),
        len({V0, V1} & {graph.output, *used}),
    )
