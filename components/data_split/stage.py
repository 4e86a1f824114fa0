"""Splits the search's data set into train, validation and test rows, once."""

from components.data_split.description import check_compiled_for, read_description
from components.data_split.errors import DataError
from components.data_split.labelled import check_finite
from components.data_split.sources import read_source
from components.data_split.split import split_rows
from components.data_split.vocabulary import put_vocabulary
from components.records.layout import manifest_path
from components.records.results import DataManifest
from components.records.rows import PARTS, write_part
from components.records.search import Search
from components.records.store import Store, read_record, write_record
from components.records.tasks import Task, search_task, share_rows, tasks_with_rows
from components.search_file.rules import DEPTH
from components.search_file.stored import given_search, put_search


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
    same draw into the same rows. Statistics that the encoding needs come from the training rows alone. A repetition
    after a kill writes the same bytes.

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
    parts = split_rows(source.labels, source.classes, data.validation, data.test, seed)
    encoded = source.inputs.fit(parts.train)
    check_finite(encoded)
    written = {
        part: write_part(store, part, encoded.rows(rows), source.labels[rows], task.folder)
        for part, rows in parts._asdict().items()
    }
    if encoded.vocabulary is not None:
        put_vocabulary(store, task.folder, encoded.vocabulary)
    manifest = DataManifest(
        source=data.source,
        input_shape=encoded.values.shape[1:],
        classes=source.classes,
        features=encoded.features,
        vocabulary=None if encoded.vocabulary is None else encoded.vocabulary.size,
        train=written["train"],
        validation=written["validation"],
        test=written["test"],
    )
    if same_rows is not None:
        _check_same_rows(manifest, same_rows)
    return write_record(store, manifest_path(task.folder), manifest)


def _check_same_rows(target: DataManifest, search: DataManifest) -> None:
    for part in PARTS:
        held, expected = getattr(target, part).class_rows, getattr(search, part).class_rows
        if held != expected:
            rule = f"hold the rows that the search's own data had, {list(expected)} of each class in the {part} part"
            raise DataError("data.source", rule, f"{list(held)}")
