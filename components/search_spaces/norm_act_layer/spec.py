"""The spec of a normalization-activation layer: a graph of primitive operations as frozen data."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from components.search_spaces.norm_act_layer.primitives import PRIMITIVES

INITIAL = ("x", "zero", "v0", "v1")
X, ZERO, V0, V1 = range(4)
FIRST = len(INITIAL)  # index of the first intermediate node
MAX_NODES = 30


class Node(NamedTuple):
    """An intermediate node: a primitive's name, and the indices of its inputs (0 to 3 are x, zero, v0 and v1)."""

    op: str
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class LayerSpec:
    """A layer graph. Nodes 0 to 3 are x, a zero tensor, v0 (starts at 0) and v1 (starts at 1), both per channel.

    Node 4 + i is `nodes[i]`; its inputs have smaller indices. The last node is the output; nodes that it doesn't depend
    on are allowed. A channel-wise affine follows the graph and is no part of it.

    Source: EvoNorm, "search space": 4 initial and 10 intermediate nodes, the last node is the output.

    Raises:
        ValueError: naming the node, for an unknown primitive, a wrong number of inputs, or an input that isn't an
            earlier node; and for a graph of no node or more than 30.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self):
        if not 1 <= len(self.nodes) <= MAX_NODES:
            raise ValueError(f"`nodes` must have 1 to {MAX_NODES} nodes. Received: {len(self.nodes)} nodes.")
        for index, node in enumerate(self.nodes, start=FIRST):
            _check(index, node)

    def to_json(self) -> list:
        """Returns the nodes as `[[op, [input, ...]], ...]`."""
        return [[op, list(inputs)] for op, inputs in self.nodes]

    @classmethod
    def from_json(cls, data: Any) -> "LayerSpec":
        """Returns the spec of `[[op, [input, ...]], ...]`. Raises ValueError, naming the node, where it is none."""
        try:
            return cls(msgspec.convert(data, tuple[Node, ...]))
        except msgspec.ValidationError as error:
            raise ValueError(f"`nodes` must be [[op, [input, ...]], ...]: {error}. Received: {data!r:.200}.") from error


def active(spec: LayerSpec) -> tuple[bool, ...]:
    """Returns for each of the 4 + n nodes whether the output depends on it."""
    live = [False] * (FIRST + len(spec.nodes))
    live[-1] = True
    for index in range(len(live) - 1, FIRST - 1, -1):
        if live[index]:
            for source in spec.nodes[index - FIRST].inputs:
                live[source] = True
    return tuple(live)


def _check(index: int, node: Node) -> None:
    if node.op not in PRIMITIVES:
        raise ValueError(f"Node {index} must be one of {', '.join(PRIMITIVES)}. Received: op={node.op!r}.")
    arity = PRIMITIVES[node.op].arity
    if len(node.inputs) != arity:
        raise ValueError(f"Node {index} ({node.op}) must have {arity} input(s). Received: inputs={node.inputs}.")
    if not all(0 <= source < index for source in node.inputs):
        raise ValueError(
            f"Node {index} ({node.op}) must have earlier nodes, in [0, {index}), as inputs."
            f" Received: inputs={node.inputs}."
        )
