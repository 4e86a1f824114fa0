"""Random layer graphs and mutations of them, as published."""

from typing import Literal

import numpy as np

from components.search_spaces.norm_act_layer.primitives import ELEMENT_WISE, INDEX_SETS, NAMES, PRIMITIVES, STATISTICS
from components.search_spaces.norm_act_layer.spec import FIRST, INITIAL, LayerSpec, Node
from components.search_spaces.space import Change

Measure = Literal["concrete", "table"]
MUTATION_KINDS = ("node",)


class Sampler:
    """Draws graphs of a fixed number of nodes.

    The sources don't say whether a primitive is drawn uniformly from all (operation, index set) pairs (`concrete`), or
    a row of Table 1 first and then its index set (`table`).

    Args:
        nodes: intermediate nodes of a graph, [1, 30].
        index_sets: the index sets that aggregations may use.
        measure: how a primitive is drawn.
    """

    def __init__(self, nodes: int, index_sets: tuple[str, ...] = INDEX_SETS, measure: Measure = "concrete"):
        self.nodes = nodes
        self.index_sets = index_sets
        self.measure = measure
        self.ops = tuple(name for name in NAMES if name.partition("_")[2] in ("", *index_sets))

    def sample(self, rng: np.random.Generator) -> LayerSpec:
        """Draws node after node: a random primitive, then random earlier nodes as inputs, with replacement."""
        return LayerSpec(tuple(self._node(FIRST + place, rng) for place in range(self.nodes)))

    def mutate(self, spec: LayerSpec, rng: np.random.Generator) -> tuple[LayerSpec, Change]:
        """Gives one uniformly drawn intermediate node a new primitive and new inputs; either may turn out the same."""
        place = int(rng.integers(len(spec.nodes)))
        index = FIRST + place
        old, new = spec.nodes[place], self._node(index, rng)
        nodes = (*spec.nodes[:place], new, *spec.nodes[place + 1 :])
        return LayerSpec(nodes), Change("node", f"node {index}: {_call(old)} became {_call(new)}")

    def _node(self, index: int, rng: np.random.Generator) -> Node:
        op = self._op(rng)
        return Node(op, tuple(rng.integers(index, size=PRIMITIVES[op].arity).tolist()))

    def _op(self, rng: np.random.Generator) -> str:
        if self.measure == "concrete":
            return self.ops[rng.integers(len(self.ops))]
        row = int(rng.integers(len(ELEMENT_WISE) + len(STATISTICS)))
        if row < len(ELEMENT_WISE):
            return ELEMENT_WISE[row].name
        return f"{STATISTICS[row - len(ELEMENT_WISE)]}_{self.index_sets[rng.integers(len(self.index_sets))]}"


def _call(node: Node) -> str:
    names = [INITIAL[source] if source < FIRST else str(source) for source in node.inputs]
    return f"{node.op}({', '.join(names)})"
