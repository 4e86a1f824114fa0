"""Processes that end with the one that needs them, so that a killed run leaves nothing at work behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

POLL_SECONDS = 0.1
RUNNER_PID = "ARCHLOOM_RUNNER_PID"


def _alive(pid: int) -> bool:
    """Whether a process is at work; a dead one that nobody has waited for (a zombie) still has its pid, but isn't."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return False
    try:  # a system without /proc
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch(still_needed: Callable[[], bool], end: Callable[[], None]) -> None:
    def watch() -> None:
        while still_needed():
            time.sleep(POLL_SECONDS)
        end()

    threading.Thread(target=watch, name="ends-with-parent", daemon=True).start()


def end_with_parent(parent: int | None = None) -> None:
    """Ends this process at once when its parent does.

    Args:
        parent: its pid, from itself, so that it counts if it has ended before this is called; None takes whoever is the
            parent now.
    """
    parent = parent or os.getppid()
    _watch(lambda: os.getppid() == parent, lambda: os._exit(1))


@contextmanager
def exit_on_signal() -> Iterator[None]:
    """Makes SIGTERM end this process by SystemExit, so that what was begun is taken back; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def end_with_runner() -> None:
    """Ends this step at once when the local runner does; on a cluster, where there is none, does nothing.

    The runner is not the parent: a shell of the component's command stands between them.
    """
    pid = int(os.environ.get(RUNNER_PID, 0))
    if pid:
        _watch(lambda: _alive(pid), lambda: os._exit(1))


def end_group_with_parent(parent: int | None = None) -> None:
    """Kills this process's whole group when its parent ends. The process must lead a group of its own.

    Args:
        parent: as in `end_with_parent`.
    """
    parent = parent or os.getppid()
    _watch(lambda: os.getppid() == parent, lambda: os.killpg(os.getpgrp(), signal.SIGKILL))
