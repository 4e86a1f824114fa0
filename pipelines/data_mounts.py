"""What of this machine a search's steps must see to read its data in containers, where there is no other file of it."""

import os
from pathlib import Path
from typing import NamedTuple

from docker.types import Mount

from components.records.data_location import location_of
from components.records.search import Data, Search
from components.records.tasks import tasks_with_rows
from pipelines.bucket_access import INSIDE, bucket_access

OF_DATA_SETS = "TFDS_DATA_DIR"


class DataMounts(NamedTuple):
    """What the containers of a search get for its data.

    Fields:
        mounts: files and folders of this machine.
        environment: variables that say where they are.
    """

    mounts: tuple[Mount, ...]
    environment: dict[str, str]


NOTHING = DataMounts((), {})


def search_mounts(search: Search) -> DataMounts:
    """Returns what the steps need to find a search's data and those of its target; see `data_mounts`.

    Raises:
        ValueError: where an images: folder has links that lead out of it, or both would lie at one place inside.
    """
    found = [data_mounts(task.data) for task in tasks_with_rows(search)]
    mounts = {mount["Target"]: mount for one in found for mount in one.mounts}  # one source may be that of both
    for mount in (mount for one in found for mount in one.mounts):
        if mount != mounts[mount["Target"]]:
            raise ValueError(
                "`final_scaling.target.data.source` must be another path than `data.source` in a container's home and "
                f"working directory. Received: {mounts[mount['Target']]['Source']} and {mount['Source']}."
            )
    return DataMounts(tuple(mounts.values()), {name: value for one in found for name, value in one.environment.items()})


def data_mounts(data: Data) -> DataMounts:
    """Returns what the steps need to find data where `data.source` says, as processes of this machine do.

    The files and folders of csv:, parquet: and images: are mounted read-only, a relative path below the images' working
    directory. The folder of TensorFlow Datasets can be written, so that what is downloaded stays; where there is none
    yet, the data lie in the memory of the one step that reads them. Data that isn't there is left to that step to miss.
    Data in a bucket come over the network: for these, see `bucket_access`.

    Raises:
        ValueError: where an images: folder has links that lead out of it, which a container would silently miss.
    """
    if data.source.startswith("tfds:"):
        return _data_sets()
    location = location_of(data.source)
    if location is None:
        return NOTHING
    if not location.is_local:
        return DataMounts(*bucket_access(location.scheme))
    path = Path(location.path).expanduser().absolute()
    if not path.exists():
        return NOTHING
    _check_links(path)
    target = os.path.normpath(Path(INSIDE, location.path.removeprefix("~/")))
    return DataMounts((Mount(target=target, source=str(path.resolve()), type="bind", read_only=True),), {})


def _data_sets() -> DataMounts:
    folder = Path(os.environ.get(OF_DATA_SETS, "~/tensorflow_datasets")).expanduser().absolute()
    if not folder.is_dir():
        return NOTHING
    mount = Mount(target=str(folder), source=str(folder.resolve()), type="bind")
    return DataMounts((mount,), {OF_DATA_SETS: str(folder)})


def _check_links(folder: Path) -> None:
    inside = folder.resolve()
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(at, name)
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise ValueError(
                    "`data.source` must hold no link that leads out of it for a search in containers. "
                    f"Received: {path}, a link to {path.resolve()}."
                )
