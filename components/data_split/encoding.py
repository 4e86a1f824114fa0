"""How the columns of a table become a model's inputs: fitted once, kept with the model, and used for new rows.

inputs = load_encoding("runs/people/model").encode({"age": [31, None], "job": ["cook", "baker"]})
"""

import math
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from components.data_split.cells import number_of, present, read_cells
from components.data_split.errors import DataError
from components.data_split.parquet_file import Unusable, read_parquet_columns
from components.records.layout import ENCODING
from components.records.results import Record
from components.records.store import DamagedRecord, Store, open_search, read_record, write_record

Columns = Mapping[str, Sequence[Any]]


class NumberEncoding(Record, frozen=True, kw_only=True, tag_field="kind", tag="number"):
    """A column of numbers: (x - mean) / deviation, x the median where it is missing.

    Fields:
        name: of the column.
        median: of the training rows that have a value.
        mean, deviation: of the training rows once filled, the deviation that of the population; 1 where it is 0.
        marks_missing: whether a second feature says which rows miss the number; where training rows did.
    """

    name: str
    median: float
    mean: float
    deviation: float
    marks_missing: bool

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return (self.name, f"{self.name}=<missing>") if self.marks_missing else (self.name,)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Returns numbers `[rows]` float64, NaN where missing, as `[rows, features]` float32."""
        missing = np.isnan(values)
        features = [(np.where(missing, self.median, values) - self.mean) / self.deviation]
        if self.marks_missing:
            features.append(missing)
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is refused as such
            return np.stack(features, axis=1).astype(np.float32)

    def values_of(self, given: Any) -> np.ndarray:
        """Returns a column of new rows as numbers; None and NaN are missing, and a text may say a number.

        Raises:
            DataError: where one is no number, or not finite.
        """
        if isinstance(given, Unusable):
            raise DataError("columns", f"hold numbers in {self.name!r}", given.what)
        if isinstance(given, np.ndarray) and given.dtype.kind in "iufb":
            values = given.astype(np.float64)
        else:
            values = np.array([_number(self.name, row, value) for row, value in enumerate(given)], np.float64)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            rule = f"hold finite numbers in {self.name!r}"
            raise DataError("columns", rule, f"{values[infinite[0]]} in row {infinite[0]}")
        return values


class CategoryEncoding(Record, frozen=True, kw_only=True, tag_field="kind", tag="category"):
    """A column of texts, one-hot: a feature for each category, one for missing and one for unseen.

    Fields:
        name: of the column.
        categories: of the training rows, sorted.
    """

    name: str
    categories: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(f"{self.name}={value}" for value in [*self.categories, "<missing>", "<unseen>"])

    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Returns texts by row, None where missing, as `[rows, features]` float32."""
        positions = {category: index for index, category in enumerate([*self.categories, None])}
        one_hot = np.zeros((len(values), len(positions) + 1), np.float32)
        one_hot[np.arange(len(values)), [positions.get(value, len(positions)) for value in values]] = 1
        return one_hot

    def values_of(self, given: Any) -> tuple[str | None, ...]:
        """Returns a column of new rows as texts; None and NaN are missing.

        Raises:
            DataError: where one is no text.
        """
        if isinstance(given, Unusable):
            raise DataError("columns", f"hold texts in {self.name!r}", given.what)
        return tuple(_text(self.name, row, value) for row, value in enumerate(given))


class Encoding(Record, frozen=True, kw_only=True):
    """`encoding.json`, beside the data and beside the delivered model: how a table's columns became features.

    Fields:
        columns: in the order of their features.
    """

    columns: tuple[NumberEncoding | CategoryEncoding, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of all features."""
        return tuple(name for column in self.columns for name in column.features)

    def encode(self, rows: Columns | str | os.PathLike[str]) -> np.ndarray:
        """Returns rows as the model's inputs, `[rows, features]` float32; the training rows as they were trained on.

        A missing value is None or NaN (in a CSV file what counts as missing there): a missing number becomes the
        training median, a missing category has a feature of its own, and so has one that no training row had.

        Args:
            rows: columns by name, of equal lengths (lists, arrays, a pandas frame); or the path of a CSV file, or of
                a Parquet file or folder (`*.parquet`, or any folder). Columns that the model doesn't know are passed
                over.

        Raises:
            DataError: where a column isn't there, there are no rows, lengths differ, or a value is of the wrong type,
                infinite or beyond float32; names the column, and the row from 0.
        """
        given = _read(os.fspath(rows)) if isinstance(rows, str | os.PathLike) else rows
        for column in self.columns:
            if column.name not in given:
                held = ", ".join(repr(str(name)) for name in given) or "none"
                raise DataError("columns", f"have the column {column.name!r}", held)
            value = given[column.name]
            if isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) != 1:
                raise DataError("columns", f"have a value for each row in {column.name!r}", repr(value))
        encoded = [column.encode(column.values_of(given[column.name])) for column in self.columns]  # type: ignore[arg-type]
        if not len(encoded[0]):
            raise DataError("columns", f"have a row or more in {self.columns[0].name!r}", "none")
        for column, features in zip(self.columns, encoded, strict=True):
            if len(features) != len(encoded[0]):
                rule = f"have as many rows in {column.name!r} as in {self.columns[0].name!r}, {len(encoded[0])}"
                raise DataError("columns", rule, str(len(features)))
            wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
            if len(wrong):
                rule = f"hold numbers within float32 in {column.name!r} once standardised"
                raise DataError("columns", rule, f"one beyond in row {wrong[0]}")
        return np.concatenate(encoded, axis=1)


def load_encoding(folder: str) -> Encoding:
    """Returns how rows of a table become the inputs of a delivered model. Needs no TensorFlow.

    Args:
        folder: URI of the delivered folder `model`, wherever it lies.

    Raises:
        FileNotFoundError: where the folder holds no encoding, as the model takes no tables or there is none.
        DamagedRecord: where it is damaged.
    """
    encoding = read_record(open_search(folder), ENCODING, Encoding)
    if encoding is None:
        raise FileNotFoundError(f"`folder` must be a delivered model of a table. Received: folder={folder!r}.")
    return encoding


def put_encoding(store: Store, folder: str, encoding: Encoding) -> None:
    """Writes an encoding beside the rows of a folder, unless it is there.

    Raises:
        DamagedRecord: where another one is there.
    """
    path = f"{folder}/{ENCODING}"
    if write_record(store, path, encoding) != encoding:
        raise DamagedRecord(
            f"`{store.uri}/{path}` must be how these rows are encoded, but an unfinished split left another encoding:"
            " the data has changed since. Start again in another search directory."
        )


def _read(path: str) -> Mapping[str, Any]:
    """The columns of a file."""
    if path.endswith(".parquet") or Path(path).expanduser().is_dir():
        return read_parquet_columns(path, "columns")
    return {name: present(cells) for name, cells in read_cells(path, "columns").columns().items()}


def _number(name: str, row: int, value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, Real | Decimal | np.bool_):
        return float(value)
    if isinstance(value, str):
        try:
            return number_of(value)
        except ValueError:
            pass
    raise DataError("columns", f"hold numbers in {name!r}", f"{value!r} in row {row}")


def _text(name: str, row: int, value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return str(value)
    raise DataError("columns", f"hold texts in {name!r}", f"{value!r} in row {row}")
