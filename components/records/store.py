"""Where records lie: create-only objects under a search's URI, and typed records in them.

The contract holds for every store, local or in object storage:
- an object appears whole under its final name or not at all, and is never changed;
- of racing writers of one name exactly one wins, and each learns whether it did;
- what `create` returned for is durable.
"""

from typing import Protocol, TypeVar

import msgspec

from components.records.bucket_client import SCHEMES, open_bucket
from components.records.local_store import LocalStore
from components.records.object_store import ObjectStore

R = TypeVar("R", bound=msgspec.Struct)


class Store(Protocol):
    """Objects by relative path, such as `rounds/00001/scores.json`."""

    uri: str

    def create(self, path: str, data: bytes) -> bool:
        """Writes an object unless its name is taken; returns whether this call wrote it."""

    def read(self, path: str) -> bytes | None:
        """Returns an object's bytes, None where there is none."""

    def exists(self, path: str) -> bool:
        """Returns whether there is such an object."""

    def paths(self, prefix: str) -> list[str]:
        """Returns the sorted paths of all objects below a folder, at any depth; of an object's own name, that one."""

    def delete(self, path: str) -> None:
        """Removes an object; it is no error where there is none."""

    def size_bytes(self, prefix: str) -> int:
        """Returns the bytes of all objects below a folder, or of the object of that name."""


class DamagedRecord(ValueError):
    """A stored record can't be decoded as what it should be."""


def open_search(uri: str) -> Store:
    """Opens the store of a search directory.

    Args:
        uri: a local path or `file://` URI; `gs://bucket/prefix` on Google Cloud Storage; `s3://bucket/prefix` on
            Amazon S3 or the server at AWS_ENDPOINT_URL. A bucket is asked at once whether it is there and allowed.

    Raises:
        ValueError: where the URI's scheme has no store, or it names no bucket.
        FileNotFoundError, PermissionError, ConnectionError: where its bucket doesn't exist, isn't allowed, or doesn't
            answer.
        ModuleNotFoundError: where the client library of its scheme is not installed.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStore(uri)
    if scheme == "file":
        return LocalStore(rest)
    if scheme not in SCHEMES or rest.startswith("/") or not rest:
        raise ValueError(
            "`search` must be a local path or a file://, gs://bucket/prefix or s3://bucket/prefix URI. "
            f"Received: search={uri!r}."
        )
    return ObjectStore(open_bucket(scheme, rest.split("/")[0], "search", uri), uri)


def read_record(store: Store, path: str, kind: type[R]) -> R | None:
    """Returns the record at a path, None where there is none.

    Raises:
        DamagedRecord: where the object there is no such record.
    """
    data = store.read(path)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedRecord(f"`{store.uri}/{path}` must be a {kind.__name__} record: {error}") from error


def require_record(store: Store, path: str, kind: type[R]) -> R:
    """Returns the record at a path that must be there.

    Raises:
        FileNotFoundError: where it is not.
        DamagedRecord: where the object there is no such record.
    """
    record = read_record(store, path, kind)
    if record is None:
        raise FileNotFoundError(f"`{store.uri}` must hold {path}, a {kind.__name__} record.")
    return record


def write_record(store: Store, path: str, record: R) -> R:
    """Writes a record unless one is there; returns the one that is there then.

    Raises:
        ValueError: where nobody could read it, as JSON has no number that is not finite.
    """
    data = msgspec.json.encode(record)
    try:
        msgspec.json.decode(data, type=type(record))
    except msgspec.ValidationError as error:
        raise ValueError(f"`record` must be one that can be read again: {error}. Received: {path}.") from error
    if store.create(path, msgspec.json.format(data, indent=1)):
        return record
    return require_record(store, path, type(record))
