"""When work ran: the start of this process, spans of work, and how long a set of spans was active."""

import os
import time
from collections.abc import Iterable

from components.records.results import Span

_IMPORTED_SECONDS = time.time()


def process_start_seconds() -> float:
    """Returns when this process started, in seconds since the epoch, or imported this where the system doesn't say."""
    try:
        with open("/proc/self/stat", encoding="utf-8") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
        with open("/proc/uptime", encoding="utf-8") as file:
            uptime = float(file.read().split()[0])
        return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return _IMPORTED_SECONDS


class Stopwatch:
    """Cuts the time of a process into spans without gaps: each span begins where the last one ended."""

    def __init__(self) -> None:
        self.last_seconds = process_start_seconds()

    def span(self) -> Span:
        """Returns the span since the last one, or since the process started."""
        start, self.last_seconds = self.last_seconds, time.time()
        return Span(start_seconds=start, duration_seconds=max(0.0, self.last_seconds - start))


def active_seconds(spans: Iterable[Span]) -> float:
    """Returns how long at least one of the spans lasted: the length of their union, in seconds."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted((span.start_seconds, span.start_seconds + span.duration_seconds) for span in spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total
