"""A table's label column as classes, or as numbers to predict."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from components.data_split.cells import MISSING, number_of
from components.data_split.errors import DataError
from components.data_split.parquet_file import PlainColumn, Unusable
from components.records.data_section import LearningTask


class Labels(NamedTuple):
    """Labels of all rows.

    Fields:
        values: `[rows]`, class indices int32, or float64 numbers to predict in their own unit.
        classes: names of the classes; none of numbers.
    """

    values: np.ndarray
    classes: tuple[str, ...] = ()


def labels_of_cells(cells: Sequence[str], lines: Sequence[int], task: LearningTask) -> Labels:
    """Reads a column of a CSV file; classes are the sorted distinct labels, as text.

    Args:
        cells: of the label column, in each row.
        lines: the line of each, for errors.
        task: whether they are classes or numbers to predict.

    Raises:
        DataError: where one is missing, or is no finite number and should be.
    """
    for cell, line in zip(cells, lines):
        if cell.lower() in MISSING:
            raise DataError("data.label", "have a value in each row", f"{cell!r} in line {line}")
    if task == "classification":
        classes, labels = np.unique(np.asarray(cells), return_inverse=True)
        return Labels(labels.astype(np.int32), tuple(classes.tolist()))
    values = np.array([_number(cell, line) for cell, line in zip(cells, lines)], np.float64)
    return Labels(_checked(values, lambda row: f"{cells[row]} in line {lines[row]}"))


def labels_of_column(name: str, column: PlainColumn, task: LearningTask) -> Labels:
    """Reads a column of a Parquet file; classes are its distinct values, sorted as what they are.

    Raises:
        DataError: where one is missing or infinite, or the column's type fits no label or not this task.
    """
    if isinstance(column, Unusable):
        raise DataError("data.label", "be a column of numbers, booleans or texts", f"{name!r} with {column.what}")
    if isinstance(column, tuple):
        missing = [row for row, value in enumerate(column) if value is None]
    else:
        missing = np.flatnonzero(np.isnan(column)).tolist()
    if missing:
        raise DataError("data.label", "have a value in each row", f"none in row {missing[0]}")
    if isinstance(column, tuple):
        if task == "regression":
            raise _no_number(repr(column[0]), "in row 0")
        classes, labels = np.unique(np.asarray(column), return_inverse=True)
        return Labels(labels.astype(np.int32), tuple(classes.tolist()))
    _checked(column, lambda row: f"{column[row]} in row {row}")
    if task == "regression":
        return Labels(column)
    values, labels = np.unique(column, return_inverse=True)
    return Labels(labels.astype(np.int32), tuple(_name(value) for value in values.tolist()))


def _name(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _number(cell: str, line: int) -> float:
    try:
        return number_of(cell)
    except ValueError:
        raise _no_number(repr(cell), f"in line {line}") from None


def _no_number(label: str, where: str) -> DataError:
    return DataError("data.task", "be null or classification where labels are no numbers", f"the label {label} {where}")


def _checked(values: np.ndarray, shown: Callable[[int], str]) -> np.ndarray:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError("data.label", "hold finite numbers", shown(int(infinite[0])))
    return values
