"""The goals of a benchmark, and whether they are met."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.statistics import markdown, spread


class Goal(NamedTuple):
    """A mean over seeds that may not be too large.

    Fields:
        what: is measured.
        most: that its mean may be.
        measured: one value a seed, of the seeds that have all that it takes.
    """

    what: str
    most: float
    measured: Sequence[float]


def goal_table(goals: Iterable[Goal]) -> str:
    """Returns each goal with its figure and whether it is met, in Markdown; `open` where nothing is measured yet."""
    lines = [
        [goal.what, f"{goal.most:g}", str(len(goal.measured)), spread(goal.measured), _judged(goal)] for goal in goals
    ]
    return markdown(["goal", "at most", "seeds", "figure", ""], lines)


def said(met: bool) -> str:
    """`met` or `missed`."""
    return "met" if met else "missed"


def _judged(goal: Goal) -> str:
    return said(float(np.mean(goal.measured)) <= goal.most) if goal.measured else "open"
