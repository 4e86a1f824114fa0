"""A piece of work is done once, whatever dies meanwhile; real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.records.attempts import MOST_ATTEMPTS, attempt_path
from components.records.store import open_search, read_record
from tests.components.records.attempt_work import PATH, Note, done

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # a child process finds the work's module there
    return open_search(str(tmp_path))


def attempts(store):
    return [path.rsplit("/", 1)[1] for path in store.paths("trials") if "attempt" in path]


def die_in_attempts(store, number):
    for dead in range(1, number + 1):
        store.create(attempt_path(PATH, dead), b"")


def test_the_attempts_of_a_record_lie_beside_it():
    assert attempt_path("rounds/00001/trials/x/probe.json", 2) == "rounds/00001/trials/x/attempt-probe-2"


def test_work_that_has_its_record_is_not_done_again(store):
    store.create(PATH, b'{"pid": 7, "text": "earlier"}')
    assert done(store, "killed").text == "earlier"
    assert attempts(store) == []


def test_the_first_attempt_runs_in_this_process_and_says_so_before(store):
    note = done(store, "fine")
    assert note == read_record(store, PATH, Note) == Note(pid=os.getpid(), text="done")
    assert attempts(store) == ["attempt-probe-1"]


def test_after_a_dead_attempt_the_work_runs_in_a_child(store):
    die_in_attempts(store, 1)
    note = done(store, "fine")
    assert note.text == "done" and note.pid != os.getpid()
    assert note == read_record(store, PATH, Note)
    assert attempts(store) == ["attempt-probe-1", "attempt-probe-2"]


@pytest.mark.parametrize(("function", "how"), [("killed", "signal 9"), ("exits", "exit code 3")])
def test_work_that_kills_its_child_is_given_up(store, function, how):
    die_in_attempts(store, 1)
    assert done(store, function).text == f"gave up: process died: {how}"
    assert read_record(store, PATH, Note).text == f"gave up: process died: {how}"


def test_a_signal_from_outside_takes_the_attempt_back(tmp_path, store):
    """Or three spot nodes that are taken away in the middle of one long training would reject its candidate."""
    command = [sys.executable, "-m", "tests.components.records.attempt_work", str(tmp_path), "terminated"]
    for _ in range(MOST_ATTEMPTS + 1):
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 143
        assert attempts(store) == []


def test_a_child_that_dies_after_its_record_is_written_has_done_its_work(store):
    die_in_attempts(store, 1)
    assert done(store, "killed_after_writing").text == "written in time"


def test_the_third_dead_attempt_is_the_last(store):
    die_in_attempts(store, MOST_ATTEMPTS - 1)
    assert done(store, "fine").text == "done"
    store.delete(PATH)
    assert attempts(store) == ["attempt-probe-1", "attempt-probe-2", "attempt-probe-3"]
    assert done(store, "fine").text == "gave up: process died in 3 attempts"
    assert attempts(store) == ["attempt-probe-1", "attempt-probe-2", "attempt-probe-3"]


def test_work_that_kills_its_process_dies_once_and_is_given_up_by_the_next(tmp_path, store):
    """The whole story in real processes: a step dies, is started again, and its child dies in its place."""
    command = [sys.executable, "-m", "tests.components.records.attempt_work", str(tmp_path), "killed"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    assert read_record(store, PATH, Note) is None and attempts(store) == ["attempt-probe-1"]
    again = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert again.stdout == "gave up: process died: signal 9\n"


def test_an_exception_ends_the_step_and_counts_as_no_dead_attempt(store):
    """A broken stage is no bad candidate: once repaired, the work is done as if nothing had been."""
    for _ in range(MOST_ATTEMPTS + 1):
        with pytest.raises(OSError, match="the disk is full"):
            done(store, "raises")
    assert attempts(store) == []
    assert done(store, "fine").pid == os.getpid()


def test_an_exception_in_a_child_ends_the_step_too(store, capfd):
    die_in_attempts(store, 1)
    with pytest.raises(RuntimeError, match=r"attempt_work.raises raised an exception in a child process"):
        done(store, "raises")
    assert "OSError: the disk is full" in capfd.readouterr().err
    assert read_record(store, PATH, Note) is None and attempts(store) == ["attempt-probe-1"]
    assert done(store, "fine").text == "done"


def test_a_child_that_was_ended_from_outside_is_no_dead_attempt(store):
    """A node that is drained ends what runs on it: the step was meant, not the candidate."""
    die_in_attempts(store, 1)
    with pytest.raises(RuntimeError, match=r"child process of .*attempt_work.terminated was ended by SIGTERM"):
        done(store, "terminated")
    assert read_record(store, PATH, Note) is None and attempts(store) == ["attempt-probe-1"]


def test_of_two_processes_that_do_the_same_work_both_return_what_is_stored(store):
    """A step whose twin was faster returns the twin's record and not its own."""
    from components.records.attempts import done_once

    def overtaken():
        store.create(PATH, b'{"pid": 1, "text": "the twin"}')
        return Note(pid=os.getpid(), text="mine")

    note = done_once(store, PATH, Note, None, do=overtaken, give_up=None)  # type: ignore[arg-type]
    assert note.text == "the twin"
