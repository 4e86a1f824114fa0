"""The sources of data by name, and which options each takes. Each imports its own library, and only when it reads."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from components.data_split.bucket_files import downloaded
from components.data_split.csv_data import read_csv
from components.data_split.errors import DataError
from components.data_split.image_folder import read_image_folder
from components.data_split.labelled import Labelled
from components.data_split.parquet_data import read_parquet
from components.data_split.sklearn_data import read_sklearn
from components.data_split.tensorflow_data import read_tensorflow_dataset
from components.records.data_location import location_of, location_rule
from components.records.search import Data


class Source(NamedTuple):
    """A source of data.

    Fields:
        read: reads what follows the colon of `data.source`, without `file://`; of a URI, its copy on this machine.
        needs: options that must be given.
        takes: options that may be given, those included.
    """

    read: Callable[[str, Data], Labelled]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


SOURCES = {
    "sklearn": Source(read_sklearn),
    "tfds": Source(read_tensorflow_dataset, takes=("image_size", "text")),
    "csv": Source(read_csv, needs=("label",), takes=("label", "task", "text")),
    "parquet": Source(read_parquet, needs=("label",), takes=("label", "task")),
    "images": Source(read_image_folder, needs=("image_size",), takes=("image_size",)),
}


def read_source(data: Data) -> Labelled:
    """Reads the rows that a search file's `data` section names; those in a bucket from a copy that is then removed.

    Raises:
        DataError: where there is no such source, an option does not fit it, or the data can't be used.
        ConnectionError: where a bucket doesn't answer.
    """
    kind, _, rest = data.source.partition(":")
    if kind not in SOURCES or not rest:
        known = ", ".join(f"{name}:…" for name in SOURCES)
        raise DataError("data.source", f"be one of {known}", f"{data.source!r}")
    source, rule = SOURCES[kind], location_rule(data.source)
    if rule is not None:
        raise DataError("data.source", f"be {rule}", f"{data.source!r}")
    _check_task(data)
    for option in ("label", "image_size", "text"):
        value = getattr(data, option)
        if value is None and option in source.needs:
            raise DataError(f"data.{option}", f"be given with a source {kind}:…", f"{option}=null")
        if value is not None and option not in source.takes:
            raise DataError(f"data.{option}", f"not be given with a source {kind}:…", f"{option}={value!r}")
    location = location_of(data.source)
    if location is None or location.is_local:
        return source.read(rest if location is None else location.path, data)
    with downloaded(kind, location) as copy:
        return source.read(copy, data)


def _check_task(data: Data) -> None:
    """Refuses a task that is neither free to choose nor the source's own."""
    kind, own = data.source.partition(":")[0], msgspec.structs.replace(data, task=None).learning_task
    if data.learning_task != own and "task" not in SOURCES[kind].takes:
        raise DataError("data.task", f"be null or {own} with the source {data.source}", f"task={data.task!r}")
