"""The files of a source in a bucket, on this machine for as long as they are read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from components.data_split.errors import DataError
from components.data_split.parquet_file import part_names
from components.records.bucket import Bucket
from components.records.bucket_client import open_bucket
from components.records.bucket_requests import BucketRequests
from components.records.data_location import Location
from components.records.supervision import exit_on_signal

SOURCE = "data.source"
AT_ONCE = 8  # downloads: google-cloud-storage and boto3 keep 10 connections each
LONGEST_NAME_BYTES = 255  # of a file on Linux


@contextmanager
def downloaded(kind: str, location: Location) -> Iterator[str]:
    """Downloads what a source reads of an object or a folder, yields the path of the copy, and removes that.

    A folder counts before an object of its name. An object is written to disk as it comes, in the folder for temporary
    files, and fetched again from its beginning where the connection breaks. Errors within the block that name the copy
    leave it naming the URI.

    Args:
        kind: `csv`, which is one object, `parquet` or `images`.
        location: in a bucket.

    Raises:
        DataError: where there is no such object, folder or bucket, or the credentials don't allow to read it.
        ConnectionError: where nothing answers, or only that it is busy.
        ModuleNotFoundError: where the client library of the scheme is not installed.
    """
    with exit_on_signal(), TemporaryDirectory(prefix="archloom-") as folder:
        copy, uri = Path(folder, "data"), location.uri.rstrip("/")
        bucket = open_bucket(location.scheme, location.bucket, SOURCE, location.uri)
        try:
            with _refusals_as_data_errors(location):
                _download(bucket, kind, location, copy)
            yield str(copy)
        except DataError as error:
            rule, received = (text.replace(str(copy), uri) for text in (error.rule, error.received))
            raise DataError(error.argument, rule, received) from error


def _download(bucket: Bucket, kind: str, location: Location, copy: Path) -> None:
    ask = BucketRequests(bucket, SOURCE, location.uri).ask
    key = location.path.rstrip("/")
    prefix = f"{key}/" if key else ""

    def fetch(name: str) -> None:
        def written_anew() -> None:
            with Path(copy, name).open("wb") as file:
                bucket.download(prefix + name if name else key, file)

        ask(written_anew)

    keys = [] if kind == "csv" else [found.key for found in ask(lambda: bucket.objects(prefix))]
    # Consoles mark a folder by an empty object whose key ends in a slash.
    names = sorted(one.removeprefix(prefix) for one in keys if not one.endswith("/"))
    if key and not names and key == location.path and kind != "images":
        fetch("")
        return
    copy.mkdir()
    wanted = part_names(names, location.uri) if kind == "parquet" else _image_names(names)
    _check_names(wanted, location)
    for name in wanted:
        Path(copy, name).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(fetch, wanted))


def _image_names(names: Sequence[str]) -> list[str]:
    """The files in a folder of a class; hidden ones are passed over, as `read_image_folder` does."""
    return [name for name in names if "/" in name and name[0] != "." and name.rpartition("/")[2][0] != "."]


def _check_names(names: Sequence[str], location: Location) -> None:
    """Refuses what can't be copied below a folder: an object may be called `../x`, or `a` beside `a/b`."""
    folders = {name[:end] for name in names for end, letter in enumerate(name) if letter == "/"}
    for name in names:
        parts = name.split("/")
        if name in folders or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise DataError(SOURCE, "hold objects whose names can be those of files", f"{location.uri} with {name!r}")
        if max(len(part.encode()) for part in parts) > LONGEST_NAME_BYTES:
            rule = f"hold objects whose names have at most {LONGEST_NAME_BYTES} bytes between slashes"
            raise DataError(SOURCE, rule, f"{location.uri} with {name!r}")


@contextmanager
def _refusals_as_data_errors(location: Location) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        if error.__cause__ is None:  # of this machine's disk
            raise
        missing = isinstance(error, FileNotFoundError)
        rule = "name an object or a folder that there is" if missing else "lie where your credentials may read"
        reason = f"{type(error.__cause__).__name__}: {error.__cause__}"
        raise DataError(SOURCE, rule, f"{location.uri} ({reason})") from error
