"""The store in a bucket: create-only objects below a prefix, sound on a network that loses answers."""

import posixpath
import secrets
from concurrent.futures import ThreadPoolExecutor

from components.records.bucket import Bucket, Listed, Trouble
from components.records.bucket_requests import BucketRequests

PROOF = ".create-only"  # no listing shows it
PROOF_TEXT = b"Written by several at once when this search began, to see that the server lets only one of them.\n"
RIVALS = 4


class ObjectStore:
    """Create-only objects: written on the condition that there is none, so that the server picks the winner.

    Whether a write won is not what its last answer says: the first attempt may have been committed and its answer lost,
    and the second refused because of it. So each `create` leaves a name of its own beside the object, and a refused one
    looks whose name stands there.

    Args:
        bucket: keeps the objects.
        uri: of the search directory, `scheme://bucket/prefix`.

    Raises:
        FileNotFoundError: where there is no such bucket.
        PermissionError: where the credentials are missing, wrong or not allowed to list it.
        ConnectionError: where nothing answers, or only that it is busy.
    """

    def __init__(self, bucket: Bucket, uri: str):
        self.uri = uri.rstrip("/")
        self._bucket = bucket
        self._ask = BucketRequests(bucket, "search", self.uri).ask
        self._prefix = self.uri.partition("://")[2].partition("/")[2]
        # One request tells whether the bucket is there, may be listed, and has passed the proof before.
        self._proven = bool(self._ask(lambda: bucket.objects(self._key(PROOF), most=1)))

    def create(self, path: str, data: bytes) -> bool:
        """Writes an object unless its name is taken; returns whether this call wrote it."""
        key = self._key(path)
        self._prove_create_only()
        return self._create(key, data)

    def read(self, path: str) -> bytes | None:
        """Returns an object's bytes, None where there is none."""
        key = self._key(path)
        return self._ask(lambda: self._bucket.get(key), {Trouble.MISSING: None})

    def exists(self, path: str) -> bool:
        """Returns whether there is such an object."""
        return self._writer(self._key(path)) is not None

    def paths(self, prefix: str) -> list[str]:
        """Returns the sorted paths of all objects below a folder, at any depth; of an object's own name, that one."""
        start = len(self._folder(self._prefix))
        return sorted(found.key[start:] for found in self._objects(prefix))

    def delete(self, path: str) -> None:
        """Removes an object; it is no error where there is none."""
        key = self._key(path)
        self._ask(lambda: self._bucket.remove(key), {Trouble.MISSING: None})

    def size_bytes(self, prefix: str) -> int:
        """Returns the bytes of all objects below a folder, or of the object of that name."""
        return sum(found.size_bytes for found in self._objects(prefix))

    def _create(self, key: str, data: bytes) -> bool:
        me = secrets.token_hex(16)
        return self._ask(lambda: self._bucket.put(key, data, me), {Trouble.TAKEN: False}) or self._writer(key) == me

    def _prove_create_only(self) -> None:
        """Refuses, before a search's first write, a server that ignores the condition, or looks first and writes later.

        There are such among those that speak S3: SeaweedFS 3.96 ignored it, and 4.16 let writers that race all win
        (https://github.com/seaweedfs/seaweedfs/issues/7153 and 8800).
        """
        if self._proven:
            return
        key = self._key(PROOF)
        with ThreadPoolExecutor(RIVALS) as rivals:
            winners = sum(rivals.map(lambda _: self._create(key, PROOF_TEXT), range(RIVALS)))
        if winners > 1:
            self.delete(PROOF)
            raise ValueError(
                "`search` must lie in a bucket whose server lets one of several racing writers win (by "
                "`If-None-Match: *` on S3, by `ifGenerationMatch=0` on Google Cloud Storage). "
                f"Received: search={self.uri!r}, where {winners} of {RIVALS} won."
            )
        self._proven = True

    def _writer(self, key: str) -> str | None:
        return self._ask(lambda: self._bucket.writer(key), {Trouble.MISSING: None})

    def _objects(self, path: str) -> list[Listed]:
        key = self._key(path)
        found = self._ask(lambda: self._bucket.objects(self._folder(key)))
        if not found and key != self._prefix:
            first = self._ask(lambda: self._bucket.objects(key, most=1))
            found = [one for one in first if one.key == key]
        # Consoles mark a folder by an empty object whose key ends in a slash.
        return [one for one in found if one.key != self._key(PROOF) and not one.key.endswith("/")]

    def _key(self, path: str) -> str:
        inside = posixpath.normpath(path)
        if inside.startswith("/") or inside.split("/")[0] == "..":
            raise ValueError(f"`path` must stay inside the store. Received: path={path!r}.")
        return self._folder(self._prefix) + inside if inside != "." else self._prefix

    @staticmethod
    def _folder(key: str) -> str:
        return f"{key}/" if key else ""
