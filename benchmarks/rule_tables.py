"""The rows of the update-rule benchmark as tables in Markdown: means and standard deviations over the seeds."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.kept_searches import FOUND
from benchmarks.resumable import Row
from benchmarks.rule_search import ARMS
from benchmarks.rule_trainings import SPACE
from benchmarks.statistics import found_table, lead, markdown, paired, spread

KNOWN = ("SGD", "Momentum", "RMSProp", "Adam", "PowerSign", "AddSign")
SCHEDULES = ("constant", "cosine")
PARTS = 4  # of a search, for the curve of its reward


def tables(rows: Sequence[Row], candidates: int) -> str:
    """Returns all tables that the rows allow; a spread is the standard deviation over seeds (n - 1).

    Args:
        rows: of searches of one size, and of trainings with what they found and with the published rules.
        candidates: the searches' size.
    """
    searches = [row for row in rows if row["job"]["kind"] == "search"]
    trainings = [row for row in rows if row["job"]["kind"] == "training"]
    parts = [
        curve(searches, candidates),
        differences(searches),
        training_table(trainings),
        found_table(searches, list(ARMS), SPACE, "rule"),
    ]
    return "\n\n".join(parts)


def curve(searches: Sequence[Row], candidates: int) -> str:
    """How the reward rises over a search: the mean over the rules of each quarter, and the best rule so far.

    Where searches had ended before a quarter, its mean reward is that of the others, and the cell says of how many.
    """
    bounds = [candidates * part // PARTS for part in range(PARTS + 1)]
    labels = [f"rules {first + 1}-{last}" for first, last in itertools.pairwise(bounds)]
    lines = []
    for kind, values in (("mean reward", mean_rewards), ("best so far", best_so_far)):
        for arm in ARMS:
            of = [values(row, bounds) for row in searches if row["job"]["arm"] == arm]
            if of:
                lines.append([f"{kind}, {arm}", str(len(of)), *(_cell(column) for column in zip(*of, strict=True))])
    return markdown([f"{candidates} rules each", "seeds", *labels], lines)


def mean_rewards(search: Row, bounds: Sequence[int]) -> list[float | None]:
    """The mean reward of the rules between successive bounds, a rejected one counting 0; None where it had ended."""
    parts: list[float | None] = []
    for first, last in itertools.pairwise(bounds):
        inside = [part for part in _with_rules(search) if first < part.end <= last]
        rules = sum(part.rules for part in inside)
        parts.append(sum(part.rules * part.mean for part in inside) / rules if rules else None)
    return parts


def best_so_far(search: Row, bounds: Sequence[int]) -> list[float]:
    """The best quality of a search after as many rules as each bound says, but the first."""
    return [
        max((point["quality"] or 0.0 for point in search["rounds"] if point["candidates"] <= bound), default=0.0)
        for bound in bounds[1:]
    ]


def differences(searches: Sequence[Row]) -> str:
    """By how much the learned controller's and evolution's results differ from random search's, seed by seed."""
    lines = []
    for arm in ARMS:
        pairs = paired(searches, arm, "random") if arm != "random" else []
        if pairs:
            best = [(one["quality"] or 0.0) - (other["quality"] or 0.0) for one, other in pairs]
            last = [(_with_rules(one)[-1:], _with_rules(other)[-1:]) for one, other in pairs]
            mean = [one[0].mean - other[0].mean for one, other in last if one and other]
            equal = [lead(one, other, "steps") for one, other in pairs]
            lines.append([f"{arm} less random", str(len(pairs)), *map(spread, (best, mean, equal))])
    head = [
        "paired by seed",
        "seeds",
        "best rule",
        "mean of the last round with rules",
        "best rule at as many training steps",
    ]
    return markdown(head, lines)


class _Round(NamedTuple):
    """A round: rules so far, its own rules, at least one, and their mean reward."""

    end: int
    rules: int
    mean: float


def _with_rules(search: Row) -> list[_Round]:
    """The rounds that had rules. The last one of a search that ended early, as nothing new was proposed, had none."""
    ends = [point["candidates"] for point in search["rounds"]]
    points = zip(ends, np.diff([0, *ends]).tolist(), search["rounds"])
    return [_Round(end, rules, point["mean"]) for end, rules, point in points if rules]


def _cell(values: Sequence[float | None]) -> str:
    known = sum(value is not None for value in values)
    return spread(values) + (f" (of {known})" if 0 < known < len(values) else "")


def training_table(trainings: Sequence[Row]) -> str:
    """Test accuracy of the target network with each rule at its own best learning rate."""
    lines = []
    for name in (*KNOWN, *(FOUND + arm for arm in ARMS)):
        cells: list[str] = []
        seeds = 0
        for schedule in SCHEDULES:
            of = [row for row in trainings if (row["job"]["rule"], row["job"]["schedule"]) == (name, schedule)]
            rates = sorted({row["learning_rate"] for row in of if row["learning_rate"] is not None})
            cells += [spread([row["test"] or 0.0 for row in of]), ", ".join(f"{rate:g}" for rate in rates) or "-"]
            seeds = max(seeds, len(of))
        if seeds:
            lines.append([name, str(seeds), *cells])
    columns = [text for schedule in SCHEDULES for text in (f"test, {schedule} rate", "best rates")]
    return markdown(["rule", "seeds", *columns], lines)
