"""A design as boxes and arrows, from its inputs on the left to its output on the right."""

from collections.abc import Sequence
from itertools import pairwise

from components.report.graph_layout import Edge, Layout, layout
from components.report.markup import Markup, number, svg, tag
from components.report.plot_frame import text
from components.search_spaces.space import Box

HEIGHT, MARGIN, CHANNEL = 34.0, 12.0, 56.0
CHARACTER, PADDING, NARROWEST = 7.8, 24.0, 48.0  # of the boxes' 13 pixel monospaced type


def graph_drawing(boxes: Sequence[Box]) -> Markup:
    """The drawing of the active boxes, the last of which is the output; at least one is active.

    Inputs enter a box from top to bottom in the order of its arguments.
    """
    kept = [index for index, box in enumerate(boxes) if box.active]
    renumbered = {index: place for place, index in enumerate(kept)}
    inputs = [[renumbered[source] for source in boxes[index].inputs if source in renumbered] for index in kept]
    labels = [boxes[index].label for index in kept]
    placed = layout(inputs, HEIGHT)
    lefts, widths = _columns(placed, labels)
    return svg(
        lefts[-1] + widths[-1] + MARGIN,
        placed.height + 2 * MARGIN,
        f"The design as a graph of {len(kept)} boxes",
        tag("defs", _ARROWHEAD),
        *(_arrow(edge, placed, lefts, widths, labels, len(inputs[edge.target])) for edge in placed.edges),
        *(_box(node, placed, lefts, widths, labels, _kind(node, inputs)) for node in range(len(kept))),
        class_="graph",
    )


_ARROWHEAD = tag(
    "marker",
    tag("path", d="M0 0L8 4L0 8z", class_="arrowhead"),
    id="arrowhead", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=8, markerHeight=8, orient="auto",
)  # fmt: skip


def _kind(node: int, inputs: Sequence[Sequence[int]]) -> str:
    if node == len(inputs) - 1:
        return "box output"
    return "box" if inputs[node] else "box source"


def _width(label: str) -> float:
    return max(len(label) * CHARACTER + PADDING, NARROWEST)


def _columns(placed: Layout, labels: Sequence[str]) -> tuple[list[float], list[float]]:
    """Left edge and width of each column."""
    widths = [0.0] * (max(node.column for node in placed.nodes) + 1)
    for node, label in zip(placed.nodes, labels, strict=True):
        widths[node.column] = max(widths[node.column], _width(label))
    lefts = [MARGIN + sum(widths[:column]) + column * CHANNEL for column in range(len(widths))]
    return lefts, widths


def _centre(node: int, placed: Layout, lefts: Sequence[float], widths: Sequence[float]) -> tuple[float, float]:
    column, y = placed.nodes[node]
    return lefts[column] + widths[column] / 2, y + MARGIN


def _box(
    node: int, placed: Layout, lefts: Sequence[float], widths: Sequence[float], labels: Sequence[str], class_: str
) -> Markup:
    x, y = _centre(node, placed, lefts, widths)
    width = _width(labels[node])
    rounding = HEIGHT / 2 if "source" in class_ else 6
    outline = tag("rect", x=x - width / 2, y=y - HEIGHT / 2, width=width, height=HEIGHT, rx=rounding)
    return tag("g", outline, text(x, y + 4.5, labels[node], class_="word"), class_=class_)


def _arrow(
    edge: Edge, placed: Layout, lefts: Sequence[float], widths: Sequence[float], labels: Sequence[str], ports: int
) -> Markup:
    """A curve from the source's right side to the target's port; it crosses the columns between level."""
    start_x, start_y = _centre(edge.source, placed, lefts, widths)
    end_x, end_y = _centre(edge.target, placed, lefts, widths)
    stops = [(start_x + _width(labels[edge.source]) / 2, start_y)]
    for column, bend in enumerate(edge.bends, placed.nodes[edge.source].column + 1):
        stops += [(lefts[column], bend + MARGIN), (lefts[column] + widths[column], bend + MARGIN)]
    spread = min(HEIGHT - 14, 12.0 * (ports - 1))
    port = end_y + (spread * (edge.place / (ports - 1) - 0.5) if ports > 1 else 0.0)
    stops.append((end_x - _width(labels[edge.target]) / 2, port))
    path = f"M{_pair(*stops[0])}"
    for (from_x, from_y), (to_x, to_y) in pairwise(stops):
        middle = (from_x + to_x) / 2
        path += f"C{_pair(middle, from_y)} {_pair(middle, to_y)} {_pair(to_x, to_y)}"
    return tag("path", d=path, class_="arrow", marker_end="url(#arrowhead)")


def _pair(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
