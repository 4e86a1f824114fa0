"""Columns of numbers and of categories as features, with statistics of the training rows alone."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from components.data_split.encoding import CategoryEncoding, Encoding, NumberEncoding
from components.data_split.errors import DataError
from components.data_split.labelled import Encoded

FEW_ROWS = 100  # of fewer training rows each may well have a value of its own
MOST_CATEGORIES = 1000  # one column of more is an identifier or free text, and its one-hot matrix may not fit memory


class LeftOut(NamedTuple):
    """Why a column is no input."""

    reason: str


class Column(Protocol):
    """A column of a table."""

    @property
    def name(self) -> str:
        """Name of the column."""

    def fit(self, train: np.ndarray) -> tuple[NumberEncoding | CategoryEncoding, np.ndarray] | LeftOut:
        """Returns how the column is encoded and its features `[rows, features]` float32, or why it is left out.

        Args:
            train: indices of the training rows, the only ones that statistics are taken from.

        Raises:
            DataError: where the training rows allow no statistics.
        """

    def remark(self, train: np.ndarray) -> str:
        """What people should look at though the column is an input; empty where there is nothing."""


class NumberColumn(NamedTuple):
    """Numbers, `[rows]` float64; NaN is missing.

    A missing number becomes the training median. Then the column is standardised by the training mean and (population)
    standard deviation. Where the training rows miss some, a second feature says which rows do.
    """

    name: str
    values: np.ndarray

    def fit(self, train: np.ndarray) -> tuple[NumberEncoding, np.ndarray] | LeftOut:
        """Returns its encoding and features; it is left out where all training rows miss it or are equal."""
        known = self.values[train]
        present = known[~np.isnan(known)]
        if not len(present):
            return LeftOut("no training row has a value")
        marks_missing = len(present) < len(known)
        if not marks_missing and np.ptp(known) == 0:
            return LeftOut(f"constant: {known[0]:g} in each training row")
        median = float(np.median(present))
        filled = np.where(np.isnan(known), median, known)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = float(filled.mean()), float(filled.std())
        if not np.isfinite(deviation):
            rule = f"have a finite variance in the column {self.name!r}"
            raise DataError("data.source", rule, f"numbers to {abs(filled).max()}")
        encoding = NumberEncoding(
            name=self.name,
            median=median,
            mean=mean,
            deviation=deviation if np.ptp(filled) and deviation else 1.0,  # rounding may leave one just above 0
            marks_missing=marks_missing,
        )
        return encoding, encoding.encode(self.values)

    def remark(self, train: np.ndarray) -> str:
        """That it seems to be an identifier: of many training rows each has a whole number of its own."""
        known = self.values[train]
        if len(known) < FEW_ROWS or not np.array_equal(known, np.floor(known)) or len(np.unique(known)) < len(known):
            return ""
        return "each training row has a whole number of its own; leave an identifier out (data.leave_out)"


class CategoryColumn(NamedTuple):
    """Texts by row; None is missing.

    Fields:
        origin: why numbers are taken as texts, where most are numbers.
    """

    name: str
    values: tuple[str | None, ...]
    origin: str = ""

    def fit(self, train: np.ndarray) -> tuple[CategoryEncoding, np.ndarray] | LeftOut:
        """Returns its encoding and one-hot features; left out where all training rows miss it or are equal."""
        seen = {self.values[row] for row in train.tolist()}
        categories = sorted(value for value in seen if value is not None)
        if not categories:
            return LeftOut("no training row has a value")
        if len(seen) == 1:
            return LeftOut(f"constant: {categories[0]!r} in each training row")
        if len(categories) > MOST_CATEGORIES:
            rule = f"have numbers or at most {MOST_CATEGORIES} categories in the column {self.name!r}"
            received = f"{len(categories)} in the training rows, the first {categories[0]!r}"
            raise DataError("data.source", f"{rule}, unless data.leave_out names it", received)
        encoding = CategoryEncoding(name=self.name, categories=tuple(categories))
        return encoding, encoding.encode(self.values)

    def remark(self, train: np.ndarray) -> str:
        """Why numbers are taken as texts; or that of many training rows most have a category of their own."""
        if self.origin:
            return f"taken as categories: {self.origin}"
        held = {self.values[row] for row in train.tolist()} - {None}
        if len(train) < FEW_ROWS or 2 * len(held) <= len(train):
            return ""
        return (
            f"{len(held)} categories in {len(train)} training rows, such as {min(map(str, held))!r}; leave identifiers"
            " out (data.leave_out), write dates as 2026-01-31 and amounts as plain numbers"
        )


class UnusedColumn(NamedTuple):
    """A column that is no input, whatever it holds."""

    name: str
    reason: str

    def fit(self, train: np.ndarray) -> LeftOut:
        """Returns why it is left out."""
        return LeftOut(self.reason)

    def remark(self, train: np.ndarray) -> str:
        """Nothing."""
        return ""


class Table(NamedTuple):
    """Columns of equal length."""

    columns: tuple[Column, ...]

    def fit(self, train: np.ndarray) -> Encoded:
        """Returns the features of all columns that can be inputs, in the columns' order, and why the others can't.

        Raises:
            DataError: where none can.
        """
        fitted = {column.name: column.fit(train) for column in self.columns}
        left_out = {name: one.reason for name, one in fitted.items() if isinstance(one, LeftOut)}
        used = [one for one in fitted.values() if not isinstance(one, LeftOut)]
        if not used:
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in left_out.items())
            raise DataError("data.source", "have a column beside the label that can be an input", f"none ({reasons})")
        encoding = Encoding(columns=tuple(one for one, _ in used))
        values = np.concatenate([features for _, features in used], axis=1)
        remarks = {
            one.name: remark for one in self.columns if one.name not in left_out and (remark := one.remark(train))
        }
        return Encoded(values, features=encoding.features, encoding=encoding, left_out=left_out, remarks=remarks)


def without(columns: Mapping[str, Column], leave_out: Sequence[str]) -> Table:
    """Returns the table of columns by name, of which some are no inputs as the search file says so.

    Raises:
        DataError: where it names one that isn't there.
    """
    unknown = [name for name in leave_out if name not in columns]
    if unknown:
        known = ", ".join(map(repr, columns))
        raise DataError("data.leave_out", f"name columns beside the label ({known})", repr(unknown[0]))
    asked = {name: UnusedColumn(name, "the search file leaves it out") for name in leave_out}
    return Table(tuple({**columns, **asked}.values()))


def table_of_numbers(values: np.ndarray, names: tuple[str, ...]) -> Table:
    """Makes a table of an array in which nothing may be missing.

    Args:
        values: `[rows, features]`.
        names: names of the features.

    Raises:
        DataError: where a number is NaN or infinite.
    """
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, feature = wrong[0].tolist()
        value = values[row, feature]
        raise DataError("data.source", "hold finite numbers", f"{value} in row {row}, {names[feature]!r}")
    columns = np.asarray(values, np.float64).T
    return Table(tuple(NumberColumn(name, column) for name, column in zip(names, columns, strict=True)))
