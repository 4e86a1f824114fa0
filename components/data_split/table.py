"""Columns of numbers and of categories as features, with statistics of the training rows alone."""

from typing import NamedTuple, Protocol

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Encoded

MOST_CATEGORIES = 1000  # one column of more is an identifier or free text, and its one-hot matrix may not fit memory


class Column(Protocol):
    """A column of a table."""

    @property
    def name(self) -> str:
        """Name of the column."""

    def encode(self, train: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns the column as features `[rows, features]` float32 and their names.

        Args:
            train: indices of the training rows, the only ones that statistics are taken from.

        Raises:
            DataError: where the training rows allow none.
        """


class NumberColumn(NamedTuple):
    """Numbers, `[rows]` float64; NaN is missing.

    A missing number becomes the training median. Then the column is standardised by the training mean and (population)
    standard deviation. Where the training rows miss some, a second feature says which rows do.
    """

    name: str
    values: np.ndarray

    def encode(self, train: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns the standardised numbers and, where training rows miss some, `NAME=<missing>` in {0, 1}."""
        missing = np.isnan(self.values)
        present = train[~missing[train]]
        if not len(present):
            raise DataError("data.source", f"have a training row with a value in the column {self.name!r}", "none")
        filled = np.where(missing, np.median(self.values[present]), self.values)
        features, names = [self._standardised(filled, train)], [self.name]
        if len(present) < len(train):
            features.append(missing)
            names.append(f"{self.name}=<missing>")
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is refused as such
            return np.stack(features, axis=1).astype(np.float32), tuple(names)

    def _standardised(self, filled: np.ndarray, train: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = filled[train].mean(), filled[train].std()
        if not np.isfinite(deviation):
            largest = abs(filled[train]).max()
            raise DataError(
                "data.source", f"have a finite variance in the column {self.name!r}", f"numbers to {largest}"
            )
        constant = np.ptp(filled[train]) == 0  # rounding may leave a deviation just above 0
        return (filled - mean) / (1.0 if constant else deviation)


class CategoryColumn(NamedTuple):
    """Texts by row; None is missing."""

    name: str
    values: tuple[str | None, ...]

    def encode(self, train: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns one-hot features: the sorted training categories, then `NAME=<missing>` and `NAME=<unseen>`."""
        seen = {self.values[row] for row in train.tolist()}
        categories = sorted(value for value in seen if value is not None)
        if len(categories) > MOST_CATEGORIES:
            rule = f"have numbers or at most {MOST_CATEGORIES} categories in the column {self.name!r}"
            raise DataError("data.source", rule, f"{len(categories)} in the training rows")
        positions = {category: index for index, category in enumerate([*categories, None])}
        hot = [positions.get(value, len(positions)) for value in self.values]
        one_hot = np.zeros((len(hot), len(positions) + 1), np.float32)
        one_hot[np.arange(len(hot)), hot] = 1
        return one_hot, tuple(f"{self.name}={value}" for value in [*categories, "<missing>", "<unseen>"])


class Table(NamedTuple):
    """Columns of equal length."""

    columns: tuple[Column, ...]

    def fit(self, train: np.ndarray) -> Encoded:
        """Returns the features of all columns, in the columns' order."""
        encoded = [column.encode(train) for column in self.columns]
        values = np.concatenate([features for features, _ in encoded], axis=1)
        return Encoded(values, features=tuple(name for _, names in encoded for name in names))


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
