"""Doing a piece of work once, whatever dies meanwhile.

Before a piece of work starts, a create-only attempt says so. An attempt without a result means that a process died: the
work then runs in a child process, so that what kills it can't kill the step again, and after the third dead attempt it
is given up. The result is a record, so a step that is started again finds it and goes on with the next.

An exception is no death: it says that the stage is broken, ends the step, and takes its attempt back. Nor is a signal
with which people and machines end processes, as where a spot node is taken away: the step was meant, not the work.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from components.records.store import Store, read_record, write_record
from components.records.supervision import exit_on_signal

MOST_ATTEMPTS = 3
RAISED = 70  # exit code of a child whose work raised an exception
SENT_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
R = TypeVar("R", bound=msgspec.Struct)


class Work(NamedTuple):
    """A function of a module that does the work and returns its record.

    Fields:
        module, function: where it is; called as `function(store, **arguments)`.
        arguments: JSON data.
    """

    module: str
    function: str
    arguments: dict[str, Any]


def attempt_path(record_path: str, number: int) -> str:
    """Path of what says that the work of a record was begun for the `number`-th time, from 1."""
    folder, name = record_path.rsplit("/", 1)
    return f"{folder}/attempt-{name.removesuffix('.json')}-{number}"


def done_once(
    store: Store, path: str, kind: type[R], work: Work, do: Callable[[], R], give_up: Callable[[str], R]
) -> R:
    """Returns the record at a path; makes it first where it is not there.

    Args:
        store: where the record and its attempts lie.
        path: of the record.
        kind: its type.
        work: the same work for a child process.
        do: does the work in this process and returns the record.
        give_up: the record that says that the work can't be done, from a reason.

    Raises:
        Exception: what `do` raises.
        RuntimeError: where the work raised an exception in a child process, or that was ended from outside.
    """
    record = read_record(store, path, kind)
    if record is not None:
        return record
    dead = 0
    while store.exists(attempt_path(path, dead + 1)):
        dead += 1
    if dead >= MOST_ATTEMPTS:
        return write_record(store, path, give_up(f"process died in {dead} attempts"))
    begun = attempt_path(path, dead + 1)
    with exit_on_signal():
        store.create(begun, b"")
        try:
            if not dead:
                return write_record(store, path, do())
            reason = _in_child(store.uri, path, work)
            return read_record(store, path, kind) or write_record(store, path, give_up(reason))
        except (Exception, SystemExit, KeyboardInterrupt):
            store.delete(begun)
            raise


def _in_child(uri: str, path: str, work: Work) -> str:
    """Does the work in a child process; returns how that ended, for the case that it left no record."""
    arguments = [uri, path, json.dumps(work._asdict()), str(os.getpid())]
    code = subprocess.run([sys.executable, "-m", "components.records.attempts", *arguments], check=False).returncode
    if code == RAISED:
        raise RuntimeError(f"{work.module}.{work.function} raised an exception in a child process: see its output.")
    if -code in SENT_FROM_OUTSIDE:
        raise RuntimeError(
            f"The child process of {work.module}.{work.function} was ended by {signal.Signals(-code).name}."
        )
    return f"process died: {'signal' if code < 0 else 'exit code'} {abs(code)}"


def main() -> None:
    """Does one piece of work in a process of its own and writes its record: `attempts URI PATH WORK PARENT`."""
    import importlib

    from components.records.store import open_search
    from components.records.supervision import end_with_parent

    end_with_parent(int(sys.argv[4]))
    store, path, work = open_search(sys.argv[1]), sys.argv[2], Work(**json.loads(sys.argv[3]))
    try:
        write_record(store, path, getattr(importlib.import_module(work.module), work.function)(store, **work.arguments))
    except Exception:
        traceback.print_exc()
        sys.exit(RAISED)


if __name__ == "__main__":
    main()
