"""The reliability diagram: accuracy against confidence, and how many predictions each bin holds."""

from collections.abc import Sequence

from components.report.markup import Markup, svg, tag
from components.report.numerals import count, fixed
from components.report.plot_frame import horizontal_axis, legend, text, vertical_axis
from components.report.predictions import ReliabilityBin
from components.report.scales import Scale

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 470, 440, 56, 456, 48, 318
STRIP = 52  # height of the counts below the plot


def reliability_figure(bins: Sequence[ReliabilityBin]) -> Markup:
    """The figure; at least one bin holds a prediction."""
    x, y = Scale(0, 1, LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    most = max(each.count for each in bins)
    filled = [each for each in bins if each.count]
    return svg(
        WIDTH,
        HEIGHT,
        "Reliability diagram: accuracy against confidence on the test rows",
        vertical_axis(x, y, "accuracy"),
        *(_bar(each, x, y) for each in filled),
        tag("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="diagonal"),
        *(_dot(each, x, y) for each in filled),
        *(_count(each, most, x) for each in filled),
        text(LEFT - 8, BOTTOM + 34, "rows", anchor="end"),
        horizontal_axis(x, BOTTOM + STRIP + 16, "confidence (probability of the predicted class)", about=5),
        legend(RIGHT, TOP - 26, [(tag("circle", r=4, class_="bin"), "a bin"), (_DIAGONAL, "calibrated")]),
    )


_DIAGONAL = tag("line", x1=-8, x2=8, class_="diagonal")


def _bar(each: ReliabilityBin, x: Scale, y: Scale) -> Markup:
    left, right, accuracy = x(each.lower) + 1, x(each.upper) - 1, each.accuracy or 0.0
    return tag("rect", x=left, y=y(accuracy), width=right - left, height=y(0) - y(accuracy), class_="bar")


def _dot(each: ReliabilityBin, x: Scale, y: Scale) -> Markup:
    """The bin's mean confidence and accuracy, and its distance from the diagonal."""
    confidence, accuracy = each.confidence or 0.0, each.accuracy or 0.0
    words = f"confidence {fixed(confidence)}, accuracy {fixed(accuracy)}, {count(each.count)} rows"
    gap = tag("line", x1=x(confidence), x2=x(confidence), y1=y(confidence), y2=y(accuracy), class_="gap")
    dot = tag("circle", tag("title", words), cx=x(confidence), cy=y(accuracy), r=4, class_="bin")
    return tag("g", gap, dot)


def _count(each: ReliabilityBin, most: int, x: Scale) -> Markup:
    """Number and bar of the bin's rows; even a single row is a visible bar."""
    left, right, height = x(each.lower) + 1, x(each.upper) - 1, max(1.5, (STRIP - 16) * each.count / most)
    base = BOTTOM + STRIP + 16
    bar = tag("rect", x=left, y=base - height, width=right - left, height=height, class_="count")
    return tag("g", bar, text((left + right) / 2, base - height - 4, count(each.count), class_="small"))
