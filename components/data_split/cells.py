"""The text of a comma-separated file with a header: its cells by column, and what one of them says."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from components.data_split.errors import DataError

MISSING = ("", "?", "na", "n/a", "nan", "null")  # in lower case; what spreadsheets, R, pandas and UCI files write
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")  # ISO 8601 without its rarer forms, some of which are numbers too


class Cells(NamedTuple):
    """A file's text.

    Fields:
        header: names of the columns, no two equal.
        rows: the cells of each row, as many as the header's.
        lines: the line on which each row ends, from 1.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Returns the cells of each column, `[rows]`."""
        return dict(zip(self.header, zip(*self.rows))) if self.rows else dict.fromkeys(self.header, ())


def read_cells(path: str, argument: str = "data.source") -> Cells:
    """Reads a UTF-8 file; blank lines are passed over, and blanks around a cell.

    Args:
        path: of the file; a relative one starts at the current folder.
        argument: what an error names.

    Raises:
        DataError: where the file can't be read as such; names the line.
    """
    try:
        with Path(path).expanduser().open(encoding="utf-8-sig", newline="") as file:
            numbered = list(_numbered_rows(csv.reader(file, strict=True, skipinitialspace=True), path, argument))
    except UnicodeDecodeError as error:
        raise DataError(argument, "be UTF-8 text", f"{path} with {error.reason}") from error
    except OSError as error:
        raise DataError(argument, "be a readable file", f"{path} ({error.strerror})") from error
    if not numbered:
        raise DataError(argument, "have a header", f"{path}, which is empty")
    (_, header), *rows = numbered
    _check_header(header, argument)
    for line, row in rows:
        if len(row) != len(header):
            rule = f"have {len(header)} cells in each row, as its header has"
            raise DataError(argument, rule, f"{len(row)} in line {line} of {path}")
    return Cells(header, [row for _, row in rows], [line for line, _ in rows])


def present(cells: Sequence[str]) -> tuple[str | None, ...]:
    """Returns cells with None for those that are missing."""
    return tuple(None if cell.lower() in MISSING else cell for cell in cells)


def number_of(cell: str) -> float:
    """Returns the number that a cell says, or infinity.

    Raises:
        ValueError: where it says none.
    """
    if "_" in cell:  # Python reads the age group 18_24 as 1824
        raise ValueError(cell)
    return float(cell)


def numbers_of(cells: Sequence[str | None]) -> np.ndarray | None:
    """Returns the numbers of cells, `[rows]` float64 with NaN for a missing one; None where one is no number."""
    try:
        return np.array([np.nan if cell is None else number_of(cell) for cell in cells], np.float64)
    except ValueError:
        return None


def are_dates(cells: Sequence[str | None]) -> bool:
    """Whether there are cells and each that isn't missing is an ISO date, such as 2026-01-31 or 2026-01-31T12:00Z."""
    held = [cell for cell in cells if cell is not None]
    return bool(held) and all(map(_is_date, held))


def _is_date(cell: str) -> bool:
    if not DATE.fullmatch(cell):
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _numbered_rows(reader, path: str, argument: str) -> Iterator[tuple[int, list[str]]]:  # csv names no reader's type
    try:
        for row in reader:
            if row:  # blank lines have no cells
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise DataError(argument, "be valid CSV", f"line {reader.line_num} of {path}: {error}") from error


def _check_header(header: list[str], argument: str) -> None:
    for position, name in enumerate(header):
        if not name:
            raise DataError(argument, "name each column in its header", f"none for column {position + 1}")
        if name in header[:position]:
            raise DataError(argument, "have columns of different names", f"{name!r} twice")
