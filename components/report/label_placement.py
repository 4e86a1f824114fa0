"""Labels beside points, placed so that they cover neither each other nor the points."""

from collections.abc import Sequence
from typing import NamedTuple

from components.report.markup import Markup, tag
from components.report.plot_frame import CHARACTER, text

HEIGHT = 14.0  # of a line of the plots' type


class Rectangle(NamedTuple):
    """Left, top, right and bottom in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Rectangle") -> float:
        """The area shared with another."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


class Label(NamedTuple):
    """Words that belong to the point (x, y)."""

    x: float
    y: float
    words: str
    class_: str


def place(labels: Sequence[Label], points: Sequence[tuple[float, float]], within: Rectangle) -> Markup:
    """Draws each label at the first of eight places around its point that is free, or else at the least covered.

    Args:
        labels: the more important first.
        points: pixels that should stay visible.
        within: labels stay inside this rectangle.
    """
    taken = [Rectangle(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    drawn = []
    for label in labels:
        spots = [spot for spot in _around(label) if _inside(spot, within)] or _around(label)[:1]
        best = min(spots, key=lambda spot: sum(spot.overlap(other) for other in taken))
        taken.append(best)
        drawn.append(text(best.left + 2, best.bottom - 3, label.words, anchor="start", class_=label.class_))
    return tag("g", *drawn, class_="labels")


def _around(label: Label) -> list[Rectangle]:
    """Right, left, above, below, then the four corners, then further off."""
    width, gap = len(label.words) * CHARACTER + 4, 8.0
    right, left = label.x + gap, label.x - gap - width
    middle, above, below = label.y - HEIGHT / 2, label.y - gap - HEIGHT, label.y + gap
    centre = label.x - width / 2
    corners = [(right, middle), (left, middle), (centre, above), (centre, below)]
    corners += [(right, above), (right, below), (left, above), (left, below)]
    corners += [(right, above - HEIGHT), (right, below + HEIGHT), (left, above - HEIGHT), (left, below + HEIGHT)]
    return [Rectangle(x, y, x + width, y + HEIGHT) for x, y in corners]


def _inside(spot: Rectangle, within: Rectangle) -> bool:
    fits_across = within.left <= spot.left and spot.right <= within.right
    return fits_across and within.top <= spot.top and spot.bottom <= within.bottom
