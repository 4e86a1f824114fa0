"""The split of a target: rows of its own, and of the search's own source the same ones held out."""

import numpy as np
import pytest
from PIL import Image

from components.data_split.errors import DataError
from components.data_split.stage import split_data
from components.records.layout import MANIFEST
from components.records.manifest import DataManifest
from components.records.rows import PARTS, read_part
from components.records.search import Choice, Data, FinalScaling, Search, Target
from components.records.store import open_search, read_record

TARGET = "target/manifest.json"


def search(data, target):
    return Search(
        name="test", data=Data(**data), space=Choice(name="any"), final_scaling=FinalScaling(target=Target(data=target))
    )


@pytest.fixture
def pictures(tmp_path):
    """A folder of 20 pictures of each of 3 classes, in which the row's number is the grey value."""
    for number in range(60):
        file = tmp_path / "pictures" / "abc"[number % 3] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(file)
    return str(tmp_path / "pictures")


def numbers(store, folder):
    """The rows' numbers by part, read from the pixels, and their labels."""
    parts = {part: read_part(store, part, folder=folder) for part in PARTS}
    return {part: (np.rint(x[:, 0, 0, 0] * 255).astype(int).tolist(), y.tolist()) for part, (x, y) in parts.items()}


def test_search_and_target_have_a_manifest_and_rows_each(store):
    manifest = split_data(store, search({"source": "sklearn:digits"}, Data(source="sklearn:wine", test=0.4)))
    assert read_record(store, MANIFEST, DataManifest) == manifest and manifest.source == "sklearn:digits"
    target = read_record(store, TARGET, DataManifest)
    assert (target.source, target.input_shape, len(target.classes)) == ("sklearn:wine", (13,), 3)
    assert target.test.rows == round(178 * 0.4)
    assert read_part(store, "train")[0].shape[1:] == (8, 8, 1)
    assert read_part(store, "train", folder="target")[0].shape == (target.train.rows, 13)


def test_a_split_of_the_target_leaves_that_of_the_search_as_it_was(store, tmp_path):
    alone = open_search(str(tmp_path / "alone"))
    split_data(alone, search({"source": "sklearn:digits"}, None))
    split_data(store, search({"source": "sklearn:digits"}, Data(source="sklearn:wine")))
    assert alone.paths("") == store.paths("data")
    assert all(alone.read(path) == store.read(path) for path in alone.paths(""))


def test_of_one_source_the_same_rows_are_held_out(store, pictures):
    """Also at another size of the pictures."""
    source = {"source": f"images:{pictures}", "validation": 0.25, "test": 0.25}
    split_data(store, search({**source, "image_size": (4, 4)}, Data(**source, image_size=(8, 6))))
    assert numbers(store, "data") == numbers(store, "target")
    assert read_record(store, TARGET, DataManifest).input_shape == (8, 6, 1)


def test_a_source_that_changed_between_the_two_splits_is_refused(store, pictures):
    """It has 12 rows of class b more."""
    both = search(
        {"source": f"images:{pictures}", "image_size": (4, 4)}, Data(source=f"images:{pictures}", image_size=(4, 4))
    )
    split_data(store, search({"source": f"images:{pictures}", "image_size": (4, 4)}, None))
    for number in range(60, 72):
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(f"{pictures}/b/{number}.png")
    with pytest.raises(DataError, match=r"`final_scaling.target.data.source` must hold the rows that the search's own"):
        split_data(store, both)
    assert not store.exists(TARGET)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_source_whose_rows_were_reordered_between_the_two_splits_is_refused(store, tmp_path, task):
    """Else rows that trained the candidates would test the target, with as many rows of each class in each part.

    90 rows, labels 0 to 2 in turn: in reverse, labels 0 and 2 have changed places.
    """
    lines = [f"{number},{number % 3}" for number in range(90)]
    file = tmp_path / "rows.csv"
    source = {"source": f"csv:{file}", "label": "y", "task": task}
    file.write_text("\n".join(["x,y", *lines]))
    split_data(store, search(source, None))
    file.write_text("\n".join(["x,y", *reversed(lines)]))
    with pytest.raises(
        DataError, match=r"target.data.source` must .* labels in the train part\. Received: other labels"
    ):
        split_data(store, search(source, Data(**source)))
    assert not store.exists(TARGET)


def test_what_is_wrong_with_the_target_says_that_it_is_the_target(store, tmp_path):
    with pytest.raises(DataError, match=r"^`final_scaling.target.data.source` must be a folder\. Received: .*nowhere"):
        split_data(
            store,
            search({"source": "sklearn:digits"}, Data(source=f"images:{tmp_path}/nowhere", image_size=(4, 4))),
        )


def test_a_split_that_was_killed_before_its_last_manifest_goes_on(store, pictures):
    both = search({"source": "sklearn:digits"}, Data(source=f"images:{pictures}", image_size=(4, 4)))
    split_data(store, both)
    before = {path: store.read(path) for path in store.paths("")}
    for path in (TARGET, "target/test-x.npy", "target/validation-y.npy"):
        store.delete(path)
    split_data(store, both)
    assert {path: store.read(path) for path in store.paths("")} == before


def test_a_target_may_be_of_numbers_to_predict(store):
    split_data(store, search({"source": "sklearn:wine"}, Data(source="sklearn:diabetes")))
    target = read_record(store, TARGET, DataManifest)
    assert (target.task, target.outputs, read_record(store, MANIFEST, DataManifest).outputs) == ("regression", 1, 3)
    assert store.exists("data/encoding.json") and store.exists("target/encoding.json")


def test_numbers_to_predict_of_one_source_are_held_out_alike(store):
    split_data(store, search({"source": "sklearn:diabetes"}, Data(source="sklearn:diabetes")))
    for part in PARTS:
        own, target = read_part(store, part), read_part(store, part, folder="target")
        assert [array.tobytes() for array in own] == [array.tobytes() for array in target]
