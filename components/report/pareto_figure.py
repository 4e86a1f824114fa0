"""Quality against latency: every scored candidate, the Pareto front, the chosen one, the published baselines."""

from collections.abc import Sequence
from typing import NamedTuple

from components.report.contents import Tried
from components.report.label_placement import Label, Rectangle, place
from components.report.markup import Markup, svg, tag
from components.report.numerals import fixed, is_number, milliseconds
from components.report.plot_frame import dots, horizontal_axis, legend, vertical_axis
from components.report.scales import Scale, fitted

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 420, 92, 944, 48, 366
WORDS = {"scored": "scored", "front": "Pareto front", "baseline": "baseline", "chosen": "chosen"}  # back to front


class Point(NamedTuple):
    """Latency in ms, quality, the kind of its mark (a key of `WORDS`), and the candidate."""

    latency: float
    quality: float
    kind: str
    tried: Tried


def points_of(candidates: Sequence[Tried], front: Sequence[str], chosen: str | None) -> list[Point]:
    """What can be drawn: candidates with a quality and a latency, one that was scored twice once."""
    seen: dict[tuple[str, str], Point] = {}
    for tried in candidates:
        scored = tried.scored
        if scored.quality is None or scored.latency_ms is None:
            continue
        if is_number(scored.quality) and is_number(scored.latency_ms):
            point = Point(scored.latency_ms, scored.quality, _kind(tried, front, chosen), tried)
            seen.setdefault((scored.id, tried.name), point)
    return list(seen.values())


def _kind(tried: Tried, front: Sequence[str], chosen: str | None) -> str:
    if tried.scored.role == "baseline":
        return "baseline"
    if tried.scored.id == chosen:
        return "chosen"
    return "front" if tried.scored.id in front else "scored"


def pareto_figure(
    candidates: Sequence[Tried], front: Sequence[str], chosen: str | None, quality_name: str = "accuracy"
) -> Markup:
    """The figure; at least one candidate has a quality and a latency.

    Args:
        candidates: candidates and baselines.
        front: ids of the Pareto front.
        chosen: id of the winner; None where there is none yet.
        quality_name: what their quality is called.
    """
    points = points_of(candidates, front, chosen)
    x = fitted((point.latency for point in points), LEFT, RIGHT, within=(0, float("inf")), log=True)
    y = fitted((point.quality for point in points), BOTTOM, TOP, within=(0, 1))
    on_front = [point for point in points if point.kind != "baseline" and point.tried.scored.id in front]
    kinds = [kind for kind in WORDS if any(point.kind == kind for point in points)]
    return svg(
        WIDTH,
        HEIGHT,
        f"Validation {quality_name} against latency of every scored candidate, with the Pareto front",
        vertical_axis(x, y, f"validation {quality_name}, mean over networks"),
        horizontal_axis(x, BOTTOM, "latency, ms a batch (geometric mean over networks)"),
        _staircase(on_front, x, y),
        dots(*_scored(points, quality_name, x, y), "scored"),
        *(
            _mark(point, quality_name, x, y)
            for kind in kinds
            if kind != "scored"
            for point in points
            if point.kind == kind
        ),
        _labels(points, x, y),
        legend(RIGHT, TOP - 26, [(_shape(kind, 0, 0), WORDS[kind]) for kind in kinds]),
    )


def _shape(kind: str, x: float, y: float, *title: Markup) -> Markup:
    """The mark of a kind; the shapes differ, not only the colours."""
    if kind == "baseline":
        corners = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)]
        return tag("polygon", *title, points=" ".join(f"{px:.2f},{py:.2f}" for px, py in corners), class_=kind)
    if kind == "chosen":
        rings = [tag("circle", cx=x, cy=y, r=8.5, class_="ring"), tag("circle", cx=x, cy=y, r=4.5, class_="core")]
        return tag("g", *title, *rings, class_=kind)
    return tag("circle", *title, cx=x, cy=y, r=4 if kind == "scored" else 5, class_=kind)


def _title(point: Point, quality_name: str) -> str:
    tried = point.tried
    words = f"{tried.name or tried.scored.id}: {quality_name} {fixed(point.quality)}, {milliseconds(point.latency)}"
    return f"{words} {tried.formula}".strip()


def _scored(
    points: Sequence[Point], quality_name: str, x: Scale, y: Scale
) -> tuple[list[tuple[float, float]], list[str]]:
    """Places and titles of those that are nothing but scored."""
    scored = [point for point in points if point.kind == "scored"]
    return [(x(point.latency), y(point.quality)) for point in scored], [_title(point, quality_name) for point in scored]


def _mark(point: Point, quality_name: str, x: Scale, y: Scale) -> Markup:
    return _shape(point.kind, x(point.latency), y(point.quality), tag("title", _title(point, quality_name)))


def _staircase(front: Sequence[Point], x: Scale, y: Scale) -> Markup | None:
    """The border of what the front dominates: level to the next slower point, then up."""
    if not front:
        return None
    ordered = sorted(front, key=lambda point: (point.latency, point.quality))
    ends = [point.latency for point in ordered[1:]] + [x.high]
    corners = [f"{x(ordered[0].latency):.2f},{y.start:.2f}"]
    for point, until in zip(ordered, ends, strict=True):
        corners += [f"{x(latency):.2f},{y(point.quality):.2f}" for latency in (point.latency, until)]
    return tag("polyline", points=" ".join(corners), class_="staircase")


def _labels(points: Sequence[Point], x: Scale, y: Scale) -> Markup:
    """Names of the chosen one and of the baselines; the others say theirs when pointed at."""
    chosen = [point for point in points if point.kind == "chosen"]
    named = chosen + [point for point in points if point.kind == "baseline"]
    labels = [
        Label(x(point.latency), y(point.quality), point.tried.name or WORDS[point.kind], f"name {point.kind}-name")
        for point in named
    ]
    pixels = [(x(point.latency), y(point.quality)) for point in points]
    return place(labels, pixels, Rectangle(x.start, y.end - 10, x.end, y.start))
