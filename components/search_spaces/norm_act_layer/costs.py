"""What a layer graph adds to a network's costs, for many encodings at once and without Keras."""

from typing import NamedTuple

import numpy as np

from components.search_spaces.networks.costs import FLOAT_BYTES, NetworkCosts
from components.search_spaces.norm_act_layer.encoding import ARITY, FIRST, NO_NODE, SLOTS
from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE, ELEMENT_WISE, NAMES
from components.search_spaces.norm_act_layer.spec import V0, V1, X

_COMMUTES = np.array([False, *(name in COMMUTATIVE for name in NAMES)])
_ELEMENT_WISE = np.arange(len(NAMES) + 1) <= len(ELEMENT_WISE)


class LayerCounts(NamedTuple):
    """Counts of the live graph of each encoding, equal sub-expressions once, each `[n]`.

    Fields:
        operations: all of them.
        written: element-wise ones, whose results have the input's size; an aggregation's result is small.
        read: inputs of operations that aren't zero, v0 or v1.
        constants: how many of v0 and v1 are used.
    """

    operations: np.ndarray
    written: np.ndarray
    read: np.ndarray
    constants: np.ndarray


def layer_counts(encoded: np.ndarray) -> LayerCounts:
    """Returns the counts of encodings, `[n, decisions]`."""
    table = np.asarray(encoded).reshape(len(encoded), -1, SLOTS)
    ops = table[..., 0]
    inputs, merged = _merge_equal(ops, table[..., 1:])
    live = _live(ops, inputs, merged)
    counted = live[:, FIRST:]
    reads = (np.arange(2) < ARITY[ops][..., None]) & counted[..., None] & ((inputs == X) | (inputs >= FIRST))
    return LayerCounts(
        operations=counted.sum(1),
        written=(counted & _ELEMENT_WISE[ops]).sum(1),
        read=reads.sum((1, 2)),
        constants=live[:, [V0, V1]].sum(1),
    )


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


def _merge_equal(ops: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the inputs with each node replaced by the first one equal to it, and that first node of each node."""
    count, places = ops.shape
    merged = np.tile(np.arange(FIRST + places), (count, 1))
    rows = np.arange(count)[:, None]
    sources = np.zeros_like(inputs)
    keys = np.zeros_like(ops)
    for place in range(places):
        found = merged[rows, inputs[:, place]]
        sources[:, place] = np.where(_COMMUTES[ops[:, place], None], np.sort(found, axis=1), found)
        keys[:, place] = (ops[:, place] * 64 + sources[:, place, 0]) * 64 + sources[:, place, 1]
        same = keys[:, :place] == keys[:, place, None]
        if place:
            merged[:, FIRST + place] = FIRST + np.where(same.any(1), same.argmax(1), place)
    return sources, merged


def _live(ops: np.ndarray, inputs: np.ndarray, merged: np.ndarray) -> np.ndarray:
    """Returns which of the 4 + places nodes the output depends on, `[n, 4 + places]`."""
    count, places = ops.shape
    rows = np.arange(count)
    last = (ops != NO_NODE).sum(1) - 1
    live = np.zeros((count, FIRST + places), bool)
    live[rows, merged[rows, FIRST + last]] = True
    for place in reversed(range(places)):
        for slot in range(2):
            reached = live[:, FIRST + place] & (ARITY[ops[:, place]] > slot)
            live[rows, inputs[:, place, slot]] |= reached
    return live
