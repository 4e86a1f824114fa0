"""The stage: what it writes, that it writes it once, and the same in every process."""

import hashlib
import io
import json

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from components.data_split.errors import DataError
from components.data_split.stage import ColumnWarning
from components.records.layout import MANIFEST
from components.records.manifest import DataManifest
from components.records.rows import PARTS, read_part
from components.records.store import DamagedRecord, read_record

FILES = sorted([MANIFEST] + [f"data/{part}-{array}.npy" for part in PARTS for array in "xy"])
TABLE_FILES = sorted([*FILES, "data/encoding.json"])

SPLIT_IN_A_PROCESS = """
import json, sys
from components.data_split.stage import split_data
heavy = [name for name in ("sklearn", "tensorflow", "keras", "tensorflow_datasets", "kfp") if name in sys.modules]
from components.records.search import Choice, Data, Search
from components.records.store import open_search
store = open_search("here")
split_data(store, Search(name="test", data=Data({options}), space=Choice(name="any")))
print(json.dumps([heavy, "tensorflow" in sys.modules, "sklearn" in sys.modules, store.read("{manifest}").decode()]))
"""


@pytest.fixture
def people(tmp_path):
    """A table with categories and missing values."""
    rng = np.random.default_rng(5)
    rows = [f"{rng.normal():.3f},{rng.choice(['a', 'b', 'c', 'NA'])},{rng.choice(['no', 'yes'])}" for _ in range(90)]
    (tmp_path / "people.csv").write_text("\n".join(["number,category,label", *rows]))
    return tmp_path / "people.csv"


def test_the_manifest_describes_the_files(split, store):
    manifest = split("sklearn:digits", validation=0.25, test=0.15)
    assert store.paths("") == FILES
    assert read_record(store, MANIFEST, DataManifest) == manifest
    assert (manifest.source, manifest.input_shape) == ("sklearn:digits", (8, 8, 1))
    rows = []
    for part in PARTS:
        described = getattr(manifest, part)
        data = [store.read(f"data/{part}-{array}.npy") for array in "xy"]
        x, y = (np.load(io.BytesIO(array), allow_pickle=False) for array in data)
        assert (x.dtype, y.dtype, x.shape) == (np.float32, np.int32, (described.rows, 8, 8, 1))
        assert described.class_rows == tuple(np.bincount(y, minlength=10))
        assert described.sha256 == hashlib.sha256(b"".join(data)).hexdigest()
        rows.append(described.rows)
    assert rows == [1078, 449, 270]  # 25% of 1797 is 449.25, 15% is 269.55


def test_each_row_keeps_its_label(split, store):
    """Inputs and labels must be taken in the same order: the nearest digit elsewhere mostly has the same label."""
    split("sklearn:digits")
    (x, y), (near_x, near_y) = read_part(store, "train"), read_part(store, "test")
    distances = ((near_x.reshape(-1, 1, 64) - x.reshape(1, -1, 64)) ** 2).sum(axis=-1)
    assert (y[distances.argmin(axis=1)] == near_y).mean() > 0.95


def test_statistics_come_from_the_training_rows(split, store):
    """Wine's training rows have mean 0 and deviation 1 exactly; with leaked statistics they have not."""
    split("sklearn:wine")
    train, _ = read_part(store, "train")
    held_out, _ = read_part(store, "validation")
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-6)
    assert abs(held_out.mean(axis=0)).max() > 0.01


def test_a_number_beyond_float32_is_refused_whichever_part_it_is_in(split, tmp_path):
    """Among training rows the variance overflows; elsewhere only the standardised number does."""
    rows = [f"{1e300 if index == 0 else index},{'ab'[index % 2]}" for index in range(30)]
    (tmp_path / "huge.csv").write_text("\n".join(["x,y", *rows]))
    messages = []
    for seed in range(8):
        with pytest.raises(DataError) as caught:
            split(f"csv:{tmp_path / 'huge.csv'}", seed=seed, label="y")
        messages.append(str(caught.value))
    assert any("finite variance in the column 'x'" in message for message in messages)
    assert any("must hold finite numbers. Received: inf in row 0, 'x'." in message for message in messages)


def test_numbers_to_predict_are_standardised_by_the_training_rows(split, store):
    manifest = split("sklearn:diabetes")
    (_, train), (_, validation), (_, test) = (read_part(store, part) for part in PARTS)
    assert (manifest.task, manifest.classes, manifest.outputs) == ("regression", (), 1)
    assert {y.dtype for y in (train, validation, test)} == {np.dtype(np.float32)}
    assert (len(train), len(validation), len(test)) == (266, 88, 88)  # 20% of 442 is 88.4
    assert manifest.train.class_rows == ()
    assert abs(train.mean()) < 1e-6 and train.std() == pytest.approx(1, rel=1e-6)
    assert validation.mean() != 0, "held-out rows are scaled by the training rows' statistics"
    own = np.concatenate([train, validation, test]) * manifest.label_deviation + manifest.label_mean
    np.testing.assert_allclose(np.sort(own), np.sort(load_diabetes().target), rtol=1e-5)


def test_columns_that_are_left_out_are_in_the_manifest_and_warned_of(split, store, tmp_path):
    lines = [f"{row},2026-01-{row % 28 + 1:02d},same,,{row % 2}" for row in range(30)]
    (tmp_path / "x.csv").write_text("\n".join(["number,day,word,empty,y", *lines]))
    with pytest.warns(ColumnWarning) as caught:
        manifest = split(f"csv:{tmp_path / 'x.csv'}", label="y")
    assert manifest.features == ("number",)
    assert manifest.left_out == {
        "day": "dates are no inputs",
        "word": "constant: 'same' in each training row",
        "empty": "no training row has a value",
    }
    assert [str(one.message).partition("x.csv: ")[2] for one in caught] == [
        f"the column {name!r} is left out: {reason}" for name, reason in manifest.left_out.items()
    ]
    assert read_record(store, MANIFEST, DataManifest) == manifest


def test_a_second_call_returns_the_record_and_reads_no_data(split, people):
    first = split(f"csv:{people}", label="label")
    people.unlink()
    assert split(f"csv:{people}", label="label") == first


@pytest.mark.parametrize("written", range(len(TABLE_FILES)), ids=lambda written: f"killed after {written} files")
def test_a_killed_split_is_finished_with_the_same_bytes(split, store, people, monkeypatch, written):
    split(f"csv:{people}", label="label")
    whole = {path: store.read(path) for path in TABLE_FILES}
    for path in TABLE_FILES:
        store.delete(path)
    create, calls = type(store).create, []

    def create_until_killed(self, path, data):
        if len(calls) == written:
            raise KeyboardInterrupt
        calls.append(path)
        return create(self, path, data)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(store), "create", create_until_killed)
        split(f"csv:{people}", label="label")
    assert len(store.paths("")) == written
    assert not store.exists(MANIFEST), "the manifest must come last"
    split(f"csv:{people}", label="label")
    assert {path: store.read(path) for path in store.paths("")} == whole


def test_data_that_changed_since_the_kill_is_refused(split, store, people):
    split(f"csv:{people}", label="label")
    store.delete(MANIFEST)
    lines = people.read_text().splitlines()
    people.write_text("\n".join([lines[0], *(f"9{line}" for line in lines[1:])]))
    with pytest.raises(DamagedRecord, match=r"train-x.npy` must hold this split's rows"):
        split(f"csv:{people}", label="label")


def test_hash_seeds_change_nothing_and_csv_needs_neither_scikit_learn_nor_tensorflow(python, people):
    code = SPLIT_IN_A_PROCESS.format(options='source="csv:people.csv", label="label"', manifest=MANIFEST)
    one = json.loads(python(people.parent, "-c", code, PYTHONHASHSEED="1"))
    two = json.loads(python(people.parent, "-c", code.replace('"here"', '"there"'), PYTHONHASHSEED="2"))
    assert one == two
    assert one[:3] == [[], False, False]


def test_bundled_data_never_imports_tensorflow(python, tmp_path):
    code = SPLIT_IN_A_PROCESS.format(options='source="sklearn:digits"', manifest=MANIFEST)
    heavy, tensorflow, scikit_learn, _ = json.loads(python(tmp_path, "-c", code))
    assert heavy == [], "importing the stage must be cheap"
    assert (tensorflow, scikit_learn) == (False, True)
