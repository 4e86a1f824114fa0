"""The drawing of a graph: a box a live node, an arrow an edge, from left to right, nothing on top of anything."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from components.report.graph_drawing import graph_drawing
from components.report.graph_layout import layout
from components.search_spaces.space import Box


def random_graph(rng: np.random.Generator, nodes: int) -> tuple[Box, ...]:
    """A graph of four inputs and so many binary or unary nodes; active is what the last node depends on."""
    inputs: list[tuple[int, ...]] = [()] * 4
    for node in range(4, 4 + nodes):
        inputs.append(tuple(int(rng.integers(node)) for _ in range(rng.integers(1, 3))))
    live, stack = {len(inputs) - 1}, [len(inputs) - 1]
    while stack:
        for source in inputs[stack.pop()]:
            if source not in live:
                live.add(source)
                stack.append(source)
    return tuple(Box(f"op_{node}" + "_" * (node % 3 * 5), sources, node in live) for node, sources in enumerate(inputs))


GRAPHS = [random_graph(np.random.default_rng(seed), 10) for seed in range(20)]


def boxes_of(drawing: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box by its label."""
    placed = {}
    for group in ElementTree.fromstring(drawing).iter("g"):
        if "box" in (group.get("class") or ""):
            x, y, width, height = (float(group.find("rect").get(key)) for key in ("x", "y", "width", "height"))
            placed[group.find("text").text] = (x, y, x + width, y + height)
    return placed


def arrows_of(drawing: str) -> list[list[tuple[float, float]]]:
    """The points of each arrow, control points included."""
    paths = [path for path in ElementTree.fromstring(drawing).iter("path") if path.get("class") == "arrow"]
    numbers = [list(map(float, re.findall(r"-?\d+\.?\d*", path.get("d")))) for path in paths]
    return [list(zip(each[::2], each[1::2], strict=True)) for each in numbers]


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_one_box_a_live_node_and_one_arrow_an_edge_from_source_to_target(graph):
    drawing = graph_drawing(graph)
    placed, arrows = boxes_of(drawing), arrows_of(drawing)
    live = [box for box in graph if box.active]
    assert sorted(placed) == sorted(box.label for box in live)
    wanted = sorted((graph[source].label, box.label) for box in live for source in box.inputs)

    def owner(x: float, y: float, side: int) -> str:
        """The box on whose left (0) or right (2) side a point lies."""
        return next(
            label for label, at in placed.items() if abs(at[side] - x) < 0.02 and at[1] - 0.02 <= y <= at[3] + 0.02
        )

    assert sorted((owner(*arrow[0], 2), owner(*arrow[-1], 0)) for arrow in arrows) == wanted


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_boxes_lie_apart_inside_the_drawing_and_the_output_is_rightmost(graph):
    drawing = graph_drawing(graph)
    root = ElementTree.fromstring(drawing)
    width, height = float(root.get("width")), float(root.get("height"))
    placed = boxes_of(drawing)
    output = placed[graph[-1].label]
    for label, (left, top, right, bottom) in placed.items():
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        assert label == graph[-1].label or right < output[0]
        for other, (other_left, other_top, other_right, other_bottom) in placed.items():
            apart = right < other_left or other_right < left or bottom < other_top or other_bottom < top
            assert label == other or apart, f"{label} lies on {other}"
    sources = [placed[box.label] for box in graph if box.active and not box.inputs]
    first = min((left + right) / 2 for left, _, right, _ in placed.values())
    assert all((left + right) / 2 == pytest.approx(first, abs=0.02) for left, _, right, _ in sources)


def test_an_argument_used_twice_is_two_arrows_into_two_ports():
    arrows = arrows_of(graph_drawing((Box("x", (), True), Box("mul", (0, 0), True))))
    assert len(arrows) == 2
    assert arrows[0][0] == arrows[1][0]
    assert arrows[0][-1][1] < arrows[1][-1][1], "the first argument enters above the second"


def points_along(arrow: list[tuple[float, float]]) -> np.ndarray:
    """Points on an arrow's Bezier curves, `[points, 2]`."""
    t = np.linspace(0, 1, 30)[:, None]
    pieces = []
    for first in range(0, len(arrow) - 1, 3):
        p0, p1, p2, p3 = np.array(arrow[first : first + 4])
        pieces.append((1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3)
    return np.concatenate(pieces)


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_no_edge_runs_through_a_box(graph):
    drawing = graph_drawing(graph)
    for arrow in arrows_of(drawing):
        x, y = points_along(arrow).T
        for label, (left, top, right, bottom) in boxes_of(drawing).items():
            inside = (x > left + 0.1) & (x < right - 0.1) & (y > top) & (y < bottom)
            assert not inside.any(), f"an edge runs through {label}"


def test_layout_has_no_crossing_where_none_is_needed():
    """Two chains side by side: a to c and b to d in the order in which they are given crosswise."""
    placed = layout([[], [], [1], [0], [2, 3]], node_height=30.0)
    heights = [node.y for node in placed.nodes]
    assert (heights[0] - heights[1]) * (heights[3] - heights[2]) > 0
    assert [node.column for node in placed.nodes] == [0, 0, 1, 1, 2]


def test_layout_refuses_a_graph_out_of_order():
    with pytest.raises(ValueError, match=r"The inputs of node 0 must come before it\. Received: \(1,\)\."):
        layout([[1], []], node_height=30.0)
