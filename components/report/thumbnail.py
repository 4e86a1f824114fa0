"""Small pictures of image rows: pixels in the contents, drawn as one path a shade."""

import numpy as np

from components.report.markup import Markup, tag
from components.report.predictions import Image

LARGEST = 32  # pixels of a thumbnail's side
LEVELS = 15  # shades a channel besides black, which is what `#rgb` can say


def image_of(row: np.ndarray, low: float, high: float) -> Image:
    """A row of image data as the contents carry it.

    Args:
        row: `[height, width, channels]`; the first channel is drawn unless there are three.
        low, high: values that are black and white. low < high.
    """
    step = max(1, -(-max(row.shape[:2]) // LARGEST))
    picked = row[::step, ::step, :3] if row.shape[-1] >= 3 else row[::step, ::step, :1]
    shades = np.round(np.clip((picked - low) / (high - low), 0, 1), 3)
    return tuple(tuple(tuple(pixel) for pixel in line) for line in shades.tolist())


def thumbnail(image: Image, title: str, side: int = 44) -> Markup:
    """The picture, `side` units wide.

    Args:
        image: `[height][width]` pixels, at least one.
        title: what is seen, for those who don't see it.
        side: width on the page in pixels.
    """
    height, width = len(image), len(image[0])
    shades: dict[str, list[str]] = {}
    for y, line in enumerate(image):
        for x, pixel in enumerate(line):
            shades.setdefault(_colour(pixel), []).append(f"M{x} {y}h1v1h-1z")
    paths = (tag("path", d="".join(squares), fill=colour) for colour, squares in shades.items())
    box = f"0 0 {width} {height}"
    return tag("svg", tag("title", title), *paths, class_="thumbnail", viewBox=box, width=side,
               height=side * height / width, role="img", shape_rendering="crispEdges")  # fmt: skip


def _colour(pixel: tuple[float, ...]) -> str:
    channels = pixel if len(pixel) == 3 else pixel[:1] * 3
    return "#" + "".join(f"{round(min(max(value, 0.0), 1.0) * LEVELS):x}" for value in channels)
