"""`tfds:NAME`: a data set of TensorFlow Datasets, from `$TFDS_DATA_DIR`; the only source that imports TensorFlow."""

from typing import Any

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Images, Inputs, Labelled
from components.data_split.table import table_of_numbers
from components.data_split.text import texts_of_bytes
from components.records.search import Data

BATCH = 256  # rows that are converted at once
WHITE = {np.dtype(np.uint8): 2.0**8 - 1, np.dtype(np.uint16): 2.0**16 - 1}  # images of floats are in [0, 1] already


def read_tensorflow_dataset(name: str, data: Data) -> Labelled:
    """Reads all labelled rows of a data set, whatever split they are in; it is downloaded only where not prepared yet.

    Its `supervised_keys` say which features are input and class label; without them it must have no others. An input of
    rank 3 is an image, of rank 1 a row of numbers, and with `data.text` it is a text. Splits without labels (each is
    -1) are passed over.

    Args:
        name: as TensorFlow Datasets takes it, such as `mnist`, `cifar10:3.0.2` or `some/config`.
        data: `image_size` resizes the images, and must be given where they differ in size; `text.column` names another
            input.

    Raises:
        DataError: where there is no such data set, or it is none for classification.
    """
    builder = _prepared_builder(name, data)
    keys = _keys(builder.info, data)
    feature, label = (builder.info.features[key] for key in keys)
    _check_input(feature, data)
    x, labels = _read_labelled_splits(builder, keys, data)
    if ((labels < 0) | (labels >= label.num_classes)).any():
        raise DataError("data.source", "label each row", f"{data.source!r} with labels out of range")
    inputs: Inputs
    if data.text is not None:
        inputs = texts_of_bytes(x, data.source, data.text)
    elif x.ndim == 4:
        inputs = Images(x, WHITE.get(np.dtype(feature.np_dtype), 1.0))
    else:
        inputs = table_of_numbers(x, tuple(f"{keys[0]}_{index}" for index in range(x.shape[1])))
    return Labelled(inputs, labels, tuple(label.int2str(index) for index in range(label.num_classes)))


def _prepared_builder(name: str, data: Data) -> Any:
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name)
        if not builder.is_prepared():
            builder.download_and_prepare()
    except Exception as error:  # a builder is anybody's code and may raise anything
        rule = "name a data set that is prepared in $TFDS_DATA_DIR or can be downloaded"
        reason = str(error).strip().partition("\n")[0]
        raise DataError("data.source", rule, f"{data.source!r} ({type(error).__name__}: {reason})") from error
    return builder


def _keys(info: Any, data: Data) -> tuple[str, str]:
    """Names of the input and of the label."""
    import tensorflow_datasets as tfds

    labels = [key for key, feature in info.features.items() if isinstance(feature, tfds.features.ClassLabel)]
    others = [key for key in info.features if key not in labels]
    named = None if data.text is None else data.text.column
    if named is not None and named not in others:
        features = ", ".join(map(repr, others))
        raise DataError("data.text.column", f"be one of the features {features}", f"column={named!r}")
    keys = info.supervised_keys or (*others, *labels)
    match keys if named is None else (named, labels[0] if len(labels) == 1 else keys[-1]):
        case (str(inputs), str(label)) if label in labels and inputs in others:
            return inputs, label
    received = f"{data.source!r} with {', '.join(info.features)}"
    raise DataError("data.source", "have one input and one class label, or say by supervised_keys which", received)


def _check_input(feature: Any, data: Data) -> None:
    shape, dtype = feature.shape, np.dtype(feature.np_dtype)
    if (shape == () and dtype == np.object_) != (data.text is not None):
        received = f"{data.source!r} with {feature}"
        raise DataError("data.text", "be given where rows are texts, and null elsewhere", received)
    if data.text is not None:
        if data.image_size is not None:
            raise DataError("data.image_size", "be null with texts", f"image_size={list(data.image_size)}")
        return
    is_image = isinstance(shape, tuple) and len(shape) == 3 and (dtype in WHITE or np.issubdtype(dtype, np.floating))
    is_numbers = isinstance(shape, tuple) and len(shape) == 1 and None not in shape and np.issubdtype(dtype, np.number)
    if not is_image and not is_numbers:
        rule = "have images (of 8 or 16 bits, or of floats) or rows of numbers as input"
        raise DataError("data.source", rule, f"{data.source!r} with {feature}")
    if is_numbers and data.image_size is not None:
        raise DataError("data.image_size", "be null with rows of numbers", f"image_size={list(data.image_size)}")
    if is_image and None in shape[:2] and data.image_size is None:
        raise DataError("data.image_size", "be given where images differ in size", "image_size=null")


def _read_labelled_splits(builder: Any, keys: tuple[str, str], data: Data) -> tuple[np.ndarray, np.ndarray]:
    splits = sorted(builder.info.splits)
    batches = [batch for split in splits for batch in _labelled_batches(builder, split, keys, data)]
    if not batches:
        raise DataError("data.source", "have labelled rows", f"{data.source!r} with none")
    xs, labels = zip(*batches)
    return np.concatenate(xs), np.concatenate(labels).astype(np.int32)


def _labelled_batches(builder: Any, split: str, keys: tuple[str, str], data: Data) -> list:
    """Batches `([batch, ...], [batch])` of a split, in the order of its files; none where no row has a label."""
    import tensorflow as tf

    def row(features):
        x, label = (features[key] for key in keys)
        return (x if data.image_size is None else tf.image.resize(x, data.image_size, antialias=True)), label

    rows = builder.as_dataset(split=split, shuffle_files=False).map(row)
    batches = list(rows.batch(BATCH).as_numpy_iterator())
    return batches if any((labels >= 0).any() for _, labels in batches) else []
