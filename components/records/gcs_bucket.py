"""A bucket of Google Cloud Storage."""

import os
from functools import cached_property
from typing import BinaryIO

from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage import Blob, Client
from google.cloud.storage import Bucket as CloudBucket
from google.cloud.storage.exceptions import DataCorruption
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, Timeout
from requests.exceptions import ConnectionError as RequestsConnectionError

from components.records.bucket import TROUBLE_OF_STATUS, Listed, Trouble, content_type

TIMEOUT_SECONDS = (10, 60)  # to connect, and between two bytes
WRITER = "writer"
NO_ANSWER = (
    RequestsConnectionError,
    ConnectionError,
    Timeout,
    ChunkedEncodingError,
    ContentDecodingError,
    TransportError,
    DataCorruption,
)
# Else the library asks for the bucket's own metadata beside the first request, for traces that nobody collects, with a
# permission that who may only use the objects doesn't have.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


class GcsBucket:
    """Requests through google-cloud-storage, with the application default credentials, or to STORAGE_EMULATOR_HOST.

    The library's own retries are off (`retry=None`): after a break they continue a download without checking the
    checksum of the whole.
    """

    def __init__(self, name: str):
        self._name = name

    def put(self, key: str, data: bytes, writer: str) -> bool:
        """Writes an object with its writer's name beside it and returns True; Trouble.TAKEN where the key is."""
        blob = self._blob(key)
        blob.metadata = {WRITER: writer}
        blob.upload_from_string(
            data, content_type(key), if_generation_match=0, timeout=TIMEOUT_SECONDS, checksum="crc32c", retry=None
        )
        return True

    def get(self, key: str) -> bytes:
        """Returns the whole of an object, its checksum checked; Trouble.MISSING where there is none."""
        return self._blob(key).download_as_bytes(timeout=TIMEOUT_SECONDS, checksum="crc32c", retry=None)

    def download(self, key: str, file: BinaryIO) -> None:
        """Writes an object to a file as it comes, its checksum checked; Trouble.MISSING where there is none."""
        self._blob(key).download_to_file(file, timeout=TIMEOUT_SECONDS, checksum="crc32c", retry=None)

    def writer(self, key: str) -> str:
        """Returns the name of an object's writer, empty where it has none; Trouble.MISSING where there is no object."""
        blob = self._blob(key)
        blob.reload(timeout=TIMEOUT_SECONDS, retry=None)
        return (blob.metadata or {}).get(WRITER, "")

    def objects(self, prefix: str, most: int | None = None) -> list[Listed]:
        """Returns the objects, the first `most` in the order of their keys, whose keys begin so."""
        pages = self._bucket.list_blobs(
            max_results=most,
            prefix=prefix,
            fields="items(name,size),nextPageToken",
            timeout=TIMEOUT_SECONDS,
            retry=None,
        )
        return [Listed(blob.name, blob.size) for blob in pages]

    def remove(self, key: str) -> None:
        """Removes an object; Trouble.MISSING where there is none."""
        self._blob(key).delete(timeout=TIMEOUT_SECONDS, retry=None)

    def trouble(self, error: Exception) -> Trouble:
        """Returns what an error of one of these requests means."""
        if isinstance(error, NO_ANSWER):
            return Trouble.PASSING
        if isinstance(error, GoogleAuthError):
            return Trouble.PASSING if error.retryable else Trouble.FORBIDDEN
        if isinstance(error, GoogleAPICallError) and error.code is not None:
            return TROUBLE_OF_STATUS.get(int(error.code), Trouble.OTHER)
        return Trouble.OTHER

    def _blob(self, key: str) -> Blob:
        return self._bucket.blob(key)

    @cached_property
    def _bucket(self) -> CloudBucket:
        return Client().bucket(self._name)
