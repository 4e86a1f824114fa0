"""What follows from a layer graph's structure: its live part, its canonical id, and properties of its nodes."""

import hashlib

from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE, statistic_of
from components.search_spaces.norm_act_layer.spec import INITIAL, LayerSpec, Node, X

FIRST = len(INITIAL)


def active(spec: LayerSpec) -> tuple[bool, ...]:
    """Returns for each of the 4 + n nodes whether the output depends on it."""
    live = [False] * (FIRST + len(spec.nodes))
    live[-1] = True
    for index in range(len(live) - 1, FIRST - 1, -1):
        if live[index]:
            for source in spec.nodes[index - FIRST].inputs:
                live[source] = True
    return tuple(live)


def pruned(spec: LayerSpec) -> LayerSpec:
    """Returns the same layer without dead nodes, equal sub-expressions merged, commutative inputs in index order."""
    live = active(spec)
    place = list(range(FIRST))
    nodes: list[Node] = []
    seen: dict[Node, int] = {}
    for alive, (op, inputs) in zip(live[FIRST:], spec.nodes, strict=True):
        if not alive:
            place.append(-1)
            continue
        sources = tuple(place[source] for source in inputs)
        node = Node(op, tuple(sorted(sources)) if op in COMMUTATIVE else sources)
        if node not in seen:
            seen[node] = FIRST + len(nodes)
            nodes.append(node)
        place.append(seen[node])
    return LayerSpec(tuple(nodes))


def canonical(spec: LayerSpec) -> str:
    """Returns 12 hexadecimal digits that isomorphic live graphs share, whatever the order of commutative inputs."""
    digests = list(INITIAL)
    for op, inputs in spec.nodes:
        sources = [digests[source] for source in inputs]
        text = " ".join([op, *(sorted(sources) if op in COMMUTATIVE else sources)])
        digests.append(hashlib.sha256(text.encode()).hexdigest())
    return digests[-1][:12]


def away_from_zero(spec: LayerSpec) -> tuple[bool, ...]:
    """Returns for each node whether its value is at least sqrt(eps) by construction, so that a divisor needs no eps."""
    sure = [False] * FIRST
    for op, inputs in spec.nodes:
        sources = [sure[source] for source in inputs]
        rooted = op.startswith(("rms", "std"))
        sure.append(rooted or (op == "max" and any(sources)) or (op in ("add", "abs") and all(sources)))
    return tuple(sure)


def varies_by_row(spec: LayerSpec) -> tuple[bool, ...]:
    """Returns for each node whether its value differs from row to row; an aggregation over the batch doesn't."""
    varies = [index == X for index in range(FIRST)]
    for op, inputs in spec.nodes:
        split = statistic_of(op)
        varies.append(any(varies[source] for source in inputs) and not (split and split[1] == "bwh"))
    return tuple(varies)


def uses_batch(spec: LayerSpec) -> bool:
    """Returns whether the live graph aggregates over the batch."""
    return any(alive and op.endswith("_bwh") for alive, (op, _) in zip(active(spec)[FIRST:], spec.nodes, strict=True))
