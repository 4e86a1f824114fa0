"""`tfds:` on data sets that TensorFlow Datasets' own writers put on disk, read in a process of its own."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from components.records.rows import PARTS, read_part
from components.records.store import open_search

HERE = Path(__file__).parent

# name: (options, part of the message)
REFUSED = {
    "nameless": ({}, "must have labelled rows. Received: 'tfds:nameless' with none."),
    "half_labelled": ({}, "must label each row. Received: 'tfds:half_labelled' with labels out of range."),
    "not_finite": ({}, "must hold finite numbers. Received: inf in row"),
    "texts": ({}, "`data.text` must be given where rows are texts, and null elsewhere. Received: 'tfds:texts' with"),
    "pairs": ({"text": {}}, "must have one input and one class label, or say by supervised_keys which. Received: "),
    "foreign": ({"text": {}}, "must be UTF-8 text. Received: 'tfds:foreign' with"),
    "regression": ({}, "must have one input and one class label, or say by supervised_keys which. Received: "),
    "photos": ({}, "`data.image_size` must be given where images differ in size. Received: image_size=null."),
    "numbers": (
        {"image_size": (4, 4)},
        "`data.image_size` must be null with rows of numbers. Received: image_size=[4, 4]",
    ),
    "no_such_set": ({}, "must name a data set that is prepared in $TFDS_DATA_DIR or can be downloaded"),
}
TAKEN = {
    "coded_digits": {},
    "plain_digits": {},
    "deep": {},
    "numbers": {},
    "photos": {"image_size": (6, 5)},
    "reviews": {"text": {"vocabulary": 4, "length": 5}},
    "pairs": {"text": {"column": "claim", "length": 3}},
}
REFUSED_TEXTS = [  # options of data sets that are taken with others
    ("reviews", {"text": {"column": "title"}}, "`data.text.column` must be one of the features 'text'. Received:"),
    ("reviews", {"text": {}, "image_size": (4, 4)}, "`data.image_size` must be null with texts"),
    ("numbers", {"text": {}}, "`data.text` must be given where rows are texts, and null elsewhere"),
    ("pairs", {"text": {"column": "idx"}}, "`data.text` must be given where rows are texts, and null elsewhere"),
]


def rows():
    """The first 300 digits as 8-bit images with labels, and as many rows of numbers."""
    bunch, rng = load_digits(), np.random.default_rng(0)
    digits = (bunch.images[:300, ..., np.newaxis] * 15).astype(np.uint8)
    return {"digits": digits, "labels": bunch.target[:300], "numbers": rng.lognormal(size=(300, 4))}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, python):
    """The folder of the splits, and what became of each data set: refused ones first, then those taken."""
    folder = tmp_path_factory.mktemp("tfds")
    np.savez(folder / "rows.npz", **rows())
    python(folder, str(HERE / "build_tfds.py"), str(folder))
    asked = [(name, options) for name, (options, _) in REFUSED.items()]
    asked += [(name, options) for name, options, _ in REFUSED_TEXTS] + list(TAKEN.items())
    sections = json.dumps([{"source": f"tfds:{name}", **options} for name, options in asked])
    told = json.loads(python(folder, str(HERE / "split_tfds.py"), sections, TFDS_DATA_DIR=str(folder)))
    refused = len(REFUSED) + len(REFUSED_TEXTS)
    return folder, told[:refused], dict(zip(TAKEN, told[refused:]))


def read_all(outcomes, name):
    """The rows of all parts of a data set, and its manifest."""
    folder, _, taken = outcomes
    parts = [read_part(open_search(str(folder / name)), part) for part in PARTS]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]), taken[name]


def in_order(x, *others):
    """Rows sorted by their numbers, so that two orders of the same rows compare equal."""
    flat = np.column_stack([x.reshape(len(x), -1), *others])
    return flat[np.lexsort(flat.T)]


@pytest.mark.parametrize("name", ["coded_digits", "plain_digits"])
def test_images_of_all_labelled_splits_are_read_in_0_1(outcomes, name):
    x, y, manifest = read_all(outcomes, name)
    assert manifest["input_shape"] == [8, 8, 1]
    assert manifest["classes"] == [f"digit {index}" for index in range(10)]
    expected = rows()
    np.testing.assert_array_equal(
        in_order(x, y), in_order(expected["digits"].astype(np.float32) / np.float32(255), expected["labels"])
    )


def test_images_of_several_sizes_are_resized_as_height_and_width(outcomes):
    x, y, manifest = read_all(outcomes, "photos")
    assert manifest["input_shape"] == [6, 5, 3]
    # Image i is 40 i everywhere and has the label i % 2; resizing keeps a constant.
    order = x[:, 0, 0, 0].argsort()
    np.testing.assert_allclose(
        x[order], np.broadcast_to(np.arange(6).reshape(6, 1, 1, 1) * 40 / 255, x.shape), rtol=1e-6
    )
    assert y[order].tolist() == [0, 1] * 3


def test_sixteen_bits_are_scaled_by_their_own_white(outcomes):
    x, _, _ = read_all(outcomes, "deep")
    np.testing.assert_allclose(np.sort(x[:, 0, 0, 0]), np.arange(6) / 5, rtol=1e-6)


def test_rows_of_numbers_are_standardised_by_training_rows(outcomes):
    x, _, manifest = read_all(outcomes, "numbers")
    train = x[: manifest["train"]["rows"]]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-6)
    assert manifest["features"] == ["x_0", "x_1", "x_2", "x_3"]
    # Whatever the statistics, standardised numbers are a rising straight line over the raw ones.
    raw = np.sort(rows()["numbers"], axis=0)
    for column in range(4):
        assert np.corrcoef(raw[:, column], np.sort(x[:, column]))[0, 1] > 1 - 1e-6


def test_texts_of_all_labelled_splits_are_read(outcomes):
    """Of 12 texts 8 train; `a`, `film` and `no` are in each, and 4 of either adjective are among the training rows."""
    x, y, manifest = read_all(outcomes, "reviews")
    assert (manifest["input_shape"], manifest["vocabulary"], manifest["classes"]) == ([5], 6, ["bad", "good"])
    a, dull, film, number = 2, 5, 3, 4
    assert x[y == 0][:, :4].tolist() == [[a, dull, film, number]] * 6, "`dull` is kept, as it is before `great`"
    assert x[y == 1][:, :4].tolist() == [[a, 1, film, number]] * 6
    assert (x[:, 4] == 1).all(), "no number of a row is among four words"


def test_one_of_two_texts_can_be_named(outcomes):
    x, y, manifest = read_all(outcomes, "pairs")
    assert manifest["input_shape"] == [3]
    first = {label: x[y == label][0].tolist() for label in (0, 1)}
    assert first[0][0] == first[1][0] and first[0][1] != first[1][1]
    assert (x[:, 2] == 0).all()


WRONG = [(name, message) for name, (_, message) in REFUSED.items()] + [(name, said) for name, _, said in REFUSED_TEXTS]


@pytest.mark.parametrize(("at", "message"), enumerate(said for _, said in WRONG), ids=[name for name, _ in WRONG])
def test_refusals(outcomes, at, message):
    assert message in outcomes[1][at]
