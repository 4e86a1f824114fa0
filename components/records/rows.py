"""A split's rows in the store: inputs and labels of each part, as plain `.npy` arrays."""

import hashlib
import io
from typing import Any

import numpy as np

from components.records.results import Split
from components.records.store import DamagedRecord, Store

PARTS = ("train", "validation", "test")
DATA = "data"  # the folder of the search's own rows
MIB = 2**20


def write_part(store: Store, part: str, x: np.ndarray, y: np.ndarray, folder: str = DATA) -> Split:
    """Writes `{folder}/{part}-x.npy` (float32) and `{folder}/{part}-y.npy` (int32), unless these very bytes are there.

    Args:
        store: the search directory.
        part: `train`, `validation` or `test`.
        x: inputs, `[rows, ...]`.
        y: class indices, `[rows]`; the highest class must have a row.
        folder: of the split in the search directory.

    Returns:
        The rows in all and by class, and the sha256 of both files, inputs first.

    Raises:
        ValueError: where the part is unknown or the shapes disagree.
        DamagedRecord: where other bytes lie there already.
    """
    paths = _paths(part, folder)
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.int32)
    fault = _shape_fault(x, y)
    if fault:
        raise ValueError(f"`x` and `y` must be inputs and labels of the same rows. Received: {fault}.")
    digest = hashlib.sha256()
    for path, array in zip(paths, (x, y)):
        _write(store, path, array, digest)
    return Split(rows=len(y), class_rows=tuple(np.bincount(y).tolist()), sha256=digest.hexdigest())


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
        Inputs `[rows, ...]` float32 and class indices `[rows]` int32.

    Raises:
        ValueError: where the part is unknown.
        FileNotFoundError: where the part was not written.
        DamagedRecord: where a file is no such array, or the two disagree in their rows.
    """
    x_path, y_path = _paths(part, folder)
    x, y = _read(store, x_path, np.float32, memory_limit_mib), _read(store, y_path, np.int32, None)
    fault = _shape_fault(x, y)
    if fault:
        raise DamagedRecord(f"`{store.uri}/{x_path}` must have the rows of {y_path}. Received: {fault}.")
    return x, y


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


def _read(store: Store, path: str, dtype: type[np.generic], memory_limit_mib: int | None) -> np.ndarray:
    try:
        array = _load(store, path, memory_limit_mib)
    except FileNotFoundError:
        raise FileNotFoundError(f"`{store.uri}` must hold {path}: its data is not split yet.") from None
    except (ValueError, EOFError) as error:
        raise DamagedRecord(f"`{store.uri}/{path}` must be a whole .npy array: {error}") from error
    if array.dtype != dtype:
        raise DamagedRecord(f"`{store.uri}/{path}` must hold {np.dtype(dtype)}. Received: {array.dtype}.")
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
