"""How a quantity is distributed over right and wrong predictions: right ones upwards, wrong ones downwards."""

from collections.abc import Sequence

from components.report.markup import Markup, svg, tag
from components.report.numerals import count, percent, significant
from components.report.plot_frame import horizontal_axis, legend, text
from components.report.predictions import Histogram
from components.report.scales import Scale

WIDTH, LEFT, RIGHT, TOP, MIDDLE, BOTTOM, HEIGHT = 470, 56, 456, 48, 148, 228, 276


def uncertainty_figure(histogram: Histogram, quantity: str) -> Markup:
    """The figure; each side's bars are shares of its own predictions, since right ones are far more.

    Args:
        histogram: the counts.
        quantity: what is binned, such as `mutual information`.
    """
    right, wrong = sum(histogram.right), sum(histogram.wrong)
    x = Scale(histogram.edges[0], histogram.edges[-1], LEFT, RIGHT)
    return svg(
        WIDTH,
        HEIGHT,
        f"Distribution of {quantity} over right and wrong test predictions",
        *_bars(histogram.right, histogram.edges, x, MIDDLE - TOP, "right"),
        *_bars(histogram.wrong, histogram.edges, x, MIDDLE - BOTTOM, "wrong"),
        tag("line", x1=LEFT, x2=RIGHT, y1=MIDDLE, y2=MIDDLE, class_="axis"),
        text(LEFT - 8, (TOP + MIDDLE) / 2, "right", anchor="end"),
        text(LEFT - 8, (MIDDLE + BOTTOM) / 2, "wrong", anchor="end"),
        horizontal_axis(x, BOTTOM, f"{quantity}, nats", about=5),
        legend(
            RIGHT,
            TOP - 26,
            [(_square("right"), f"right ({count(right)})"), (_square("wrong"), f"wrong ({count(wrong)})")],
        ),
    )


def _square(class_: str) -> Markup:
    return tag("rect", x=-5, y=-5, width=10, height=10, class_=class_)


def _bars(counts: Sequence[int], edges: Sequence[float], x: Scale, reach: float, class_: str) -> list[Markup]:
    """Bars from the middle line; the longest is `reach` long, upwards where that is positive."""
    total, most = sum(counts), max(counts)
    drawn = []
    for held, low, high in zip(counts, edges, edges[1:], strict=False):
        if not held:
            continue
        length = max(abs(reach) * held / most, 1.5)
        words = f"{significant(low)} to {significant(high)}: {count(held)} {class_} ({percent(held, total)})"
        top = MIDDLE - length if reach > 0 else MIDDLE
        title = tag("title", words)
        drawn.append(
            tag("rect", title, x=x(low) + 0.5, y=top, width=x(high) - x(low) - 1, height=length, class_=class_)
        )
    return drawn
