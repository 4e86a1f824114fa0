"""How long spans were active, and when a process started."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from components.records.results import Span
from components.records.spans import Stopwatch, active_seconds, process_start_seconds

ROOT = Path(__file__).parents[3]


def span(start, stop):
    return Span(start_seconds=start, duration_seconds=stop - start)


def cells_covered(intervals):
    """The oracle: of the seconds [0, 1), [1, 2), ... those that lie in one of the intervals between whole numbers."""
    return sum(any(start <= cell < stop for start, stop in intervals) for cell in range(40))


def test_active_seconds_are_the_length_of_the_union():
    rng = np.random.default_rng(0)
    for _ in range(500):
        intervals = [sorted(map(int, rng.integers(0, 40, 2))) for _ in range(rng.integers(0, 9))]
        assert active_seconds(span(float(start), float(stop)) for start, stop in intervals) == cells_covered(intervals)


@pytest.mark.parametrize(
    ("intervals", "seconds"),
    [
        ([], 0),
        ([(5, 5)], 0),
        ([(0, 10), (2, 3)], 10),  # a long one that ends after a later, shorter one
        ([(0, 10), (2, 3), (9, 12)], 12),
        ([(0, 1), (1, 2)], 2),
        ([(0, 1), (100, 101)], 2),  # hours between do not count
        ([(0, 1), (0, 1)], 1),  # two shards at the same time
    ],
)
def test_overlaps_count_once_and_gaps_never(intervals, seconds):
    assert active_seconds(span(start, stop) for start, stop in intervals) == seconds


def test_a_process_knows_when_it_started():
    """The parent's clock brackets the child's start; the system's clock ticks in hundredths of a second."""
    before = time.time()
    code = "from components.records.spans import process_start_seconds; print(process_start_seconds())"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert before - 0.05 <= float(child.stdout) <= before + 0.5


def test_a_stopwatch_cuts_the_process_time_without_gaps():
    watch = Stopwatch()
    first, second = watch.span(), watch.span()
    assert first.start_seconds == pytest.approx(process_start_seconds(), abs=0.1)
    assert second.start_seconds == pytest.approx(first.start_seconds + first.duration_seconds, abs=1e-6)
    assert second.start_seconds + second.duration_seconds <= time.time() + 1e-6


def test_a_clock_set_back_gives_no_negative_span():
    watch = Stopwatch()
    watch.last_seconds = time.time() + 3600
    assert watch.span().duration_seconds == 0.0
