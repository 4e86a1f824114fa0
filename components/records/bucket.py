"""What the store of a search asks of a bucket, whoever keeps it."""

import enum
import mimetypes
from typing import BinaryIO, NamedTuple, Protocol


class Trouble(enum.Enum):
    """Why a request to a bucket failed."""

    PASSING = "busy, or the connection broke: the same request may succeed"
    TAKEN = "there is an object of this name"
    MISSING = "no such object or bucket"
    FORBIDDEN = "no credentials, or they don't allow it"
    OTHER = "anything else"


TROUBLE_OF_STATUS = {
    401: Trouble.FORBIDDEN,
    403: Trouble.FORBIDDEN,
    404: Trouble.MISSING,
    408: Trouble.PASSING,
    409: Trouble.PASSING,  # another write of the same object was under way
    412: Trouble.TAKEN,
    429: Trouble.PASSING,
    500: Trouble.PASSING,
    502: Trouble.PASSING,
    503: Trouble.PASSING,
    504: Trouble.PASSING,
}


class Listed(NamedTuple):
    """An object in a listing: its key and its bytes."""

    key: str
    size_bytes: int


class Bucket(Protocol):
    """One request each, made once; errors are the client library's own, and `trouble` says what they mean."""

    def put(self, key: str, data: bytes, writer: str) -> bool:
        """Writes an object with its writer's name beside it and returns True; Trouble.TAKEN where the key is."""

    def get(self, key: str) -> bytes:
        """Returns the whole of an object, its checksum checked; Trouble.MISSING where there is none."""

    def download(self, key: str, file: BinaryIO) -> None:
        """Writes an object to a file as it comes, its checksum checked; Trouble.MISSING where there is none."""

    def writer(self, key: str) -> str:
        """Returns the name of an object's writer, empty where it has none; Trouble.MISSING where there is no object."""

    def objects(self, prefix: str, most: int | None = None) -> list[Listed]:
        """Returns the objects, the first `most` in the order of their keys, whose keys begin so."""

    def remove(self, key: str) -> None:
        """Removes an object; there may be none (or Trouble.MISSING)."""

    def trouble(self, error: Exception) -> Trouble:
        """Returns what an error of one of these requests means."""


class DamagedDownload(OSError):
    """The bytes that came are not those that were written."""


def content_type(key: str) -> str:
    """Returns the media type that a browser needs to show an object."""
    return mimetypes.guess_type(key)[0] or "application/octet-stream"
