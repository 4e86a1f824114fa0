"""Rows in the store: what is read is what was written, or an error that says which file is wrong."""

import hashlib
import io

import numpy as np
import pytest

from components.records.rows import read_part, write_part
from components.records.store import DamagedRecord, open_search

X = np.random.default_rng(0).normal(size=(6, 4, 3, 2)).astype(np.float32)
Y = np.array([2, 0, 1, 1, 2, 2], np.int32)


@pytest.fixture
def store(tmp_path):
    """An empty local store."""
    return open_search(str(tmp_path))


class ObjectStore:
    """A store of bytes that have no path, as object storage has none."""

    uri = "memory://"

    def __init__(self):
        self.objects = {}

    def create(self, path, data):
        """Keeps the first object of a name."""
        return self.objects.setdefault(path, data) is data

    def read(self, path):
        """Returns an object or None."""
        return self.objects.get(path)


def npy(array):
    """An array as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["local", "objects"])
def test_rows_come_back_as_they_were(store, kind):
    store = store if kind == "local" else ObjectStore()
    split = write_part(store, "validation", X, Y)
    x, y = read_part(store, "validation")
    assert x.tobytes() == X.tobytes() and x.shape == X.shape and x.dtype == np.float32
    assert y.tolist() == Y.tolist() and y.dtype == np.int32
    assert (split.rows, split.class_rows) == (6, (1, 2, 3))
    assert split.sha256 == hashlib.sha256(npy(X) + npy(Y)).hexdigest()


def test_other_number_types_are_converted(store):
    write_part(store, "train", np.asfortranarray(X.astype(np.float64)), Y.astype(np.int64))
    x, y = read_part(store, "train")
    np.testing.assert_array_equal(x, X)
    assert (x.dtype, y.dtype, x.flags.c_contiguous) == (np.float32, np.int32, True)


def test_the_same_rows_may_be_written_again_and_others_not(store):
    first = write_part(store, "test", X, Y)
    assert write_part(store, "test", X, Y) == first
    with pytest.raises(DamagedRecord, match=r"data/test-x.npy` must hold this split's rows"):
        write_part(store, "test", X + 1, Y)
    with pytest.raises(DamagedRecord, match=r"data/test-y.npy` must hold this split's rows"):
        write_part(store, "test", X, Y[::-1])
    np.testing.assert_array_equal(read_part(store, "test")[0], X)


@pytest.mark.parametrize("rows, mapped", [(2**18 - 33, False), (2**18 - 31, True)])
def test_inputs_above_the_limit_are_mapped_where_the_store_is_local(store, rows, mapped):
    """A file has a header of 128 bytes, so 2**18 - 32 rows of one float32 make 1 MiB."""
    x, y = np.arange(rows, dtype=np.float32)[:, np.newaxis], np.zeros(rows, np.int32)
    write_part(store, "train", x, y)
    read, _ = read_part(store, "train", memory_limit_mib=1)
    assert isinstance(read, np.memmap) == mapped
    np.testing.assert_array_equal(read, x)
    assert not isinstance(read_part(store, "train")[0], np.memmap), "without a limit nothing is mapped"


def test_an_object_store_ignores_the_limit():
    store, x = ObjectStore(), np.zeros((2**19, 1), np.float32)
    write_part(store, "train", x, np.zeros(2**19, np.int32))
    assert read_part(store, "train", memory_limit_mib=1)[0].shape == x.shape


DAMAGES = {
    "cut inputs": ("x", npy(X)[:-8], "x.npy` must be a whole .npy array"),
    "cut header": ("x", npy(X)[:40], "x.npy` must be a whole .npy array"),
    "empty labels": ("y", b"", "y.npy` must be a whole .npy array"),
    "text": ("y", b"rows and rows", "y.npy` must be a whole .npy array"),
    "pickled objects": ("y", npy(np.array([None] * 6)), "y.npy` must be a whole .npy array"),
    "a row less": ("y", npy(Y[1:]), "must have the rows of data/train-y.npy. Received: inputs of shape (6, 4, 3, 2)"),
    "labels of rank 2": ("y", npy(Y[:, np.newaxis]), "labels of shape (6, 1)"),
    "inputs of rank 1": ("x", npy(X[:, 0, 0, 0]), "inputs of shape (6,)"),
    "float64 inputs": ("x", npy(X.astype(np.float64)), "x.npy` must hold float32. Received: float64."),
    "int64 labels": ("y", npy(Y.astype(np.int64)), "y.npy` must hold int32 or float32. Received: int64."),
}


@pytest.mark.parametrize("limit", [None, 0], ids=["read", "mapped"])
@pytest.mark.parametrize("array, data, message", DAMAGES.values(), ids=list(DAMAGES))
def test_damage_is_named(store, array, data, message, limit):
    write_part(store, "train", X, Y)
    store.delete(f"data/train-{array}.npy")
    store.create(f"data/train-{array}.npy", data)
    with pytest.raises(DamagedRecord) as caught:
        read_part(store, "train", limit)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", ["local", "objects"])
def test_a_part_that_is_not_there(store, kind):
    store = store if kind == "local" else ObjectStore()
    with pytest.raises(FileNotFoundError, match=r"must hold data/test-x.npy: its data is not split yet"):
        read_part(store, "test", 1)


@pytest.mark.parametrize(
    "part, x, y, message",
    [
        ("../train", X, Y, r"`part` must be one of train, validation, test. Received: part='../train'"),
        ("train", X, Y[1:], r"same rows. Received: inputs of shape \(6, 4, 3, 2\) and labels of shape \(5,\)"),
        ("train", X[:, 0, 0, 0], Y, r"inputs of shape \(6,\)"),
    ],
)
def test_wrong_arguments_write_nothing(store, part, x, y, message):
    with pytest.raises(ValueError, match=message):
        write_part(store, part, x, y)
    assert store.paths("") == []


def test_regression_targets_are_float32_and_have_no_classes(store):
    targets = np.linspace(-1.5, 2, 6)
    split = write_part(store, "train", X, targets)
    assert (split.rows, split.class_rows) == (6, ())
    _, y = read_part(store, "train")
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, targets.astype(np.float32))
