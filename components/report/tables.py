"""Tables: numbers to the right, the first cell of a row its heading, the row that matters marked."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from components.report.markup import Markup, tag


class Words(str):
    """A column heading whose cells are words, set to the left; a plain string heads numbers, set to the right."""

    __slots__ = ()


class Row(NamedTuple):
    """Cells of a row, as many as there are columns, and a class such as `chosen` or `baseline`."""

    cells: Sequence[str]
    class_: str | None = None


def table(caption: str, columns: Sequence[str], rows: Iterable[Row]) -> Markup:
    """A table that scrolls sideways on its own where it is too wide."""
    sides = ["words" if isinstance(column, Words) else "number" for column in columns]
    head = [tag("th", str(column), scope="col", class_=side) for column, side in zip(columns, sides, strict=True)]
    body = [tag("tr", *_cells(row.cells, sides), class_=row.class_) for row in rows]
    parts = [tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *body)]
    return tag("div", tag("table", *parts), class_="scroll")


def _cells(cells: Sequence[str], sides: Sequence[str]) -> list[Markup]:
    (heading, side), *rest = zip(cells, sides, strict=True)
    return [tag("th", heading, scope="row", class_=side), *(tag("td", cell, class_=at) for cell, at in rest)]


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Names and values side by side."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts")
