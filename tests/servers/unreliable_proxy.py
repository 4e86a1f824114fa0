"""A proxy before an object store that fails as networks and busy servers do, when a test says so."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

HOP = ("connection", "expect", "keep-alive", "transfer-encoding")  # headers between two neighbours only


class Answer(NamedTuple):
    """What the server said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Ask = Callable[[], Answer]
Fault = Callable[["Handler", Ask], None]  # handles one request, by asking the server or not


def nothing(handler: "Handler", ask: Ask) -> None:
    """The request is passed on, and so is the answer: what lies between two faults of a plan."""
    handler.reply(ask())


def status(code: int, body: bytes = b"") -> Fault:
    """The server is not asked: the answer is this status."""

    def answer(handler: "Handler", ask: Ask) -> None:
        handler.reply(Answer(code, [], body))

    return answer


def reset(handler: "Handler", ask: Ask) -> None:
    """The connection breaks before the server hears of the request."""
    handler.break_off()


def lost_answer(handler: "Handler", ask: Ask) -> None:
    """The server does what it is asked, and the connection breaks before its answer arrives."""
    ask()
    handler.break_off()


def cut_short(handler: "Handler", ask: Ask) -> None:
    """The connection breaks in the middle of the body."""
    answer = ask()
    handler.reply(answer._replace(body=answer.body[: len(answer.body) // 2]), length=len(answer.body))
    handler.break_off(orderly=True)


def cut_and_measured_again(handler: "Handler", ask: Ask) -> None:
    """Half of the body comes as if it were the whole: only the checksum can tell."""
    answer = ask()
    handler.reply(answer._replace(body=answer.body[: len(answer.body) // 2]))


def one_bit_flipped(handler: "Handler", ask: Ask) -> None:
    """The body comes in its full length, with one bit wrong."""
    answer = ask()
    handler.reply(answer._replace(body=answer.body[:-1] + bytes([answer.body[-1] ^ 1])))


def condition_dropped(handler: "Handler", ask: Ask) -> None:
    """The server hears nothing of the condition that the name is free, and overwrites."""
    del handler.headers["If-None-Match"]
    handler.path = handler.path.replace("ifGenerationMatch=0", "")
    handler.reply(ask())


class Handler(BaseHTTPRequestHandler):
    """Passes a request on, or lets it meet the next fault that is planned for its method."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "UnreliableProxy"

    def handle_request(self) -> None:
        """Answers one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.next_fault(self.command, self.path)
        if fault is None:
            self.reply(self._ask(body))
        else:
            fault(self, lambda: self._ask(body))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""

    def reply(self, answer: Answer, length: int | None = None) -> None:
        """Sends an answer, with a Content-Length that may be untrue."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in (*HOP, "content-length"):
                self.send_header(name, value)
        claimed = dict((name.lower(), value) for name, value in answer.headers).get("content-length", "0")
        of_head = claimed if self.command == "HEAD" else len(answer.body)
        if answer.status != 204:
            self.send_header("Content-Length", str(of_head if length is None else length))
        self.end_headers()
        self.wfile.write(answer.body)

    def break_off(self, orderly: bool = False) -> None:
        """Ends the connection, by default with a reset."""
        self.wfile.flush()
        if not orderly:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.close_connection = True

    def _ask(self, body: bytes) -> Answer:
        server = http.client.HTTPConnection(self.server.target, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        server.request(self.command, self.path, body or None, headers)
        answer = server.getresponse()
        try:
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            server.close()


class UnreliableProxy(ThreadingHTTPServer):
    """The proxy on a free port of loopback, at `url`.

    Args:
        url: of the server behind it.

    Fields:
        asked: method and path of each request so far.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, url: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(url).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, str]] = []
        self._planned: list[tuple[tuple[str, ...], Fault]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def plan(self, *faults: Fault, methods: tuple[str, ...] = ()) -> None:
        """Lets the next requests of these methods (of any, if empty) meet these faults, in order."""
        self._planned.extend((methods, fault) for fault in faults)

    def unmet(self) -> int:
        """Returns how many planned faults no request has met."""
        return len(self._planned)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Notes a request and takes the fault that is planned for it."""
        with self._lock:
            self.asked.append((method, path))
            for index, (methods, fault) in enumerate(self._planned):
                if method in (methods or (method,)):
                    del self._planned[index]
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing where a client went away."""
