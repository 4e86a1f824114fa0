"""What every plot has: a grid with tick labels, axis titles, a legend."""

from collections.abc import Sequence

from components.report.markup import Markup, number, tag
from components.report.scales import Scale

TITLED = 500
CHARACTER = 6.4  # mean width of a character of the plots' 12 pixel type


def text(x: float, y: float, words: str, *, anchor: str = "middle", class_: str = "tick") -> Markup:
    """Words at a point; `anchor` is `start`, `middle` or `end`."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=class_)


def vertical_axis(x: Scale, y: Scale, title: str, about: int = 5, lift: float = 16) -> Markup:
    """Grid lines across the plot, labels on the left, the title `lift` above; `y.start` is the bottom."""
    drawn = [text(x.start - 8, y.end - lift, title, anchor="start", class_="title")]
    for value in y.ticks(about):
        drawn.append(tag("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), class_="grid"))
        drawn.append(text(x.start - 8, y(value) + 4, y.text(value, about), anchor="end"))
    return tag("g", *drawn)


def horizontal_axis(x: Scale, bottom: float, title: str, about: int = 8, whole: bool = False) -> Markup:
    """The line at `bottom`, ticks, labels and the title below; `whole` keeps whole numbers only."""
    drawn = [tag("line", x1=x.start, x2=x.end, y1=bottom, y2=bottom, class_="axis")]
    for value in x.ticks(about):
        if whole and abs(value - round(value)) > 1e-9:
            continue
        drawn.append(tag("line", x1=x(value), x2=x(value), y1=bottom, y2=bottom + 4, class_="axis"))
        drawn.append(text(x(value), bottom + 18, x.text(round(value) if whole else value, 1 if whole else about)))
    drawn.append(text((x.start + x.end) / 2, bottom + 38, title, class_="title"))
    return tag("g", *drawn)


def legend(right: float, y: float, entries: Sequence[tuple[Markup, str]]) -> Markup:
    """Marks and their words in a row that ends at `right`; each mark is drawn around (0, 0)."""
    drawn, left = [], right
    for mark, words in reversed(entries):
        left -= len(words) * CHARACTER + 30
        drawn.append(tag("g", mark, text(12, 4, words, anchor="start"), transform=f"translate({left:.1f} {y:.1f})"))
    return tag("g", *reversed(drawn), class_="legend")


def dots(points: Sequence[tuple[float, float]], titles: Sequence[str], class_: str) -> Markup:
    """A dot a point with a title for the pointer; very many become one path without titles, to keep the page small."""
    if len(points) > TITLED:
        return tag("path", d="".join(f"M{number(x)} {number(y)}h0" for x, y in points), class_=class_)
    circles = (
        tag("circle", tag("title", title), cx=x, cy=y, r=4, class_=class_)
        for (x, y), title in zip(points, titles, strict=True)
    )
    return tag("g", *circles)
