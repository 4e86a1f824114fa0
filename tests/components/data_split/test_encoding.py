"""The encoding that is kept with a model: new rows become what the training rows became, or an error says why not."""

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.data_split.encoding import CategoryEncoding, Encoding, NumberEncoding, load_encoding
from components.data_split.errors import DataError
from components.records.rows import PARTS, read_part
from components.records.store import DamagedRecord

KNOWN = Encoding(
    columns=(
        NumberEncoding(name="age", median=40.0, mean=35.0, deviation=10.0, marks_missing=True),
        CategoryEncoding(name="job", categories=("baker", "cook")),
        NumberEncoding(name="rooms", median=3.0, mean=2.0, deviation=0.5, marks_missing=False),
    )
)
ROWS = {"age": [45, None], "job": ["cook", "smith"], "rooms": [2.5, np.nan], "unknown": ["x", object()]}
# (45 - 35) / 10; present | not baker, cook, not missing, seen | (2.5 - 2) / 0.5, and the medians (40 - 35) / 10, 2.
ENCODED = [[1, 0, 0, 1, 0, 0, 1], [0.5, 1, 0, 0, 0, 1, 2]]

CSV_LINES = ["age,job,rooms", "45,cook,2.5", "NA, smith ,?"]


@pytest.fixture
def mixed(tmp_path):
    """A CSV file of numbers that aren't round, categories, missing values, dates and a constant column."""
    rng = np.random.default_rng(3)
    lines = ["size,colour,when,unit,score,y"]
    for row in range(200):
        size = "" if row % 9 == 0 else repr(rng.lognormal(2, 1.5))
        score = "NA" if row == 150 else repr(rng.normal() / 3)
        lines.append(f"{size},{rng.choice(['red', 'green', '3', '?'])},2026-03-{row % 30 + 1:02d},kg,{score},{row % 3}")
    (tmp_path / "mixed.csv").write_text("\n".join(lines))
    return tmp_path / "mixed.csv"


def held_rows(store):
    """Every row of the split files as bytes."""
    return sorted(row.tobytes() for part in PARTS for row in read_part(store, part)[0])


@pytest.mark.filterwarnings("ignore::components.data_split.stage.ColumnWarning")
def test_rows_of_the_file_become_the_split_rows_bit_for_bit(split, store, mixed):
    """Validation and test rows too; the split is shuffled, so both sides are sorted by their bytes."""
    split(f"csv:{mixed}", label="y")
    x = load_encoding(f"{store.uri}/data").encode(mixed)
    assert sorted(row.tobytes() for row in x) == held_rows(store)


@pytest.mark.filterwarnings("ignore::components.data_split.stage.ColumnWarning")
def test_a_dictionary_of_columns_gives_what_the_file_gives(split, store, mixed):
    split(f"csv:{mixed}", label="y")
    encoding = load_encoding(f"{store.uri}/data")
    rows = [line.split(",") for line in mixed.read_text().splitlines()[1:]]
    columns = {
        "size": [float(row[0]) if row[0] else None for row in rows],
        "colour": [None if row[1] == "?" else row[1] for row in rows],
        "score": np.array([np.nan if row[4] == "NA" else float(row[4]) for row in rows]),
    }
    assert encoding.encode(columns).tobytes() == encoding.encode(str(mixed)).tobytes()


def test_values_are_as_worked_out_by_hand():
    assert KNOWN.encode(ROWS).tolist() == ENCODED
    assert KNOWN.features == (
        *("age", "age=<missing>", "job=baker", "job=cook", "job=<missing>", "job=<unseen>", "rooms"),
    )


def test_a_csv_file_a_parquet_file_and_a_folder_say_the_same(tmp_path):
    (tmp_path / "new.csv").write_text("\n".join(CSV_LINES))
    parts = tmp_path / "parts"
    parts.mkdir()
    table = pa.table({"job": ["cook", "smith"], "age": [45, None], "rooms": pa.array([Decimal("2.5"), None])})
    pq.write_table(table, tmp_path / "new.parquet")
    for row in range(2):
        pq.write_table(table.slice(row, 1), parts / f"{row}.parquet")
    for path in (tmp_path / "new.csv", tmp_path / "new.parquet", parts):
        assert KNOWN.encode(path).tolist() == ENCODED, path


def test_texts_that_say_numbers_are_numbers_but_numbers_are_no_texts():
    rows = {**ROWS, "age": ["45", None], "rooms": [Decimal("2.5"), True]}
    assert KNOWN.encode(rows)[:, [0, 6]].tolist() == [[1, 1], [0.5, -2]]
    with pytest.raises(DataError, match=r"`columns` must hold texts in 'job'. Received: 3 in row 1."):
        KNOWN.encode({**ROWS, "job": ["cook", 3]})


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"age": ["45", "old"]}, "must hold numbers in 'age'. Received: 'old' in row 1."),
        ({"age": [45, [1]]}, "must hold numbers in 'age'. Received: [1] in row 1."),
        ({"age": [45, 1e999]}, "must hold finite numbers in 'age'. Received: inf in row 1."),
        ({"age": [45, 1e300]}, "within float32 in 'age' once standardised. Received: one beyond in row 1."),
        ({"job": ["cook"]}, "must have as many rows in 'job' as in 'age', 2. Received: 1."),
        ({"job": "cook"}, "must have a value for each row in 'job'. Received: 'cook'."),
        ({"age": 45}, "must have a value for each row in 'age'. Received: 45."),
        ({"age": np.ones((2, 1))}, "must have a value for each row in 'age'. Received: array([[1.]"),
        ({"job": None}, "must have the column 'job'. Received: 'age', 'rooms', 'unknown'."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_rows_that_do_not_fit_are_refused(changed, message):
    rows = {name: value for name, value in {**ROWS, **changed}.items() if value is not None}
    with pytest.raises(DataError) as caught:
        KNOWN.encode(rows)
    assert message in str(caught.value)


def test_a_column_of_another_kind_in_a_file_is_refused(tmp_path):
    table = pa.table({"age": ["a"], "job": [1], "rooms": pa.array([0], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "new.parquet")
    with pytest.raises(DataError, match=r"must hold numbers in 'age'. Received: 'a' in row 0."):
        KNOWN.encode(tmp_path / "new.parquet")
    rooms = Encoding(columns=KNOWN.columns[2:])
    with pytest.raises(DataError, match=r"hold numbers in 'rooms'. Received: dates or times \(timestamp\[us\]\)."):
        rooms.encode(tmp_path / "new.parquet")


def test_a_folder_without_an_encoding_and_a_damaged_one_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`folder` must be a delivered model of a table. Received: folder="):
        load_encoding(str(tmp_path))
    (tmp_path / "encoding.json").write_text(json.dumps({"columns": [{"kind": "date", "name": "x"}]}))
    with pytest.raises(DamagedRecord, match=r"encoding.json` must be a Encoding record"):
        load_encoding(str(tmp_path))


def test_new_rows_are_encoded_without_tensorflow(python, split, store, tmp_path):
    split("sklearn:iris")
    code = (
        "import sys; from components.data_split.encoding import load_encoding;"
        f"encoding = load_encoding({store.uri + '/data'!r});"
        "x = encoding.encode({name: [1.5] for name in encoding.features});"
        "print(x.shape, sorted({'tensorflow', 'keras', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    assert python(tmp_path, "-c", code) == "(1, 4) []"


def test_no_rows_at_all_are_refused():
    encoding = Encoding(columns=(NumberEncoding(name="x", median=0, mean=0, deviation=1, marks_missing=False),))
    with pytest.raises(DataError, match="`columns` must have a row or more in 'x'. Received: none"):
        encoding.encode({"x": []})
