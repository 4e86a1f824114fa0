"""What tells layers apart, and how they depend on the batch."""

import hashlib

from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE
from components.search_spaces.norm_act_layer.simplification import NUMBER, number_text, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, INITIAL, LayerSpec


def canonical(spec: LayerSpec) -> str:
    """Returns 12 hexadecimal digits that specs share whose simplified graphs are isomorphic."""
    graph = simplified(spec)
    digests = list(INITIAL)
    for (op, inputs), facts in zip(graph.nodes, graph.facts[FIRST:], strict=True):
        sources = [digests[source] for source in inputs]
        words = [op, *(sorted(sources) if op in COMMUTATIVE else sources)]
        text = " ".join(words) if facts.number is None else f"{NUMBER} {number_text(facts.number)}"
        digests.append(_digest(text))
    output = digests[graph.output]
    return (output if graph.output >= FIRST else _digest(output))[:12]


def uses_batch(spec: LayerSpec) -> bool:
    """Returns whether the layer aggregates over the batch."""
    return any(op.endswith("_bwh") for op, _ in simplified(spec).nodes)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
