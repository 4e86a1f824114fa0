"""The toy example's picture: how often rejection, and each rival's reward over its weight, find the best network."""

from collections.abc import Mapping, Sequence

from benchmarks.toy_runs import Ends
from components.report.markup import Markup, join, svg, tag
from components.report.plot_frame import horizontal_axis, text, vertical_axis
from components.report.scales import Scale

WIDTH, HEIGHT, TOP, BOTTOM = 980, 400, 56, 300
PANELS = (("within", "most probable within the limit", 60, 470), ("of_all", "most probable of all", 550, 960))
RIVALS = {"mnasnet": "#b7791f", "mnasnet_hard": "#c2410c", "absolute": "#7c3aed", "one_sided": "#0f7b55"}
REJECTION = {"exact": ("none", "exact P(V)"), "5": ("7 4", "N = 5"), "none": ("2 4", "not corrected")}
BLUE = "#2557d6"
STYLE = """
.plot { background: #ffffff; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
text { fill: #5b6472; } .title { fill: #1b1f27; font-weight: 600; }
.grid { stroke: #e1e5eb; } .axis { stroke: #8a93a1; } polyline, .mark { fill: none; stroke-width: 2; }
"""


def figure(rivals: Mapping[str, Sequence[tuple[float, Ends]]], rejection: Mapping[str, Ends]) -> str:
    """Returns the SVG file's text.

    Args:
        rivals: by reward, how it ends under each weight (its size, ascending).
        rejection: by correction (`exact`, `5`, `none`), how it ends.
    """
    heaviest = max(weight for points in rivals.values() for weight, _ in points)
    panels = [_panel(rule, title, left, right, heaviest, rivals, rejection) for rule, title, left, right in PANELS]
    words = "Share of runs that choose the best network within the limit, over the weight of each reward's penalty"
    drawn = svg(WIDTH, HEIGHT, words, tag("style", Markup(STYLE)), *panels, _legend())
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _panel(
    rule: str,
    title: str,
    left: float,
    right: float,
    heaviest: float,
    rivals: Mapping[str, Sequence[tuple[float, Ends]]],
    rejection: Mapping[str, Ends],
) -> Markup:
    x, y = Scale(0, heaviest, left, right), Scale(0, 1, BOTTOM, TOP)
    levels = [
        tag("line", x1=left, x2=right, y1=y(value), y2=y(value), class_="mark", stroke=BLUE, stroke_dasharray=dashes)
        for name, (dashes, _) in REJECTION.items()
        for value in (getattr(rejection[name], rule),)
    ]
    curves = [
        tag(
            "polyline",
            points=" ".join(f"{x(weight):.1f},{y(getattr(ends, rule)):.1f}" for weight, ends in rivals[name]),
            stroke=colour,
        )
        for name, colour in RIVALS.items()
    ]
    axes = [
        vertical_axis(x, y, f"share of runs, choosing the {title}"),
        horizontal_axis(x, BOTTOM, "size of the penalty's weight |w|"),
    ]
    return tag("g", *axes, *curves, *levels)


def _legend() -> Markup:
    entries = [(BLUE, dashes, f"rejection, {words}") for dashes, words in REJECTION.values()]
    entries += [(colour, "none", name.replace("_", " ")) for name, colour in RIVALS.items()]
    drawn, left = [], 20.0
    for colour, dashes, words in entries:
        line = tag("line", x1=0, x2=22, y1=0, y2=0, class_="mark", stroke=colour, stroke_dasharray=dashes)
        drawn.append(tag("g", line, text(28, 4, words, anchor="start"), transform=f"translate({left:.0f} 380)"))
        left += 46 + 6.2 * len(words)
    return join(drawn)
