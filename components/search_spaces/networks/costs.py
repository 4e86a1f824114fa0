"""Costs of a network, computed from its operations without Keras.

The model is simple and stated: a multiply-add of a convolution or a dense layer counts 1, and so does each element of
any other operation's output (a pool's input); training keeps every operation's output; a forward pass reads every input
and writes every output once, weights apart. A recurrent layer's output is what it keeps of each position: state and
three gates; its multiply-adds are those of its matrices. Flattening costs nothing; space_to_depth moves numbers and
computes none.

Accelerators' compilers make normalizations and activations part of the operation that they follow. Where they are
counted as fused, these move nothing in a forward pass; they count as multiply-adds, and training keeps their outputs.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from components.search_spaces.networks.sketch import INPUTS, Op

FLOAT_BYTES = 4
GATES = 3  # matrices of a gated recurrent unit: update, reset and candidate
RECURRENT = ("gru", "gru_sequence")
FUSED = ("batch_norm", "affine", "relu", "silu")


class NetworkCosts(NamedTuple):
    """Costs of one row, without what the searched layer adds in its slots.

    Fields:
        parameters: trainable.
        multiply_adds: of a forward pass.
        activation_bytes: kept by a training step.
        traffic_bytes: read and written by a forward pass.
        slot_channels: sum of the slots' channels.
        slot_elements: sum of the slots' elements.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int
    traffic_bytes: int
    slot_channels: int
    slot_elements: int


def network_costs(ops: Sequence[Op], fused: bool = False) -> NetworkCosts:
    """Returns the costs of a network outside its slots, and how large those are.

    Args:
        ops: its operations.
        fused: whether normalizations and activations are part of the operation that they follow.
    """
    slots = [op.shape for op in ops if op.kind == "slot"]
    rest = [op for op in ops if op.kind not in ("slot", "flatten", *INPUTS)]
    written = sum(_written(op, ops) for op in rest)
    moving = [op for op in rest if not (fused and op.kind in FUSED)]
    moved = sum(_written(op, ops) + sum(prod(ops[source].shape) for source in op.inputs) for op in moving)
    return NetworkCosts(
        parameters=sum(_parameters(op, ops) for op in rest),
        multiply_adds=sum(_multiply_adds(op, ops) for op in rest),
        activation_bytes=FLOAT_BYTES * written,
        traffic_bytes=FLOAT_BYTES * moved,
        slot_channels=sum(shape[2] for shape in slots),
        slot_elements=sum(prod(shape) for shape in slots),
    )


def _weights(op: Op, ops: Sequence[Op]) -> int:
    """Multiplications that an output position of a convolution, a dense or a recurrent layer takes."""
    if op.kind == "depthwise":
        return op.kernel**2 * op.shape[2]
    if op.kind in RECURRENT:
        return GATES * op.shape[2] * (ops[op.inputs[0]].shape[2] + op.shape[2])
    return op.kernel**2 * ops[op.inputs[0]].shape[2] * op.shape[2]


def _written(op: Op, ops: Sequence[Op]) -> int:
    if op.kind in RECURRENT:
        return (1 + GATES) * ops[op.inputs[0]].shape[1] * op.shape[2]
    return prod(op.shape)


def _parameters(op: Op, ops: Sequence[Op]) -> int:
    channels = op.shape[2]
    match op.kind:
        case "conv" | "depthwise" | "dense":
            return _weights(op, ops) + channels * (op.bias or op.kind == "dense")
        case "gru" | "gru_sequence":
            return _weights(op, ops) + 2 * GATES * channels  # a bias for each matrix
        case "affine" | "batch_norm":
            return 2 * channels
        case "embedding":
            return op.vocabulary * channels
    return 0


def _multiply_adds(op: Op, ops: Sequence[Op]) -> int:
    if op.kind in ("conv", "depthwise", "dense"):
        return op.shape[0] * op.shape[1] * _weights(op, ops)
    if op.kind in RECURRENT:
        return ops[op.inputs[0]].shape[1] * _weights(op, ops)
    if op.kind == "space_to_depth":
        return 0
    return prod(op.shape if op.kind == "embedding" else ops[op.inputs[0]].shape)
