"""`parquet:PATH`: a Parquet file, or a folder of parts of one schema, one of whose columns is the label."""

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Labelled
from components.data_split.labels import labels_of_column
from components.data_split.parquet_file import PlainColumn, Unusable, read_parquet_columns
from components.data_split.table import CategoryColumn, Column, NumberColumn, UnusedColumn, without
from components.records.search import Data


def read_parquet(path: str, data: Data) -> Labelled:
    """Reads a file, or the parts of a folder in the order of their names; a relative path starts at the current folder.

    All columns beside the label are one table: integers, floats, booleans and decimals are numbers, texts (also as
    dictionaries) are categories, and dates, times and any other types are left out. Missing is null, or NaN.

    Raises:
        DataError: where the file can't be read as such; names the column, and the row from 0.
    """
    columns = read_parquet_columns(path)
    if data.label not in columns:
        raise DataError("data.label", f"be one of the columns {', '.join(map(repr, columns))}", f"label={data.label!r}")
    label = columns.pop(str(data.label))
    if not columns:
        raise DataError("data.source", "have a column beside the label", f"{path} with {data.label!r} alone")
    labels = labels_of_column(str(data.label), label, data.learning_task)
    if not len(labels.values):
        raise DataError("data.source", "have rows", f"{path} with none")
    return Labelled(without({name: _column(name, columns[name]) for name in columns}, data.leave_out), *labels)


def _column(name: str, held: PlainColumn) -> Column:
    if isinstance(held, Unusable):
        return UnusedColumn(name, f"{held.what} are no inputs" if "dates" in held.what else f"{held.what} is no input")
    if isinstance(held, tuple):
        return CategoryColumn(name, held)
    infinite = np.flatnonzero(np.isinf(held))
    if len(infinite):
        rule = f"hold finite numbers in the column {name!r}"
        raise DataError("data.source", rule, f"{held[infinite[0]]} in row {infinite[0]}")
    return NumberColumn(name, held)
