"""Splits the search's data set into train, validation and test rows, once."""

from components.data_split.description import check_compiled_for, read_description
from components.data_split.labelled import check_finite
from components.data_split.sources import read_source
from components.data_split.split import split_rows
from components.records.results import DataManifest
from components.records.rows import write_part
from components.records.search import Search
from components.records.store import Store, read_record, write_record
from components.search_file.rules import DEPTH
from components.search_file.stored import given_search, put_search

MANIFEST = "data/manifest.json"


def split_search_data(store: Store, description: str, devices: str = "", depth: int = DEPTH) -> DataManifest:
    """Writes the search's description, unless it is there, and splits its data.

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

    Statistics that the encoding needs come from the training rows alone. A repetition after a kill writes the same
    bytes.

    Raises:
        DataError: where the data can't be used.
        DamagedRecord: where an unfinished split left rows that differ from these.
    """
    done = read_record(store, MANIFEST, DataManifest)
    if done is not None:
        return done
    data = search.data
    source = read_source(data)
    parts = split_rows(source.labels, source.classes, data.validation, data.test, search.seed)
    encoded = source.inputs.fit(parts.train)
    check_finite(encoded)
    written = {
        part: write_part(store, part, encoded.rows(rows), source.labels[rows]) for part, rows in parts._asdict().items()
    }
    manifest = DataManifest(
        source=data.source,
        input_shape=encoded.values.shape[1:],
        classes=source.classes,
        features=encoded.features,
        **written,
    )
    return write_record(store, MANIFEST, manifest)
