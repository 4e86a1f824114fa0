"""`csv:PATH`: a comma-separated file with a header, one of whose columns is the label."""

from collections.abc import Sequence

import numpy as np

from components.data_split.cells import Cells, are_dates, numbers_of, present, read_cells
from components.data_split.errors import DataError
from components.data_split.labelled import Labelled
from components.data_split.labels import labels_of_cells
from components.data_split.table import CategoryColumn, Column, NumberColumn, UnusedColumn, without
from components.data_split.text import Texts, texts_of_cells
from components.records.search import Data


def read_csv(path: str, data: Data) -> Labelled:
    """Reads a UTF-8 file; a relative path starts at the current folder.

    With `data.text` the rows are the texts of its column. Else all columns beside the label are one table; a column is
    of numbers where every cell that isn't missing is one, left out where each is an ISO date, else of categories; where
    most cells are numbers, a remark names the first other one.
    Missing is an empty cell, or one of ?, NA, N/A, NaN and null in any case.

    Raises:
        DataError: where the file can't be read as such; names the line.
    """
    cells = read_cells(path)
    if data.label not in cells.header:
        columns = ", ".join(map(repr, cells.header))
        raise DataError("data.label", f"be one of the columns {columns}", f"label={data.label!r}")
    if not cells.rows:
        raise DataError("data.source", "have rows below its header", f"{path} with none")
    if len(cells.header) < 2:
        raise DataError("data.source", "have a column beside the label", f"{path} with {data.label!r} alone")
    by_column = cells.columns()
    labels = labels_of_cells(by_column.pop(str(data.label)), cells.lines, data.learning_task)
    if data.text is not None:
        return Labelled(_texts(by_column, data), *labels)
    return Labelled(
        without({name: _column(name, by_column[name], cells) for name in by_column}, data.leave_out), *labels
    )


def _texts(by_column: dict[str, tuple[str, ...]], data: Data) -> Texts:
    assert data.text is not None
    column = data.text.column
    if column not in by_column:
        columns = ", ".join(map(repr, by_column))
        raise DataError("data.text.column", f"be one of the columns {columns}", f"column={column!r}")
    return texts_of_cells(by_column[column], data.text)


def _column(name: str, given: Sequence[str], cells: Cells) -> Column:
    held = present(given)
    numbers = numbers_of(held)
    if numbers is None and are_dates(held):
        return UnusedColumn(name, "dates are no inputs")
    if numbers is None:
        return CategoryColumn(name, held, _first_other(held, cells))
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        row = infinite[0]
        rule = f"hold finite numbers in the column {name!r}"
        raise DataError("data.source", rule, f"{given[row]} in line {cells.lines[row]}")
    return NumberColumn(name, numbers)


def _first_other(held: Sequence[str | None], cells: Cells) -> str:
    """The first cell that is no number where most are; empty where most are none."""
    known = [row for row, cell in enumerate(held) if cell is not None]
    others = [row for row in known if numbers_of([held[row]]) is None]
    if 2 * len(others) >= len(known):
        return ""
    return f"{held[others[0]]!r} in line {cells.lines[others[0]]} is no number, as most of its cells are"
