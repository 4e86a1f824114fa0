"""The contract of every store, and typed records in it."""

import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.records.local_store import PARTIAL, LocalStore
from components.records.results import Span
from components.records.store import DamagedRecord, open_search, read_record, require_record, write_record
from tests.components.records.racing_writer import THREADS, is_whole
from tests.servers.object_stores import SERVERS, new_search

ROOT = Path(__file__).parents[3]
WRITER = [sys.executable, "-m", "tests.components.records.racing_writer"]
STORES = ("local", *SERVERS)
SPAN = Span(start_seconds=3.0, duration_seconds=0.5)


@pytest.fixture(params=STORES)
def uri(request, tmp_path, monkeypatch):
    return str(tmp_path / "search") if request.param == "local" else new_search(request.param, monkeypatch)


@pytest.fixture
def store(uri):
    return open_search(uri)


def test_an_object_is_written_once_and_never_changed(store):
    assert store.create("rounds/00001/a.json", b"first")
    assert not store.create("rounds/00001/a.json", b"second")
    assert store.read("rounds/00001/a.json") == b"first"
    assert store.exists("rounds/00001/a.json")


def test_an_empty_object_counts_as_written(store):
    assert store.create("attempt-1", b"")
    assert store.exists("attempt-1") and store.read("attempt-1") == b""
    assert not store.create("attempt-1", b"more")


def test_what_is_not_there_reads_as_none(store):
    assert store.read("rounds/00001/a.json") is None
    assert not store.exists("rounds/00001/a.json")
    assert store.paths("") == [] and store.size_bytes("rounds") == 0
    store.delete("rounds/00001/a.json")


def test_a_folder_is_no_object(store):
    store.create("rounds/00001/a.json", b"x")
    assert not store.exists("rounds/00001")


def test_listings_go_to_any_depth_are_sorted_and_keep_to_whole_folder_names(store):
    for path in ("b/2", "b/10/z", "b/1", "a/1", "bb/1"):
        store.create(path, b"123")
    assert store.paths("b") == ["b/1", "b/10/z", "b/2"]
    assert store.paths("") == ["a/1", "b/1", "b/10/z", "b/2", "bb/1"]
    assert store.size_bytes("b") == 9
    assert store.size_bytes("") == 15


def test_an_object_is_listed_and_measured_by_its_own_name(store):
    store.create("b/1", b"123")
    assert store.paths("b/1") == ["b/1"]
    assert store.size_bytes("b/1") == 3


def test_a_deleted_object_is_gone_and_its_name_free(store):
    store.create("a/1", b"old")
    store.delete("a/1")
    assert not store.exists("a/1") and store.paths("a") == []
    assert store.create("a/1", b"new")


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/etc/hostname", "../searchbeside/out"])
def test_paths_that_leave_the_store_are_refused(store, path):
    for use in (store.read, store.exists, store.delete, store.paths, lambda path: store.create(path, b"")):
        with pytest.raises(ValueError, match=r"`path` must stay inside the store. Received: path='"):
            use(path)


def test_of_20_racing_writers_one_wins_and_each_learns_the_truth(uri):
    """4 processes with 5 threads each write 60 names (6 in a bucket) at the same time."""
    names = 6 if "://" in uri else 60
    command = [*WRITER, "race", uri, str(names)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    writers = [subprocess.Popen(command, **pipes) for _ in range(20 // THREADS)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    winners = [line.split() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines() if line]
    store = open_search(uri)
    assert sorted(name for name, _ in winners) == [f"{name:03d}" for name in range(names)]
    for name, content in winners:
        assert store.read(f"race/{name}.json") == content.encode()
    assert len(store.paths("race")) == names


def test_a_killed_writer_leaves_whole_objects_or_none(uri):
    """Kills at 12 (3) seeded moments; an object of 1 MiB takes long enough that most of them hit one being written."""
    moments = random.Random(7)
    store, seen = open_search(uri), 0
    for _ in range(3 if "://" in uri else 12):
        writer = subprocess.Popen([*WRITER, "fill", uri], cwd=ROOT)
        until = time.monotonic() + 20
        while len(store.paths("filled")) <= seen and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.03))
        writer.kill()
        writer.wait()
        found = store.paths("filled")
        assert len(found) > seen
        assert all(is_whole(store.read(path)) for path in found[max(0, seen - 1) :])
        seen = len(found)


def test_what_a_killed_local_writer_leaves_is_not_listed_or_counted(tmp_path):
    store = LocalStore(str(tmp_path))
    store.create("a/1", b"123")
    (tmp_path / "a" / f"{PARTIAL}x8f2").write_bytes(b"half of")
    assert store.paths("") == ["a/1"]
    assert store.size_bytes("a") == 3


def test_an_object_can_be_read_by_others(tmp_path):
    """Temporary files are made for their owner alone; a mounted search is read by other users."""
    LocalStore(str(tmp_path)).create("a", b"")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_file_uri_is_the_local_path(tmp_path):
    open_search(str(tmp_path)).create("a", b"x")
    assert open_search(f"file://{tmp_path}").read("a") == b"x"


@pytest.mark.parametrize("uri", ["ftp://x/y", "gs://", "s3:///search"])
def test_a_uri_without_a_store_is_refused(uri):
    with pytest.raises(ValueError, match=re.escape(f"s3://bucket/prefix URI. Received: search={uri!r}.")):
        open_search(uri)


def test_a_local_search_imports_no_client_library(tmp_path):
    program = (
        "import sys; from components.records.store import open_search; open_search(sys.argv[1]).create('a', b'');"
        "print([name for name in ('boto3', 'google.cloud.storage', 'requests') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "[]\n"


def test_a_client_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "components.records.s3_bucket", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"install 'archloom\[s3\]'. Received: search='s3://b/s', .*boto3"):
        open_search("s3://b/s")


def test_a_record_comes_back_as_it_was_written(store):
    assert write_record(store, "a.json", SPAN) is SPAN
    assert read_record(store, "a.json", Span) == SPAN
    assert require_record(store, "a.json", Span) == SPAN


def test_the_loser_of_a_race_gets_the_winners_record(store):
    write_record(store, "a.json", SPAN)
    assert write_record(store, "a.json", Span(start_seconds=9.0, duration_seconds=9.0)) == SPAN


def test_a_record_that_must_be_there_is_named_where_it_is_not(store):
    assert read_record(store, "rounds/00001/a.json", Span) is None
    with pytest.raises(FileNotFoundError, match=r"search` must hold rounds/00001/a.json, a Span record."):
        require_record(store, "rounds/00001/a.json", Span)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "truncated"),
        (b'{"start_seconds": 1.0, "duration_sec', "truncated"),
        (b'{"start_seconds": 1.0}', "missing required field `duration_seconds`"),
        (b'{"start_seconds": "1", "duration_seconds": 1}', r"got `str` - at `\$.start_seconds`"),
        (b'{"start_seconds": 1, "duration_seconds": 1, "pickled": 1}', "unknown field `pickled`"),
        (b"\x80\x04\x95 a pickle", "malformed"),
        (b'{"start_seconds": 1, "duration_seconds": 1, "\xff": 1}', ""),
    ],
    ids=["empty", "cut", "field missing", "wrong type", "field too many", "other format", "no text"],
)
def test_a_damaged_record_is_named_with_what_is_wrong(store, data, says):
    store.create("rounds/00001/a.json", data)
    with pytest.raises(DamagedRecord, match=rf"/search/rounds/00001/a.json` must be a Span record: .*{says}"):
        read_record(store, "rounds/00001/a.json", Span)


def test_a_record_that_nobody_could_read_is_not_written(tmp_path):
    """JSON has no infinity: it would be read as null, where a number must be."""
    store = open_search(str(tmp_path))
    endless = Span(start_seconds=0.0, duration_seconds=float("inf"))
    with pytest.raises(ValueError, match=r"`record` must be one that can be read again: .*duration_seconds.*a/b\.json"):
        write_record(store, "a/b.json", endless)
    assert store.paths("") == []
