"""Object stores on loopback, each started once in a process when a test first asks for it."""

import atexit
import functools
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.servers.small_gcs import SmallGcs
from tests.servers.unreliable_proxy import UnreliableProxy

BUCKET = "searches"
FAKE_GCS = "github.com/fsouza/fake-gcs-server@v1.56.1"
_numbers = count(1)


@functools.cache
def moto_s3() -> str:
    """Starts moto's S3; returns its URL.

    One request at a time: moto looks for the object and then writes it, so that of two at once both would win.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Silent(MotoRequestHandler):
        def log(self, *arguments: object) -> None:
            """Says nothing."""

    application, one_at_a_time = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def answer(environ: dict, start_response: Callable) -> list[bytes]:
        with one_at_a_time:
            return list(application(environ, start_response))

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    urlopen(Request(f"{url}/{BUCKET}", method="PUT")).close()
    return url


@functools.cache
def small_gcs() -> str:
    """Starts the tests' own Google Cloud Storage; returns its URL."""
    server = SmallGcs()
    server.cloud.add_bucket(BUCKET)
    return server.url


@functools.cache
def fake_gcs() -> str:
    """Starts fake-gcs-server, a Google Cloud Storage that others wrote; returns its URL; skips the test without it."""
    beside = Path(__file__).parents[2] / ".venv" / "bin" / "fake-gcs-server"
    program = shutil.which("fake-gcs-server") or (str(beside) if beside.exists() else None)
    if program is None:
        pytest.skip(f"fake-gcs-server is not here: GOBIN=$PWD/.venv/bin go install {FAKE_GCS}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    where = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-external-url", url]
    server = subprocess.Popen([program, *where, "-backend", "memory", "-log-level", "error"])
    atexit.register(server.kill)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            body = f'{{"name": "{BUCKET}"}}'.encode()
            urlopen(Request(f"{url}/storage/v1/b", body, {"Content-Type": "application/json"})).close()
            return url
        except HTTPError:
            raise
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"`{program}` must answer within 10 s.")


SERVERS = {"s3": moto_s3, "gs": small_gcs, "gs, fake-gcs-server": fake_gcs}


def environment(kind: str, url: str) -> dict[str, str]:
    """Environment in which a process finds the server."""
    if kind.startswith("gs"):
        return {"STORAGE_EMULATOR_HOST": url}
    keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": url, **keys}


def reach(kind: str, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Lets this process and its children find a server of a kind at a URL."""
    for name, value in environment(kind, url).items():
        monkeypatch.setenv(name, value)


def new_search(kind: str, monkeypatch: pytest.MonkeyPatch, url: str | None = None) -> str:
    """Returns the URI of an empty search in a store of a kind, which is found at a URL (the server's own)."""
    reach(kind, monkeypatch, url or SERVERS[kind]())
    return f"{kind[:2]}://{BUCKET}/{next(_numbers)}/search"


def unreliable(kind: str) -> UnreliableProxy:
    """Returns a new proxy before a store of a kind."""
    return UnreliableProxy(SERVERS[kind]())
