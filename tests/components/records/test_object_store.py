"""What stores in a bucket do when the network, the server or the credentials fail; the contract is in test_store.py."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from components.records import retrying
from components.records.bucket import Trouble
from components.records.object_store import PROOF
from components.records.store import open_search
from tests.servers.object_stores import BUCKET, SERVERS, new_search, reach, unreliable
from tests.servers.unreliable_proxy import (
    condition_dropped,
    cut_and_measured_again,
    cut_short,
    lost_answer,
    one_bit_flipped,
    reset,
    status,
)
from tests.servers.uploads import put_object

ROOT = Path(__file__).parents[3]
WRITES = ("PUT", "POST")
RECORD = b'{"start_seconds": 3.0, "duration_seconds": 0.5}'
OPERATIONS = {
    "create": (lambda store: store.create("rounds/b.json", RECORD), True),
    "read": (lambda store: store.read("rounds/a.json"), RECORD),
    "read nothing": (lambda store: store.read("rounds/b.json"), None),
    "exists": (lambda store: store.exists("rounds/a.json"), True),
    "paths": (lambda store: store.paths("rounds"), ["rounds/a.json"]),
    "size_bytes": (lambda store: store.size_bytes("rounds"), len(RECORD)),
    "delete": (lambda store: store.delete("rounds/a.json"), None),
}


@pytest.fixture(params=SERVERS)
def kind(request, monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.002)
    return request.param


@pytest.fixture
def proxy(kind):
    return unreliable(kind)


@pytest.fixture
def uri(kind, proxy, monkeypatch):
    return new_search(kind, monkeypatch, proxy.url)


@pytest.fixture
def store(uri):
    """A store with one record, that has proven its server, behind the proxy."""
    opened = open_search(uri)
    assert opened.create("rounds/a.json", RECORD)
    return opened


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_outlasts_a_burst_of_429_and_503_and_broken_connections(store, proxy, operation):
    act, result = OPERATIONS[operation]
    faults = [status(429), status(503), status(429), reset, status(500), status(503), lost_answer, status(504)]
    if operation == "delete":
        faults.remove(lost_answer)  # the second attempt finds nothing to remove, which is a test of its own
    proxy.plan(*faults)
    before = len(proxy.asked)
    assert act(store) == result
    assert proxy.unmet() == 0 and len(proxy.asked) > before + len(faults)


def test_a_write_whose_answer_was_lost_knows_that_it_won(store, proxy):
    proxy.plan(lost_answer, lost_answer, methods=WRITES)
    assert store.create("rounds/b.json", RECORD)
    assert proxy.unmet() == 0
    assert store.read("rounds/b.json") == RECORD
    assert not store.create("rounds/b.json", RECORD)


def test_a_write_whose_answer_was_lost_knows_that_it_lost(store, proxy):
    """The bytes there are the same, and were written by somebody else."""
    assert store.create("rounds/b.json", RECORD)
    proxy.plan(lost_answer, methods=WRITES)
    assert not store.create("rounds/b.json", RECORD)
    assert proxy.unmet() == 0


def test_a_rival_that_comes_between_two_attempts_wins(store, uri, proxy):
    rival, told = open_search(uri), []
    rival.create("rounds/c.json", b"")

    def overtaken(handler, ask):
        told.append(rival.create("rounds/b.json", RECORD))
        handler.break_off()

    proxy.plan(overtaken, methods=WRITES)
    assert not store.create("rounds/b.json", RECORD)
    assert told == [True]


def test_of_20_writers_of_the_same_bytes_one_wins_though_answers_are_lost(uri, proxy):
    """12 names; of the first 60 writes of the race every third is committed unheard, and some are refused as busy."""
    stores = [open_search(uri) for _ in range(5)] * 4
    assert all(store.create(f"proven/{number}", b"") for number, store in enumerate(stores))
    proxy.plan(*[lost_answer, status(429), status(503)] * 20, methods=WRITES)
    with ThreadPoolExecutor(20) as threads:
        won = [
            list(threads.map(lambda store, name=name: store.create(f"race/{name}.json", RECORD), stores))
            for name in range(12)
        ]
    assert [sum(told) for told in won] == [1] * 12
    assert proxy.unmet() == 0


@pytest.mark.parametrize(
    "fault", [cut_short, cut_and_measured_again, one_bit_flipped], ids=lambda fault: fault.__name__
)
def test_a_damaged_download_is_noticed_and_repeated(store, proxy, fault):
    data = bytes(range(256)) * 2000
    assert store.create("model/weights.safetensors", data)
    proxy.plan(fault, fault, methods=("GET",))
    assert store.read("model/weights.safetensors") == data
    assert proxy.unmet() == 0


DOWNLOAD = """
import sys, tracemalloc
from components.records.bucket_client import open_bucket
scheme, bucket, key, path = sys.argv[1:]
opened = open_bucket(scheme, bucket, "data.source", "")
with open(path, "wb") as file:
    tracemalloc.start()
    opened.download(key, file)
print(tracemalloc.get_traced_memory()[1])
"""


def test_a_download_takes_a_fraction_of_the_memory_of_the_object(kind, store, tmp_path):
    """48 MiB, in pieces of 1 MiB at most; the rest is what the first request of a client library imports."""
    data = os.urandom(48 * 2**20)
    assert store.create("rows.parquet", data)
    where = [kind[:2], BUCKET, f"{store._prefix}/rows.parquet", str(tmp_path / "copy")]
    peak = int(subprocess.check_output([sys.executable, "-c", DOWNLOAD, *where], cwd=ROOT, text=True))
    assert peak < 16 * 2**20
    assert (tmp_path / "copy").read_bytes() == data


@pytest.mark.parametrize(
    "fault", [cut_short, cut_and_measured_again, one_bit_flipped], ids=lambda fault: fault.__name__
)
def test_a_damaged_download_to_a_file_raises_what_passes(store, proxy, tmp_path, fault):
    data = bytes(range(256)) * 2000
    assert store.create("rows.parquet", data)
    proxy.plan(fault, methods=("GET",))
    with (tmp_path / "copy").open("wb") as file, pytest.raises(Exception) as caught:
        store._bucket.download(f"{store._prefix}/rows.parquet", file)
    assert store._bucket.trouble(caught.value) is Trouble.PASSING
    with (tmp_path / "copy").open("wb") as file:
        store._bucket.download(f"{store._prefix}/rows.parquet", file)
    assert (tmp_path / "copy").read_bytes() == data


def test_an_md5_of_a_persons_own_is_no_checksum_of_ours(monkeypatch):
    """Whatever it is of, and however written."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.002)
    uri = new_search("s3", monkeypatch)
    put_object(f"{uri}/rows.csv", b"x,y\n1,2\n", Metadata={"md5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    assert open_search(uri).read("rows.csv") == b"x,y\n1,2\n"


def test_a_large_object_outlasts_breaks_within_its_upload(kind, store, proxy):
    """9 MiB: Google Cloud Storage takes it in a resumable upload. Its start fails, its data, and its last answer."""
    data = os.urandom(9 * 2**20)
    proxy.plan(status(503), methods=WRITES)
    proxy.plan(reset, lost_answer, methods=("PUT",))
    assert store.create("model/weights.safetensors", data)
    assert proxy.unmet() == 0 or "fake" in kind  # which has the data sent to itself, past the proxy
    assert store.read("model/weights.safetensors") == data
    assert not store.create("model/weights.safetensors", b"")
    assert store.size_bytes("model") == len(data)


def test_a_server_that_stays_busy_is_given_up_with_the_searchs_name(store, proxy):
    proxy.plan(*[status(503)] * retrying.ATTEMPTS)
    with pytest.raises(ConnectionError, match=rf"`search` must be reachable; 10 attempts failed. .*'{store.uri}'.*503"):
        store.create("rounds/b.json", b"")
    assert proxy.unmet() == 0


def test_a_request_that_cannot_succeed_is_made_once(store, proxy):
    before = len(proxy.asked)
    proxy.plan(status(400))
    with pytest.raises(Exception, match="400"):
        store.read("rounds/a.json")
    assert len(proxy.asked) == before + 1


@pytest.mark.parametrize("code", [401, 403])
def test_a_search_that_is_not_allowed_is_named_at_once(uri, proxy, code):
    proxy.plan(*[status(code)] * 3)
    with pytest.raises(PermissionError, match=rf"`search` must lie in a bucket that your credentials .*'{uri}'"):
        open_search(uri)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("code", "raised"), [("ExpiredToken", PermissionError), ("RequestTimeout", None), ("InvalidRequest", ClientError)]
)
def test_what_s3_answers_with_400_is_told_apart_by_its_code(monkeypatch, code, raised):
    proxy = unreliable("s3")
    uri = new_search("s3", monkeypatch, proxy.url)
    proxy.plan(status(400, f"<Error><Code>{code}</Code><Message>about {code}</Message></Error>".encode()))
    with pytest.raises(raised, match=f"about {code}") if raised else nullcontext():
        open_search(uri)


def test_a_search_that_may_only_be_read_is_named_before_anything_is_written(uri, proxy):
    store = open_search(uri)
    assert store.paths("") == []
    proxy.plan(status(403), methods=WRITES)
    with pytest.raises(PermissionError, match=f"Received: search='{uri}'"):
        store.create("search.yaml", b"name: tiny")
    assert store.read("search.yaml") is None


def test_a_bucket_that_does_not_exist_is_named_at_once(kind, monkeypatch):
    uri = new_search(kind, monkeypatch).replace(BUCKET, "no-such-bucket")
    with pytest.raises(
        FileNotFoundError, match=rf"`search` must lie in a bucket that exists. Received: search='{uri}'"
    ):
        open_search(uri)


def test_a_server_that_does_not_listen_is_named(kind, monkeypatch):
    uri = new_search(kind, monkeypatch, "http://127.0.0.1:1")
    with pytest.raises(ConnectionError, match=rf"`search` must be reachable; .* Received: search='{uri}'"):
        open_search(uri)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_missing_credentials_are_named(scheme, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_"))] + ["STORAGE_EMULATOR_HOST"]:
        monkeypatch.delenv(name, raising=False)
    nowhere = str(tmp_path / "none")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(PermissionError, match=rf"that your .* Received: search='{scheme}://b/s', .*Credentials"):
        open_search(f"{scheme}://b/s")


def test_a_server_proves_itself_once_a_search(uri, store, proxy):
    later = open_search(uri)
    before = len(proxy.asked)
    assert later.create("rounds/b.json", RECORD)
    assert len(proxy.asked) == before + 1


@pytest.mark.parametrize("heedless", [2, 4])
def test_a_server_that_lets_several_writers_win_is_refused_before_the_first_record(uri, proxy, heedless):
    """Heedless of the condition in all four writes of the proof; or in two, as where all look before one writes."""
    for attempt in range(2):  # the second must not find a proof in what the first left
        store = open_search(uri)
        proxy.plan(*[condition_dropped] * heedless, methods=WRITES)
        with pytest.raises(ValueError, match=rf"lets one of .* win .* Received: search='{uri}', where [234] of 4 won."):
            store.create("search.yaml", b"name: tiny")
        assert store.read("search.yaml") is None
        assert proxy.unmet() == 0, attempt


def test_1200_objects_are_listed_over_several_pages(kind, proxy, monkeypatch):
    uri = new_search(kind, monkeypatch)
    filled = open_search(uri)
    names = [f"trials/{number}/training.json" for number in range(1200)]
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda name: filled.create(name, b"12"), names))
    reach(kind, monkeypatch, proxy.url)
    store = open_search(uri)
    before = len(proxy.asked)
    assert store.paths("trials") == sorted(names)
    assert store.size_bytes("") == 2400
    if "fake" not in kind:  # which knows no pages
        assert len(proxy.asked) == before + 4


def test_a_search_sees_neither_its_neighbours_nor_marks_of_folders(kind, uri, store):
    neighbour = open_search(f"{uri}2")
    neighbour.create("rounds/b.json", b"")
    store._bucket.put(f"{store._prefix}/rounds/", b"", "a console")
    assert store.paths("") == store.paths("rounds") == ["rounds/a.json"]
    assert neighbour.paths("") == ["rounds/b.json"]


def test_a_search_may_be_a_whole_bucket_and_end_in_a_slash(kind, uri, store):
    assert open_search(f"{uri}/").uri == uri
    assert open_search(f"{uri}/").read("rounds/a.json") == RECORD
    whole = open_search(uri.split(BUCKET)[0] + BUCKET)
    below = uri.split(f"{BUCKET}/")[1]
    assert whole.read(f"{below}/rounds/a.json") == RECORD
    assert f"{below}/rounds/a.json" in whole.paths("")
    assert whole.paths(below) == [f"{below}/{PROOF}", f"{below}/rounds/a.json"]


def test_an_object_that_a_person_uploaded_is_read(kind, uri, store):
    """It names no writer, and no digest of ours."""
    key = f"{store._prefix}/search.yaml"
    if kind == "s3":
        store._bucket._client.put_object(Bucket=BUCKET, Key=key, Body=b"name: tiny")
    else:
        store._bucket._blob(key).upload_from_string(b"name: tiny")
    assert store.exists("search.yaml") and store.read("search.yaml") == b"name: tiny"
    assert not store.create("search.yaml", b"name: tiny")


def test_an_object_whose_writer_is_another_program_is_read(kind, uri, store):
    """It names a writer as our objects do, without our digest."""
    key = f"{store._prefix}/search.yaml"
    if kind == "s3":
        about = {"writer": "spark"}
        store._bucket._client.put_object(Bucket=BUCKET, Key=key, Body=b"name: tiny", Metadata=about)
    else:
        blob = store._bucket._blob(key)
        blob.metadata = {"writer": "spark"}
        blob.upload_from_string(b"name: tiny")
    assert store.read("search.yaml") == b"name: tiny"


def test_a_browser_shows_the_report(kind, store):
    store.create("report.html", b"<p>found</p>")
    key = f"{store._prefix}/report.html"
    if kind == "s3":
        received = store._bucket._client.head_object(Bucket=BUCKET, Key=key)["ContentType"]
    else:
        received = store._bucket._bucket.get_blob(key).content_type
    assert received == "text/html"
