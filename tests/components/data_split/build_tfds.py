"""Writes small data sets with TensorFlow Datasets' own writers into FOLDER, which holds rows.npz.

build_tfds.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

FOLDER = Path(sys.argv[1])
ROWS = np.load(FOLDER / "rows.npz")
DIGIT = tfds.features.ClassLabel(names=[f"digit {index}" for index in range(10)])
KIND = tfds.features.ClassLabel(num_classes=2)
GRAY = tfds.features.Image(shape=(8, 8, 1))
SIX = range(6)


class CodedDigits(tfds.core.GeneratorBasedBuilder):
    """Images with two labels and an identifier; `supervised_keys` says which label counts."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = tfds.features.FeaturesDict(
            {"name": tfds.features.Text(), "odd": KIND, "image": GRAY, "digit": DIGIT}
        )
        return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("image", "digit"))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for index, (image, digit) in enumerate(zip(ROWS["digits"], ROWS["labels"])):
            yield index, {"name": f"row {index}", "odd": digit % 2, "image": image, "digit": digit}


def store(name, features, **splits):
    """Writes a data set of lists of rows, each a dictionary."""
    tfds.dataset_builders.store_as_tfds_dataset(
        name,
        version="1.0.0",
        data_dir=FOLDER,
        features=tfds.features.FeaturesDict(features),
        split_datasets={split: list(enumerate(rows)) for split, rows in splits.items()},
    )


def with_labels(x, labels):
    """Rows of an input and a label."""
    return [{"x": row, "y": int(label)} for row, label in zip(x, labels)]


def main():
    """Writes them all."""
    digits = with_labels(ROWS["digits"], ROWS["labels"])
    nameless = with_labels(ROWS["digits"][:7], [-1] * 7)
    flat = np.arange(6, dtype=np.float32).reshape(6, 1)
    CodedDigits(data_dir=FOLDER).download_and_prepare()
    store("plain_digits", {"x": GRAY, "y": DIGIT}, train=digits[:250], test=digits[250:], unlabelled=nameless)
    sizes = [np.full((4 + index, 9 - index, 3), 40 * index, np.uint8) for index in SIX]
    store("photos", {"x": tfds.features.Image(), "y": KIND}, train=with_labels(sizes, [0, 1] * 3))
    deep = [np.full((2, 2, 1), 13107 * index, np.uint16) for index in SIX]
    store(
        "deep", {"x": tfds.features.Image(shape=(2, 2, 1), dtype=np.uint16), "y": KIND}, a=with_labels(deep, [0, 1] * 3)
    )
    numbers = tfds.features.Tensor(shape=(4,), dtype=np.float64)
    store("numbers", {"x": numbers, "y": KIND}, train=with_labels(ROWS["numbers"], ROWS["labels"] % 2))

    one = tfds.features.Tensor(shape=(1,), dtype=np.float32)
    store("nameless", {"x": GRAY, "y": DIGIT}, train=nameless)
    store("half_labelled", {"x": one, "y": KIND}, train=with_labels(flat, [0, 1, 0, 1, 0, -1]))
    store("not_finite", {"x": one, "y": KIND}, train=with_labels(flat / flat[::-1], [0, 1] * 3))
    store("texts", {"x": tfds.features.Text(), "y": KIND}, train=with_labels("abcdef", [0, 1] * 3))
    # As imdb_reviews: two labelled splits and one without labels; as glue: two texts, and a number for each row.
    labels = tfds.features.ClassLabel(names=["bad", "good"])
    said = [{"label": row % 2, "text": f"A {('dull', 'great')[row % 2]} film, no. {row}."} for row in range(12)]
    more = [{"label": -1, "text": "Never seen."} for _ in range(3)]
    store("reviews", {"label": labels, "text": tfds.features.Text()}, train=said[:8], test=said[8:], unsupervised=more)
    pair = {"premise": tfds.features.Text(), "claim": tfds.features.Text(), "idx": np.int32, "label": labels}
    rows = [{"premise": "x", "claim": f"claim {row % 2}", "idx": row, "label": row % 2} for row in range(8)]
    store("pairs", pair, train=rows)
    foreign = [b"caf\xe9", *[b"tea"] * 5]  # Latin 1
    store("foreign", {"x": tfds.features.Text(), "y": KIND}, train=with_labels(foreign, [0, 1] * 3))
    store("regression", {"x": one, "y": tfds.features.Scalar(np.int64)}, train=with_labels(flat, SIX))


if __name__ == "__main__":
    main()
