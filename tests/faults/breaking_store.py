"""A store that breaks off after each single thing that it writes or deletes, and what lives through that."""

import importlib
import re
from collections.abc import Callable

from components.records.attempts import Work
from components.records.local_store import LocalStore
from components.records.store import write_record

LATER_ATTEMPT = re.compile(r"attempt-\w+-[23]$")


class Broken(BaseException):
    """The process ends here, so to speak; no `except Exception` may stop it."""

    def __init__(self, path: str):
        super().__init__(path)
        self.path = path


def every_write(path: str) -> bool:
    """Whether to break after writing a path: all but an attempt that follows a dead one.

    The third dead attempt of a piece of work is given up, which is another test's matter. A training of one variant
    has three writes (attempt, weights, record), so each breaks once this way.
    """
    return not LATER_ATTEMPT.search(path)


class BreakingStore(LocalStore):
    """A local store that raises `Broken` after each change to an object that `breaks` says yes to."""

    def __init__(self, folder: str, breaks: Callable[[str], bool]):
        super().__init__(folder)
        self.breaks = breaks

    def create(self, path: str, data: bytes) -> bool:
        """Writes an object, and breaks off where this call wrote it."""
        created = super().create(path, data)
        if created and self.breaks(path):
            raise Broken(path)
        return created

    def delete(self, path: str) -> None:
        """Removes an object, and breaks off where there was one."""
        there = self.exists(path)
        super().delete(path)
        if there and self.breaks(path):
            raise Broken(path)


def in_this_process(breaks: Callable[[str], bool]) -> Callable[[str, str, Work], str]:
    """Returns a stand-in for the child process that repeats an attempt: the same work, here, on a store that breaks."""

    def work_here(uri: str, path: str, work: Work) -> str:
        store = BreakingStore(uri, breaks)
        function = getattr(importlib.import_module(work.module), work.function)
        write_record(store, path, function(store, **work.arguments))
        return "the work left no record"

    return work_here
