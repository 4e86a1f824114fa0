"""The columns of a Parquet file, or of a folder of them, as numbers and texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from components.data_split.errors import DataError


class Unusable(NamedTuple):
    """A column that is neither of numbers nor of texts.

    Fields:
        what: its type in words, such as `dates (timestamp[us])`.
    """

    what: str


PlainColumn = np.ndarray | tuple[str | None, ...] | Unusable


def read_parquet_columns(path: str, argument: str = "data.source") -> dict[str, PlainColumn]:
    """Reads a file, or all `*.parquet` files of a folder in the order of their names, which must share one schema.

    Args:
        path: a relative one starts at the current folder.
        argument: what an error names.

    Returns:
        The columns by name, in the file's order. Integers, floats, booleans and decimals are `[rows]` float64 with NaN
        for a missing one; texts, also as dictionaries, a tuple with None for a missing one; anything else unusable.

    Raises:
        DataError: where there is no such file, it is no Parquet, or parts differ in their schema.
    """
    import pyarrow as pa

    tables = [_read(file, argument) for file in _files(Path(path).expanduser(), path, argument)]
    first = tables[0][1].schema
    for file, table in tables:
        if not table.schema.equals(first):
            rule = f"hold parts of one schema, that of {tables[0][0]}"
            raise DataError(argument, rule, f"{file} with {_difference(first, table.schema)}")
    names = first.names
    for name in names:
        if not name:
            raise DataError(argument, "name each column", f"none for column {names.index(name) + 1} of {path}")
        if names.count(name) > 1:
            raise DataError(argument, "have columns of different names", f"{name!r} twice")
    whole = pa.concat_tables([table for _, table in tables])
    return {name: _plain(whole.column(name)) for name in names}


def part_names(names: Sequence[str], folder: str, argument: str = "data.source") -> list[str]:
    """Returns the names of the parts of a folder, in their order; hidden ones are none.

    Args:
        names: of the files at any depth below it, relative to it, with slashes between.
        folder: as it was given, for errors.
        argument: what an error names.

    Raises:
        DataError: where it has no `*.parquet` files, or some in folders below it.
    """
    tables = sorted(name for name in names if name.endswith(".parquet"))
    parts = [name for name in tables if "/" not in name and not name.startswith((".", "_"))]
    if not parts:
        raise DataError(argument, "be a Parquet file or a folder with *.parquet files in it", f"{folder} without any")
    deeper = [name for name in tables if "/" in name]
    if deeper:  # of a partitioned table, whose folders' names are columns
        received = f"{folder.rstrip('/')}/{deeper[0]}"
        raise DataError(argument, "hold its *.parquet files without folders between", received)
    return parts


def _files(path: Path, given: str, argument: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [*path.glob("*.parquet"), *path.glob("*/**/*.parquet")]
    names = part_names([file.relative_to(path).as_posix() for file in found], given, argument)
    return [path / name for name in names]


def _read(file: Path, argument: str) -> tuple[Path, Any]:
    """A part and its table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            return file, opened.read()
    except (OSError, pa.ArrowException) as error:  # pyarrow raises either of damaged files
        reason = str(error).strip().partition("\n")[0]
        raise DataError(argument, "be a readable Parquet file", f"{file} ({reason})") from error


def _difference(first: Any, other: Any) -> str:
    """The first place where two schemas differ."""
    if first.names != other.names:
        return f"the columns {', '.join(map(repr, other.names))}"
    for one, two in zip(first, other, strict=True):
        if not one.equals(two):
            return f"{two.name!r} of {two.type} instead of {one.type}"
    return "another schema"


def _plain(column: Any) -> PlainColumn:
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    of = column.type
    if kinds.is_boolean(of) or kinds.is_integer(of) or kinds.is_floating(of) or kinds.is_decimal(of):
        numbers = column.cast(pa.float64(), safe=False)  # integers beyond 2**53 are rounded
        return np.asarray(numbers.to_numpy(), np.float64)
    if kinds.is_string(of) or kinds.is_large_string(of) or kinds.is_string_view(of):
        return tuple(column.to_pylist())
    if kinds.is_null(of):
        return np.full(len(column), np.nan)
    return Unusable(f"dates or times ({of})" if kinds.is_temporal(of) else f"the type {of}")
