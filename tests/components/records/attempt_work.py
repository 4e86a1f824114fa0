"""Pieces of work for the tests of attempts; run as a program it does one as a step would: `URI FUNCTION`."""

import os
import signal
import sys

from components.records.attempts import Work, done_once
from components.records.results import Record
from components.records.store import Store, open_search

PATH = "trials/x/probe.json"


class Note(Record, frozen=True, kw_only=True):
    """A piece of work's record: the process that did it, or why nobody could."""

    pid: int
    text: str


def fine(store: Store) -> Note:
    return Note(pid=os.getpid(), text="done")


def killed(store: Store) -> Note:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def terminated(store: Store) -> Note:
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError("unreachable")


def exits(store: Store) -> Note:
    os._exit(3)


def raises(store: Store) -> Note:
    raise OSError("the disk is full")


def killed_after_writing(store: Store) -> Note:
    store.create(PATH, b'{"pid": 1, "text": "written in time"}')
    return killed(store)


def work_of(function: str) -> Work:
    return Work("tests.components.records.attempt_work", function, {})


def done(store: Store, function: str) -> Note:
    """Does a piece of work once, as a stage does."""
    here = globals()[function]
    return done_once(
        store,
        PATH,
        Note,
        work_of(function),
        do=lambda: here(store),
        give_up=lambda reason: Note(pid=os.getpid(), text=f"gave up: {reason}"),
    )


if __name__ == "__main__":
    print(done(open_search(sys.argv[1]), sys.argv[2]).text)
