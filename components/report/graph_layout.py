"""A layered layout of a small directed acyclic graph: sources on the left, the output on the right, few crossings.

The usual four steps, for graphs of some dozen nodes: layers by the longest path, bends where an edge passes a layer,
an order within each layer by the mean place of the neighbours, and heights that pull neighbours level.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 12
BEND_HEIGHT = 18.0
GAP = 16.0


class Node(NamedTuple):
    """A node's column (0 is leftmost) and the height of its centre in pixels."""

    column: int
    y: float


class Edge(NamedTuple):
    """From node `source` to input `place` of node `target`; `bends` are its heights in the columns between."""

    source: int
    target: int
    place: int
    bends: tuple[float, ...]


class Layout(NamedTuple):
    """Nodes and edges with their places; heights run from 0 to `height`."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: float


def layout(inputs: Sequence[Sequence[int]], node_height: float) -> Layout:
    """Places nodes given in topological order.

    Args:
        inputs: for each node the indices of its inputs, in order, each smaller than its own index.
        node_height: pixels of a box.

    Raises:
        ValueError: an input does not come before its node.
    """
    columns = _columns(inputs)
    wires = [(source, target, place) for target, sources in enumerate(inputs) for place, source in enumerate(sources)]
    # Points 0..nodes-1 are the nodes; the bends of the edges follow.
    point_columns, links, bends = list(columns), [], []
    for source, target, _ in wires:
        path = [source]
        for column in range(columns[source] + 1, columns[target]):
            path.append(len(point_columns))
            point_columns.append(column)
        bends.append(path[1:])
        links += list(zip(path, [*path[1:], target], strict=True))
    layers = _ordered(point_columns, links)
    heights = [node_height if point < len(inputs) else BEND_HEIGHT for point in range(len(point_columns))]
    y = _levelled(layers, links, heights)
    top = min(y[point] - heights[point] / 2 for point in range(len(y)))
    y = [value - top for value in y]
    return Layout(
        tuple(Node(columns[node], y[node]) for node in range(len(inputs))),
        tuple(Edge(*wire, tuple(y[bend] for bend in path)) for wire, path in zip(wires, bends, strict=True)),
        max(y[point] + heights[point] / 2 for point in range(len(y))),
    )


def _columns(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The longest path from a source; every source is in column 0."""
    columns: list[int] = []
    for node, sources in enumerate(inputs):
        if any(source >= node for source in sources):
            raise ValueError(f"The inputs of node {node} must come before it. Received: {tuple(sources)}.")
        columns.append(max((columns[source] + 1 for source in sources), default=0))
    return columns


def _ordered(columns: Sequence[int], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Points of each layer from top to bottom; the order with the fewest crossings among all sweeps."""
    layers = [[point for point, at in enumerate(columns) if at == column] for column in range(max(columns) + 1)]
    before, after = _neighbours(len(columns), links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        for layer in layers if forward else layers[::-1]:
            place = {point: index for row in layers for index, point in enumerate(row)}
            layer.sort(key=lambda point: _mean([place[other] for other in neighbours[point]], place[point]))
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _neighbours(points: int, links: Sequence[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(points)]
    after: list[list[int]] = [[] for _ in range(points)]
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    return before, after


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _crossings(layers: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    """Pairs of links between the same two layers whose ends are in opposite order."""
    place = {point: (column, row) for column, layer in enumerate(layers) for row, point in enumerate(layer)}
    ends = [(place[source][0], place[source][1], place[target][1]) for source, target in links]
    pairs = ((a, b) for index, a in enumerate(ends) for b in ends[index + 1 :] if a[0] == b[0])
    return sum((a[1] - b[1]) * (a[2] - b[2]) < 0 for a, b in pairs)


def _levelled(
    layers: Sequence[Sequence[int]], links: Sequence[tuple[int, int]], heights: Sequence[float]
) -> list[float]:
    """Heights of the points' centres: each as level with its neighbours as order and distance allow."""
    y = [0.0] * len(heights)
    for layer in layers:
        _spread(layer, y, heights)
    before, after = _neighbours(len(heights), links)
    for sweep in range(2 * SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            for point in layer:
                y[point] = _mean([y[other] for other in neighbours[point]], y[point])
            _spread(layer, y, heights)
    return y


def _spread(layer: Sequence[int], y: list[float], heights: Sequence[float]) -> None:
    """Moves the points of a layer apart, in place, without changing their order or their mean height."""
    wanted = [y[point] for point in layer]
    for above, below in pairwise(layer):
        y[below] = max(y[below], y[above] + (heights[above] + heights[below]) / 2 + GAP)
    shift = _mean(wanted, 0.0) - _mean([y[point] for point in layer], 0.0)
    for point in layer:
        y[point] += shift
