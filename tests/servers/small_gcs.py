"""A small Google Cloud Storage: the part of its JSON API that the store uses, with generation preconditions honoured.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects (insert, get, list, delete),
https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

import base64
import json
import re
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c

PAGE = 1000  # objects in one answer, at most
OBJECTS = re.compile(r"/(?:upload/|download/)?storage/v1/b/([^/]+)/o(?:/(.+))?")


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Stored(NamedTuple):
    """An object and what is known of it."""

    name: str
    data: bytes
    generation: int
    about: dict[str, Any]

    def resource(self) -> dict[str, Any]:
        """The object as the API shows it: numbers of 64 bits as text."""
        own = {
            "name": self.name,
            "generation": str(self.generation),
            "size": str(len(self.data)),
            "crc32c": self.crc32c,
        }
        return {"kind": "storage#object", **self.about, **own}

    @property
    def crc32c(self) -> str:
        """Checksum as the API writes it: base64 of 4 bytes, the highest first."""
        return base64.b64encode(google_crc32c.Checksum(self.data).digest()).decode()


class Cloud:
    """All buckets, and the uploads that are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, Stored]] = {}
        self._uploads: dict[str, tuple[str, dict[str, Any], str | None, bytearray]] = {}
        self._numbers = count(1)

    def add_bucket(self, bucket: str) -> None:
        """Makes an empty bucket."""
        self._buckets.setdefault(bucket, {})

    def insert(self, bucket: str, about: dict[str, Any], data: bytes, if_generation: str | None) -> Stored:
        """Writes an object, on the condition that the live one has this generation (0: that there is none)."""
        claimed = about.pop("crc32c", None)
        with self._lock:
            objects = self._objects(bucket)
            live = objects.get(about["name"])
            if if_generation is not None and int(if_generation) != (live.generation if live else 0):
                raise Refused(412, "At least one of the pre-conditions you specified did not hold.")
            stored = Stored(about["name"], data, next(self._numbers), about)
            if claimed not in (None, stored.crc32c):
                raise Refused(400, f"Provided CRC32C {claimed} doesn't match calculated CRC32C {stored.crc32c}.")
            objects[stored.name] = stored
            return stored

    def begin(self, bucket: str, about: dict[str, Any], if_generation: str | None) -> str:
        """Begins a resumable upload; returns its id."""
        self._objects(bucket)
        upload = f"upload-{next(self._numbers)}"
        self._uploads[upload] = bucket, about, if_generation, bytearray()
        return upload

    def extend(self, upload: str, chunk: bytes, content_range: str) -> Stored | int:
        """Takes a chunk, `bytes 0-9/20`; returns the bytes there so far, or the object after the last."""
        bucket, about, if_generation, data = self._uploads[upload]
        span, _, total = content_range.removeprefix("bytes ").partition("/")
        if span != "*":
            data[int(span.split("-")[0]) :] = chunk
        return self.insert(bucket, about, bytes(data), if_generation) if total == str(len(data)) else len(data)

    def get(self, bucket: str, name: str) -> Stored:
        """Returns a live object."""
        with self._lock:
            objects = self._objects(bucket)
            if name not in objects:
                raise Refused(404, f"No such object: {bucket}/{name}")
            return objects[name]

    def listing(self, bucket: str, prefix: str, most: int, after: str) -> dict[str, Any]:
        """Returns a page of the objects whose names begin so, in order, after a name."""
        with self._lock:
            names = sorted(name for name in self._objects(bucket) if name.startswith(prefix) and name > after)
            page = [self._buckets[bucket][name].resource() for name in names[:most]]
        more = {"nextPageToken": names[most - 1]} if len(names) > most else {}
        return {"kind": "storage#objects", "items": page, **more}

    def delete(self, bucket: str, name: str) -> None:
        """Removes a live object."""
        self.get(bucket, name)
        with self._lock:
            self._buckets[bucket].pop(name, None)

    def _objects(self, bucket: str) -> dict[str, Stored]:
        if bucket not in self._buckets:
            raise Refused(404, "The specified bucket does not exist.")
        return self._buckets[bucket]


class Handler(BaseHTTPRequestHandler):
    """Answers the requests; `cloud` is the server's."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "SmallGcs"

    def do_GET(self) -> None:
        """Answers an object's bytes, its resource, or a listing."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Takes an upload, or the beginning of a resumable one."""
        self._answer(self._insert)

    def do_PUT(self) -> None:
        """Takes a chunk of a resumable upload."""
        self._answer(self._extend)

    def do_DELETE(self) -> None:
        """Removes an object."""
        self._answer(self._delete)

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""

    def _answer(self, respond: Any) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = OBJECTS.fullmatch(parts.path)
        self.bucket, self.object = (found[1], unquote(found[2] or "")) if found else ("", "")
        try:
            respond(self.server.cloud)
        except Refused as error:
            self._send(error.status, {"error": {"code": error.status, "message": str(error)}})

    def _get(self, cloud: Cloud) -> None:
        if not self.object:
            most = min(PAGE, int(self.query.get("maxResults", PAGE)))
            prefix, after = self.query.get("prefix", ""), self.query.get("pageToken", "")
            return self._send(200, cloud.listing(self.bucket, prefix, most, after))
        stored = cloud.get(self.bucket, self.object)
        if self.query.get("alt") != "media":
            return self._send(200, stored.resource())
        headers = {
            "X-Goog-Hash": f"crc32c={stored.crc32c}",
            "X-Goog-Generation": str(stored.generation),
            "X-Goog-Stored-Content-Length": str(len(stored.data)),
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            return self._send(200, stored.data, headers)
        first, last = int(asked[1]), int(asked[2] or len(stored.data) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(stored.data)}"
        return self._send(206, stored.data[first : last + 1], headers)

    def _insert(self, cloud: Cloud) -> None:
        kind, if_generation = self.query.get("uploadType"), self.query.get("ifGenerationMatch")
        if kind == "multipart":
            about, data = self._parts()
            return self._send(200, cloud.insert(self.bucket, about, data, if_generation).resource())
        if kind == "resumable":
            upload = cloud.begin(self.bucket, json.loads(self.body), if_generation)
            location = f"http://{self.headers['Host']}/upload/storage/v1/b/{self.bucket}/o?upload_id={upload}"
            return self._send(200, {}, {"Location": location})
        raise Refused(400, f"Unknown upload type: {kind}")

    def _extend(self, cloud: Cloud) -> None:
        taken = cloud.extend(self.query["upload_id"], self.body, self.headers["Content-Range"])
        if isinstance(taken, Stored):
            return self._send(200, taken.resource())
        return self._send(308, b"", {"Range": f"bytes=0-{taken - 1}"} if taken else {})

    def _delete(self, cloud: Cloud) -> None:
        cloud.delete(self.bucket, self.object)
        self._send(204, b"")

    def _parts(self) -> tuple[dict[str, Any], bytes]:
        """The resource and the bytes of a multipart upload."""
        boundary = re.search(rb'boundary="?([^";]+)', self.headers["Content-Type"].encode())
        assert boundary is not None
        _, about, media, _ = self.body.split(b"--" + boundary[1])
        resource = json.loads(str(message_from_bytes(about.lstrip()).get_payload()))
        head, _, data = media.lstrip(b"\r\n").partition(b"\r\n\r\n")
        resource.setdefault("contentType", message_from_bytes(head).get_content_type())
        return resource, data.removesuffix(b"\r\n")

    def _send(self, status: int, body: dict[str, Any] | bytes, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class SmallGcs(ThreadingHTTPServer):
    """The server on a free port of loopback, at `url`; serves until the process ends."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cloud = Cloud()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()
