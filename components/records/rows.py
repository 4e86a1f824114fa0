"""A split's rows in the store: inputs and labels of each part, as plain `.npy` arrays."""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.records.manifest import Split
from components.records.store import DamagedRecord, Store

PARTS = ("train", "validation", "test")
DATA = "data"  # the folder of the search's own rows
MIB = 2**20
INPUTS = (np.float32,)
LABELS = (np.int32, np.float32)  # what classes and regression targets are stored as


def write_part(store: Store, part: str, x: np.ndarray, y: np.ndarray, folder: str = DATA) -> Split:
    """Writes `{folder}/{part}-x.npy` (float32) and `{folder}/{part}-y.npy`, unless these very bytes are there.

    Classes are written as int32, regression targets as float32.

    Args:
        store: the search directory.
        part: `train`, `validation` or `test`.
        x: inputs, `[rows, ...]`.
        y: `[rows]`, class indices, of which the highest class must have a row; or, floating, regression targets.
        folder: of the split in the search directory.

    Returns:
        The rows in all and by class (none for regression), and the sha256 of both files, inputs first.

    Raises:
        ValueError: where the part is unknown or the shapes disagree.
        DamagedRecord: where other bytes lie there already.
    """
    paths = _paths(part, folder)
    are_targets = np.issubdtype(y.dtype, np.floating)
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32 if are_targets else np.int32)
    fault = _shape_fault(x, y)
    if fault:
        raise ValueError(f"`x` and `y` must be inputs and labels of the same rows. Received: {fault}.")
    digest = hashlib.sha256()
    for path, array in zip(paths, (x, y)):
        _write(store, path, array, digest)
    class_rows = () if are_targets else tuple(np.bincount(y).tolist())
    return Split(rows=len(y), class_rows=class_rows, sha256=digest.hexdigest())


def read_part(
    store: Store, part: str, memory_limit_mib: int | None = None, folder: str = DATA
) -> tuple[np.ndarray, np.ndarray]:
    """Reads the inputs and labels of a part.

    Args:
        store: the search directory.
        part: `train`, `validation` or `test`.
        memory_limit_mib: inputs above it are mapped from the file, read-only, where the store is local; None reads
            them into memory whatever their size.
        folder: of the split in the search directory.

    Returns:
        Inputs `[rows, ...]` float32, and `[rows]` class indices int32 or regression targets float32.

    Raises:
        ValueError: where the part is unknown.
        FileNotFoundError: where the part was not written.
        DamagedRecord: where a file is no such array, or the two disagree in their rows.
    """
    x_path, y_path = _paths(part, folder)
    x, y = _read(store, x_path, INPUTS, memory_limit_mib), _read(store, y_path, LABELS, None)
    fault = _shape_fault(x, y)
    if fault:
        raise DamagedRecord(f"`{store.uri}/{x_path}` must have the rows of {y_path}. Received: {fault}.")
    return x, y


def labels_path(part: str, folder: str = DATA) -> str:
    """Path of the labels of a part."""
    return _paths(part, folder)[1]


def _paths(part: str, folder: str) -> tuple[str, str]:
    if part not in PARTS:
        raise ValueError(f"`part` must be one of {', '.join(PARTS)}. Received: part={part!r}.")
    return f"{folder}/{part}-x.npy", f"{folder}/{part}-y.npy"


def _shape_fault(x: np.ndarray, y: np.ndarray) -> str | None:
    agree = x.ndim >= 2 and y.ndim == 1 and len(x) == len(y)
    return None if agree else f"inputs of shape {x.shape} and labels of shape {y.shape}"


def _write(store: Store, path: str, array: np.ndarray, digest: Any) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    data = buffer.getvalue()
    digest.update(data)
    if not store.create(path, data) and store.read(path) != data:
        raise DamagedRecord(
            f"`{store.uri}/{path}` must hold this split's rows, but an unfinished split left other ones: the file is "
            "damaged, or the data has changed since. Start again in another search directory."
        )


def _read(store: Store, path: str, dtypes: Sequence[type[np.generic]], memory_limit_mib: int | None) -> np.ndarray:
    try:
        array = _load(store, path, memory_limit_mib)
    except FileNotFoundError:
        raise FileNotFoundError(f"`{store.uri}` must hold {path}: its data is not split yet.") from None
    except (ValueError, EOFError) as error:
        raise DamagedRecord(f"`{store.uri}/{path}` must be a whole .npy array: {error}") from error
    if array.dtype not in dtypes:
        wanted = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise DamagedRecord(f"`{store.uri}/{path}` must hold {wanted}. Received: {array.dtype}.")
    return array


def _load(store: Store, path: str, memory_limit_mib: int | None) -> np.ndarray:
    local_path = getattr(store, "local_path", None)  # object stores have none
    if local_path is None:
        data = store.read(path)
        if data is None:
            raise FileNotFoundError(path)
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    file = local_path(path)
    if memory_limit_mib is not None and file.stat().st_size > memory_limit_mib * MIB:
        return np.lib.format.open_memmap(file, mode="r")
    with file.open("rb") as opened:
        return np.lib.format.read_array(opened, allow_pickle=False)
