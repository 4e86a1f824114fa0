"""HTML and SVG as nested calls: what is not `Markup` already is escaped, so no name can break out of its place."""

import html
import math
import re
from collections.abc import Iterable

_EMPTY = frozenset({"meta", "circle", "line", "path", "polyline", "polygon", "rect"})
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is markup already and is inserted as it stands."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Text as markup: `&`, `<`, `>` and quotes as entities, characters that XML forbids as U+FFFD."""
    return text if isinstance(text, Markup) else Markup(html.escape(_NOT_XML.sub("\ufffd", str(text))))


def join(parts: Iterable[str | None]) -> Markup:
    """Parts in a row; None is nothing."""
    return Markup("".join(escaped(part) for part in parts if part is not None))


def tag(name: str, /, *children: str | None, **attributes: str | float | None) -> Markup:
    """An element.

    Args:
        name: its name.
        children: text (escaped), markup, or None for nothing.
        attributes: `class_` is `class`, `stroke_width` is `stroke-width`; None leaves the attribute out, and numbers
            keep two decimals.
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    opening = name + "".join(f' {key}="{_value(value)}"' for key, value in pairs)
    if name in _EMPTY and not children:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{join(children)}</{name}>")


def _value(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """A coordinate: at most two decimals, no trailing zeros, no negative zero.

    Raises:
        ValueError: it is not finite; a figure leaves such points out.
    """
    if not math.isfinite(value):
        raise ValueError(f"A coordinate must be finite. Received: {value}.")
    return f"{round(float(value), 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def svg(width: float, height: float, title: str, *children: str | None, class_: str = "plot") -> Markup:
    """A drawing of `width` by `height` units that scales with the page and reads `title` to those who don't see it."""
    box = f"0 0 {number(width)} {number(height)}"
    heading = tag("title", title)
    return tag("svg", heading, *children, class_=class_, viewBox=box, width=width, height=height, role="img")
