"""HTTP on loopback for a server of the tests: carries requests to it, and lets those go wrong that a test names."""

import json
import re
import threading
import time
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

PREFIX = "/apis/v2beta1"
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 500: 13, 503: 14}  # gRPC's, of HTTP's


class Refusal(Exception):
    """An answer with an error's status."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


class Fault(NamedTuple):
    """What goes wrong with requests whose `METHOD path` matches a pattern.

    `kind` is a status to answer with; or `dropped`: the connection ends before anything is done; `lost`: it is done,
    but the connection ends before the answer; `silent`: nothing happens for `seconds`; `page`: a login page answers.
    """

    kind: int | str
    pattern: str
    seconds: float = 0.0
    message: str = "it went wrong"


class FaultyServer:
    """A server whose subclass answers `answer`. Use it as a context manager."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.owner = self  # type: ignore[attr-defined]
        self.host = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: str, query: dict[str, str], body: bytes, headers: Any) -> dict:
        """Returns the answer to a request, named `METHOD path`."""
        raise NotImplementedError

    def fail(self, kind: int | str, pattern: str, times: int = 1, **options: Any) -> None:
        """Lets the next requests whose `METHOD path` matches a pattern go wrong."""
        self.faults += [Fault(kind, pattern, **options)] * times

    def asked(self, pattern: str) -> int:
        """How many requests matched a pattern so far."""
        return sum(bool(re.search(pattern, request)) for request in self.requests)

    def fault_for(self, request: str) -> Fault | None:
        """Notes a request, and takes the first fault that it meets."""
        with self.lock:
            self.requests.append(request)
            found = next((fault for fault in self.faults if re.search(fault.pattern, request)), None)
            if found is not None:
                self.faults.remove(found)
            return found


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keeps stderr free."""

    def do_GET(self) -> None:
        """Carries a request to the server, or lets it go wrong."""
        server: FaultyServer = self.server.owner  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        request = f"{self.command} {url.path.removeprefix(PREFIX)}"
        fault = server.fault_for(request)
        kind = fault.kind if fault else None
        if fault and kind == "silent":
            time.sleep(fault.seconds)
        if kind in ("silent", "dropped"):
            self.close_connection = True
        elif kind == "page":
            self._send(200, b"<html>Log in</html>", "text/html")
        elif fault and isinstance(kind, int):
            self._refuse(Refusal(kind, fault.message))
        else:
            self._carry(server, request, url.query, body, lost=kind == "lost")

    do_POST = do_DELETE = do_GET

    def _carry(self, server: FaultyServer, request: str, query: str, body: bytes, lost: bool) -> None:
        try:
            if "multipart" in (self.headers.get("Content-Type") or ""):
                body = _uploaded(self.headers["Content-Type"], body)
            first = {key: values[0] for key, values in parse_qs(query).items()}
            data = json.dumps(server.answer(request, first, body, self.headers)).encode()
        except Refusal as refusal:
            self._refuse(refusal)
        else:
            self.close_connection = lost
            if not lost:
                self._send(200, data, "application/json")

    def _refuse(self, refusal: Refusal) -> None:
        body = {"error": refusal.message, "code": CODES.get(refusal.status, 2), "message": refusal.message}
        if self.path.startswith(f"{PREFIX}/pipelines/upload"):  # no gRPC stands behind it, and its fields are others
            body = {"error_message": refusal.message, "error_details": f"{refusal.message}: its details"}
        self._send(refusal.status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _uploaded(content_type: str, body: bytes) -> bytes:
    """The one file of a multipart body."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = [part for part in message.walk() if not part.is_multipart()]
    if [part.get_param("name", header="content-disposition") for part in parts] != ["uploadfile"]:
        raise Refusal(400, "Failed to read pipeline from file")
    data = parts[0].get_payload(decode=True)
    assert isinstance(data, bytes)
    return data
