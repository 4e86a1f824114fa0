"""Splits the search's data set into train, validation and test rows, once."""

import warnings

import numpy as np

from components.data_split.description import check_compiled_for, read_description
from components.data_split.encoding import put_encoding
from components.data_split.errors import DataError
from components.data_split.labelled import Encoded, Labelled, check_finite
from components.data_split.sources import read_source
from components.data_split.split import Parts, split_numbers, split_rows
from components.data_split.vocabulary import put_vocabulary
from components.records.layout import manifest_path
from components.records.manifest import DataManifest
from components.records.rows import PARTS, labels_path, write_part
from components.records.search import Data, Search
from components.records.store import Store, read_record, write_record
from components.records.tasks import Task, search_task, share_rows, tasks_with_rows
from components.rounds.layer_records import LayerRecords
from components.search_file.rules import DEPTH
from components.search_file.stored import get_search, given_search, put_search


class ColumnWarning(UserWarning):
    """A column of the data is no input, or perhaps should be none."""


def prepare_search(store: Store, description: str, devices: str = "", depth: int = DEPTH) -> int:
    """Splits the data as `split_search_data` does; returns on which device layers must be measured before any round.

    Returns:
        Which of the devices that the pipeline measures on it is, from 0; -1 where no layer need be measured.

    Raises:
        InvalidSearch: where there are too many layers to measure, or too large ones.
    """
    split_search_data(store, description, devices, depth)
    layers = LayerRecords(store, get_search(store))
    layers.require_measurable()
    return (devices.split() or [layers.device]).index(layers.device) if layers.missing() else -1


def split_search_data(store: Store, description: str, devices: str = "", depth: int = DEPTH) -> DataManifest:
    """Writes the search's description, unless it is there, and splits its data and those of its target.

    Args:
        store: the search's.
        description: the search file's text, or its URI; empty where the store holds it.
        devices: that the pipeline measures latency on, separated by blanks; empty for the machine that it runs on.
        depth: rounds that one run nests.

    Raises:
        WrongPipeline: where the pipeline wasn't compiled for this search.
        DataError: where the data can't be used.
    """
    text = read_description(description)
    check_compiled_for(given_search(store, text), devices, depth)
    return split_data(store, put_search(store, text))


def split_data(store: Store, search: Search) -> DataManifest:
    """Reads, splits and encodes the data and writes its parts, the manifest last; or returns the manifest there is.

    A target with data of its own is split after that, in a folder of its own; where both have the same source, by the
    same draw into the same rows. Statistics that the encoding needs come from the training rows alone. A column of a
    table that can be no input (dates, constant or wholly missing ones) is left out with a `ColumnWarning`, and
    one that should be looked at has one, too. A repetition after a kill writes the same bytes.

    Returns:
        The manifest of the search's own data.

    Raises:
        DataError: where the data can't be used.
        DamagedRecord: where an unfinished split left rows that differ from these.
    """
    manifest = _split(store, search_task(search), search.seed)
    for target in tasks_with_rows(search)[1:]:
        try:
            _split(store, target, search.seed, manifest if share_rows(search) else None)
        except DataError as error:
            raise error.below("final_scaling.target") from error
    return manifest


def _split(store: Store, task: Task, seed: int, same_rows: DataManifest | None = None) -> DataManifest:
    """Writes a task's rows; `same_rows` is the manifest of another task of the same source."""
    done = read_record(store, manifest_path(task.folder), DataManifest)
    if done is not None:
        return done
    data = task.data
    source = read_source(data)
    parts = _parts(source, data, seed)
    encoded = source.inputs.fit(parts.train)
    check_finite(encoded)
    _warn_of(encoded, data.source)
    labels = source.labels
    mean, deviation = _scale_of_labels(labels[parts.train])
    if mean is not None and deviation is not None:
        labels = ((labels - mean) / deviation).astype(np.float32)
    written = {
        part: write_part(store, part, encoded.rows(rows), labels[rows], task.folder)
        for part, rows in parts._asdict().items()
    }
    if encoded.vocabulary is not None:
        put_vocabulary(store, task.folder, encoded.vocabulary)
    if encoded.encoding is not None:
        put_encoding(store, task.folder, encoded.encoding)
    manifest = DataManifest(
        source=data.source,
        input_shape=encoded.values.shape[1:],
        task=data.learning_task,
        classes=source.classes,
        label_mean=mean,
        label_deviation=deviation,
        features=encoded.features,
        left_out=dict(encoded.left_out),
        remarks=dict(encoded.remarks),
        vocabulary=None if encoded.vocabulary is None else encoded.vocabulary.size,
        train=written["train"],
        validation=written["validation"],
        test=written["test"],
    )
    if same_rows is not None:
        _check_same_rows(store, task.folder, manifest, same_rows)
    return write_record(store, manifest_path(task.folder), manifest)


def _parts(source: Labelled, data: Data, seed: int) -> Parts:
    if data.learning_task == "regression":
        return split_numbers(source.labels, data.validation, data.test, seed)
    return split_rows(source.labels, source.classes, data.validation, data.test, seed)


def _scale_of_labels(train: np.ndarray) -> tuple[float | None, float | None]:
    """Mean and (population) standard deviation of the training rows' labels; none of classes."""
    if np.issubdtype(train.dtype, np.integer):
        return None, None
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(train.mean()), float(train.std())
    if not np.isfinite(deviation) or not deviation:
        raise DataError("data.label", "have a finite variance", f"numbers to {abs(train).max()}")
    return mean, deviation


def _warn_of(encoded: Encoded, source: str) -> None:
    for column, reason in encoded.left_out.items():
        warnings.warn(f"{source}: the column {column!r} is left out: {reason}", ColumnWarning, stacklevel=2)
    for column, remark in encoded.remarks.items():
        warnings.warn(f"{source}: the column {column!r}: {remark}", ColumnWarning, stacklevel=2)


def _check_same_rows(store: Store, folder: str, target: DataManifest, search: DataManifest) -> None:
    """Refuses a target, split into `folder`, whose rows in a part are others, as far as number and labels tell."""
    for part in PARTS:
        held, expected = getattr(target, part).class_rows, getattr(search, part).class_rows
        if held != expected:
            rule = f"hold the rows that the search's own data had, {list(expected)} of each class in the {part} part"
            raise DataError("data.source", rule, f"{list(held)}")
        rows, wanted = getattr(target, part).rows, getattr(search, part).rows
        if rows != wanted:
            rule = f"hold the rows that the search's own data had, {wanted} in the {part} part"
            raise DataError("data.source", rule, str(rows))
        if store.read(labels_path(part, folder)) != store.read(labels_path(part)):
            rule = f"hold the rows that the search's own data had, in their order, with their labels in the {part} part"
            raise DataError("data.source", rule, "other labels, or another order")
