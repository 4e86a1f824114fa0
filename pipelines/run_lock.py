"""One run of a search on this machine at a time: a lock on its directory, which is free again when the run is dead."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "run.lock"  # in the search directory; it stays, and says who had the lock last
PATIENCE_SECONDS = 3.0  # what a run that was killed may take to end its processes
POLL_SECONDS = 0.05
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # a file system without locks


class AlreadyRunning(RuntimeError):
    """Another run of this search is at work; the message says which."""


@contextmanager
def only_run(search: Path) -> Iterator[int]:
    """Holds the lock on a search directory, and tells in it who does.

    The steps of two runs would do no harm to the records, but all work twice, and one run would end the other's
    containers. On a file system without locks nothing is held.

    Args:
        search: the search directory, which must exist.

    Yields:
        The descriptor of the lock. A process that is given it holds the lock too, until both are dead.

    Raises:
        AlreadyRunning: where another run holds it, and goes on doing so.
    """
    descriptor = os.open(search / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor, search)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_running(search: Path) -> bool:
    """Whether a run of a search directory is at work on this machine; False where the file system has no locks."""
    try:
        descriptor = os.open(search / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, search: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                holder = os.pread(descriptor, 1000, 0).decode(errors="replace") or "another process"
                raise AlreadyRunning(
                    f"`{search}` must have one run at a time. Received: a run beside that of {holder}, which is at "
                    f"work. See how far it is by `archloom status {search}`."
                ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return None
        time.sleep(POLL_SECONDS)
