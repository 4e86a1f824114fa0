"""`csv:PATH`: a comma-separated file with a header, one of whose columns is the label."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Labelled
from components.data_split.table import CategoryColumn, Column, NumberColumn, Table
from components.data_split.text import Texts, texts_of_cells
from components.records.search import Data

MISSING = ("", "?", "na", "n/a", "nan", "null")  # in lower case; what spreadsheets, R, pandas and UCI files write


class Cells(NamedTuple):
    """A file's text.

    Fields:
        header: names of the columns.
        rows: the cells of each row, as many as the header's.
        lines: the line on which each row ends, from 1.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_csv(path: str, data: Data) -> Labelled:
    """Reads a UTF-8 file; a relative path starts at the current folder.

    With `data.text` the rows are the texts of its column. Else all columns beside the label are one table; a column is
    of numbers where every cell that isn't missing is one, else of categories. Missing is an empty cell, or
    one of ?, NA, N/A, NaN and null in any case. The classes are the sorted distinct labels, as text.

    Raises:
        DataError: where the file can't be read as such; names the line.
    """
    cells = _read_cells(path)
    if data.label not in cells.header:
        columns = ", ".join(map(repr, cells.header))
        raise DataError("data.label", f"be one of the columns {columns}", f"label={data.label!r}")
    if not cells.rows:
        raise DataError("data.source", "have rows below its header", f"{path} with none")
    if len(cells.header) < 2:
        raise DataError("data.source", "have a column beside the label", f"{path} with {data.label!r} alone")
    by_column = dict(zip(cells.header, zip(*cells.rows)))
    labels, classes = _labels(by_column.pop(str(data.label)), cells.lines)
    if data.text is not None:
        return Labelled(_texts(by_column, data), labels, classes)
    return Labelled(Table(tuple(_column(name, by_column[name], cells.lines) for name in by_column)), labels, classes)


def _read_cells(path: str) -> Cells:
    try:
        with Path(path).expanduser().open(encoding="utf-8-sig", newline="") as file:
            numbered = list(_numbered_rows(csv.reader(file, strict=True, skipinitialspace=True), path))
    except UnicodeDecodeError as error:
        raise DataError("data.source", "be UTF-8 text", f"{path} with {error.reason}") from error
    except OSError as error:
        raise DataError("data.source", "be a readable file", f"{path} ({error.strerror})") from error
    if not numbered:
        raise DataError("data.source", "have a header", f"{path}, which is empty")
    (_, header), *rows = numbered
    _check_header(header)
    for line, row in rows:
        if len(row) != len(header):
            rule = f"have {len(header)} cells in each row, as its header has"
            raise DataError("data.source", rule, f"{len(row)} in line {line} of {path}")
    return Cells(header, [row for _, row in rows], [line for line, _ in rows])


def _numbered_rows(reader, path: str) -> Iterator[tuple[int, list[str]]]:  # csv names no type for its readers
    try:
        for row in reader:
            if row:  # blank lines have no cells
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise DataError("data.source", "be valid CSV", f"line {reader.line_num} of {path}: {error}") from error


def _check_header(header: list[str]) -> None:
    for position, name in enumerate(header):
        if not name:
            raise DataError("data.source", "name each column in its header", f"none for column {position + 1}")
        if name in header[:position]:
            raise DataError("data.source", "have columns of different names", f"{name!r} twice")


def _labels(cells: tuple[str, ...], lines: list[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    for cell, line in zip(cells, lines):
        if cell.lower() in MISSING:
            raise DataError("data.label", "have a value in each row", f"{cell!r} in line {line}")
    classes, labels = np.unique(cells, return_inverse=True)
    return labels.astype(np.int32), tuple(classes.tolist())


def _texts(by_column: dict[str, tuple[str, ...]], data: Data) -> Texts:
    assert data.text is not None
    column = data.text.column
    if column not in by_column:
        columns = ", ".join(map(repr, by_column))
        raise DataError("data.text.column", f"be one of the columns {columns}", f"column={column!r}")
    return texts_of_cells(by_column[column], data.text)


def _column(name: str, cells: tuple[str, ...], lines: list[int]) -> Column:
    present = tuple(None if cell.lower() in MISSING else cell for cell in cells)
    try:
        numbers = np.array([np.nan if cell is None else _number(cell) for cell in present])
    except ValueError:
        return CategoryColumn(name, present)
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        row = infinite[0]
        rule = f"hold finite numbers in the column {name!r}"
        raise DataError("data.source", rule, f"{cells[row]} in line {lines[row]}")
    return NumberColumn(name, numbers)


def _number(cell: str) -> float:
    if "_" in cell:  # Python reads the age group 18_24 as 1824
        raise ValueError(cell)
    return float(cell)
