"""Parquet files as people write them: types, missing values, parts, labels."""

import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.data_split.errors import DataError
from components.data_split.sources import read_source
from components.records.data_section import Text
from components.records.rows import read_part
from components.records.search import Data

DAY = datetime.date(2026, 1, 31)
TYPES = {
    "int": pa.array([1, 2, 3, 4], pa.int16()),
    "unsigned": pa.array([2**63, 0, 0, 0], pa.uint64()),
    "half": pa.array(np.array([1, 2, 3, 4], np.float16)),
    "float": pa.array([0.5, None, float("nan"), 2]),
    "bool": pa.array([True, False, None, True]),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("2.25"), Decimal("0.00")]),
    "coded numbers": pa.array([5, 6, None, 5]).dictionary_encode(),
    "text": pa.array(["b", "a", None, "NA"]),
    "large": pa.array(["x", "y", "y", "y"], pa.large_string()),
    "view": pa.array(["x", "y", "y", "y"], pa.string_view()),
    "coded": pa.array(["u", None, "v", "u"]).dictionary_encode(),
    "date": pa.array([DAY] * 4),
    "time": pa.array([datetime.time(1, 2)] * 4),
    "stamp": pa.array([0, 1, None, 3], pa.timestamp("ns", "UTC")),
    "took": pa.array([0, 1, 2, 3], pa.duration("s")),
    "nothing": pa.nulls(4),
    "list": pa.array([[1], [], None, [2]]),
    "bytes": pa.array([b"a", b"b", b"c", b"d"]),
    "y": pa.array(["no", "yes", "no", "yes"]),
}


def write(path, columns):
    """Writes a file and returns the source that names it."""
    pq.write_table(pa.table(columns), path)
    return f"parquet:{path}"


def fitted(source, **options):
    """The encoded inputs, all rows being training rows, and the labelled rows."""
    labelled = read_source(Data(source=source, label="y", **options))
    return labelled.inputs.fit(np.arange(len(labelled.labels))), labelled


def test_every_type_is_a_number_a_category_or_left_out(tmp_path):
    encoded, labelled = fitted(write(tmp_path / "types.parquet", TYPES))
    assert (labelled.classes, labelled.labels.tolist()) == (("no", "yes"), [0, 1, 0, 1])
    x = dict(zip(encoded.features, encoded.values.T.tolist(), strict=True))
    third = float(np.sqrt(1 / 3))
    np.testing.assert_allclose(x["unsigned"], [3 * third, -third, -third, -third], rtol=1e-6)
    np.testing.assert_allclose(x["int"], x["half"])
    np.testing.assert_allclose(x["int"], (np.arange(4) - 1.5) / np.sqrt(1.25), rtol=1e-6)
    assert x["float=<missing>"] == [0, 1, 1, 0]  # null and NaN alike
    assert x["bool=<missing>"] == x["coded numbers=<missing>"] == [0, 0, 1, 0]
    assert x["bool"][0] == x["bool"][2] == x["bool"][3] > x["bool"][1]  # the median of 1, 0, 1 is 1
    # 1.5, 1.5 (the median), 2.25, 0 have the mean 1.3125.
    assert np.sign(x["decimal"]).tolist() == [1, 1, 1, -1]
    assert x["text=NA"] == [0, 0, 0, 1], "what a typed file misses is null; a text is a text"
    assert x["text=<missing>"] == [0, 0, 1, 0]
    assert x["large=x"] == x["view=x"] == [1, 0, 0, 0]
    assert x["coded=u"] == [1, 0, 0, 1]
    assert encoded.left_out == {
        "date": "dates or times (date32[day]) are no inputs",
        "time": "dates or times (time64[us]) are no inputs",
        "stamp": "dates or times (timestamp[ns, tz=UTC]) are no inputs",
        "took": "dates or times (duration[s]) are no inputs",
        "nothing": "no training row has a value",
        "list": "the type list<element: int64> is no input",
        "bytes": "the type binary is no input",
    }


def test_the_parts_of_a_folder_are_one_table_in_the_order_of_their_names(tmp_path):
    columns = {"x": list(range(6)), "y": list("aabbab")}
    whole, _ = fitted(write(tmp_path / "whole.parquet", columns))
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, (first, last) in {"b": (2, 3), "c": (3, 6), "a": (0, 2)}.items():
        pq.write_table(pa.table(columns).slice(first, last - first), folder / f"{name}.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".a.parquet.crc").write_text("no rows")
    parts, labelled = fitted(f"parquet:{folder}")
    assert parts.values.tobytes() == whole.values.tobytes()
    assert labelled.labels.tolist() == [0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(
    "labels, classes",
    [
        ([10, 9, 9], ("9", "10")),
        ([True, False, True], ("0", "1")),
        ([1.0, 2.5, 1.0], ("1", "2.5")),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ("a", "b")),
    ],
    ids=["whole numbers", "booleans", "numbers", "texts"],
)
def test_labels_are_sorted_as_what_they_are(tmp_path, labels, classes):
    _, labelled = fitted(write(tmp_path / "x.parquet", {"x": [1, 2, 3], "y": labels}))
    assert labelled.classes == classes
    assert labelled.labels.dtype == np.int32


def test_numbers_to_predict_come_in_their_own_unit(tmp_path):
    source = write(tmp_path / "x.parquet", {"x": [1, 2, 3], "y": pa.array([Decimal("1.5"), Decimal("-2"), 0])})
    _, labelled = fitted(source, task="regression")
    assert (labelled.labels.tolist(), labelled.classes) == ([1.5, -2, 0], ())


def test_the_same_table_as_csv_and_as_parquet_trains_on_the_same_rows(split, store, tmp_path):
    """Their encodings are records, compared by the rows that they wrote; the seed of the split is the same."""
    rng = np.random.default_rng(0)
    numbers, words = rng.normal(size=60), rng.choice(["a", "b"], 60)
    table = {"x": numbers, "w": words, "y": rng.choice(["p", "q"], 60)}
    lines = [f"{x!r},{w},{y}" for x, w, y in zip(numbers.tolist(), words, table["y"])]
    (tmp_path / "t.csv").write_text("\n".join(["x,w,y", *lines]))
    split(f"csv:{tmp_path / 't.csv'}", label="y")
    kept = [array.tobytes() for array in read_part(store, "train")]
    for path in store.paths("data"):
        store.delete(path)
    split(write(tmp_path / "t.parquet", table), label="y")
    assert [array.tobytes() for array in read_part(store, "train")] == kept


@pytest.mark.parametrize(
    "columns, options, message",
    [
        ({"x": [1], "z": [1]}, {}, "`data.label` must be one of the columns 'x', 'z'. Received: label='y'."),
        ({"y": [1]}, {}, "must have a column beside the label"),
        ({"x": [1, 2], "y": ["a", None]}, {}, "must have a value in each row. Received: none in row 1."),
        ({"x": [1, 2], "y": [1.0, float("nan")]}, {}, "must have a value in each row. Received: none in row 1."),
        ({"x": [1, 2], "y": pa.nulls(2)}, {}, "must have a value in each row. Received: none in row 0."),
        ({"x": [1, 2], "y": [1.0, float("inf")]}, {}, "`data.label` must hold finite numbers. Received: inf in row 1."),
        (
            {"x": [1], "y": [DAY]},
            {},
            "a column of numbers, booleans or texts. Received: 'y' with dates or times (date32",
        ),
        ({"x": [1, 2], "y": ["a", "b"]}, {"task": "regression"}, "no numbers. Received: the label 'a' in row 0."),
        ({"x": [1.0, float("-inf")], "y": [1, 2]}, {}, "finite numbers in the column 'x'. Received: -inf in row 1."),
        ({"x": pa.array([], pa.int64()), "y": pa.array([], pa.int64())}, {}, "must have rows. Received:"),
        ({"": [1], "y": [1]}, {}, "must name each column. Received: none for column 1 of"),
        ({"x": [1], "y": [1]}, {"text": Text(column="x")}, "`data.text` must not be given with a source parquet:…"),
    ],
)
def test_bad_tables_are_refused(tmp_path, columns, options, message):
    with pytest.raises(DataError) as caught:
        fitted(write(tmp_path / "bad.parquet", columns), **options)
    assert message in str(caught.value)


def test_two_columns_of_a_name_are_refused(tmp_path):
    pq.write_table(pa.Table.from_arrays([pa.array([1])] * 3, ["x", "x", "y"]), tmp_path / "bad.parquet")
    with pytest.raises(DataError, match=r"must have columns of different names. Received: 'x' twice."):
        fitted(f"parquet:{tmp_path / 'bad.parquet'}")


@pytest.mark.parametrize(
    "other, message",
    [
        ({"x": [1.5], "y": [1]}, "'x' of double instead of int64."),
        ({"z": [1], "y": [1]}, "the columns 'z', 'y'."),
        ({"x": [1], "y": [1], "z": [1]}, "the columns 'x', 'y', 'z'."),
    ],
)
def test_parts_of_different_schemas_are_refused(tmp_path, other, message):
    write(tmp_path / "a.parquet", {"x": [1], "y": [1]})
    write(tmp_path / "b.parquet", other)
    with pytest.raises(DataError) as caught:
        fitted(f"parquet:{tmp_path}")
    assert f"must hold parts of one schema, that of {tmp_path / 'a.parquet'}" in str(caught.value)
    assert message in str(caught.value)


def test_a_table_in_folders_of_folders_is_refused(tmp_path):
    (tmp_path / "year=2026").mkdir()
    write(tmp_path / "a.parquet", {"x": [1], "y": [1]})
    write(tmp_path / "year=2026" / "b.parquet", {"x": [1], "y": [1]})
    with pytest.raises(DataError, match=r"without folders between. Received: .*year=2026/b.parquet."):
        fitted(f"parquet:{tmp_path}")


@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_what_is_no_parquet_is_refused(tmp_path, damage):
    write(tmp_path / "bad.parquet", {"x": list(range(1000)), "y": [1, 2] * 500})
    data = (tmp_path / "bad.parquet").read_bytes()
    (tmp_path / "bad.parquet").write_bytes({"text": b"x,y\n1,2\n", "cut": data[: len(data) // 2], "empty": b""}[damage])
    with pytest.raises(DataError, match=r"`data.source` must be a readable Parquet file. Received: .*bad.parquet"):
        fitted(f"parquet:{tmp_path / 'bad.parquet'}")
