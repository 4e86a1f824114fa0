"""Comparing searches over seeds: means with their spread, and who is ahead after equal amounts."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.resumable import Row
from components.search_spaces.space import SearchSpace


def lead(one: Row, other: Row, unit: str) -> float:
    """Returns by how much a search was ahead of another when the shorter one ended, in training steps or seconds."""
    amount = min(search["rounds"][-1][unit] for search in (one, other))
    return quality_after(one, amount, unit) - quality_after(other, amount, unit)


def quality_after(search: Row, amount: float, unit: str) -> float:
    """Returns the best quality that a search had after so many training steps, or seconds; 0 before its first."""
    done = [point["quality"] or 0.0 for point in search["rounds"] if point[unit] <= amount]
    return max(done, default=0.0)


def spread(values: Iterable[float | None]) -> str:
    """Returns `mean ± standard deviation` of what is there, with digits that suit its size."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    digits = 3 if max(abs(value) for value in known) < 2 else 0
    mean = f"{np.mean(known):.{digits}f}"
    return f"{mean} ± {np.std(known, ddof=1):.{digits}f}" if len(known) > 1 else mean


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Returns a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def paired(searches: Sequence[Row], first: str, second: str) -> list[tuple[Row, Row]]:
    """Returns the searches of two arms that have the same seed, in the order of the seeds."""
    by_arm = {arm: {row["job"]["seed"]: row for row in searches if row["job"]["arm"] == arm} for arm in (first, second)}
    seeds = sorted(by_arm[first].keys() & by_arm[second].keys())
    return [(by_arm[first][seed], by_arm[second][seed]) for seed in seeds]


def found_table(searches: Sequence[Row], arms: Sequence[str], space: SearchSpace, what: str) -> str:
    """Returns what each search found, in the order of the arms and seeds; `what` heads the column of its formulas."""
    ordered = sorted(searches, key=lambda row: (arms.index(row["job"]["arm"]), row["job"]["seed"]))
    lines = [
        [
            row["job"]["arm"],
            str(row["job"]["seed"]),
            f"{row['quality']:.3f}",
            f"`{space.formula(space.from_json(row['best']))}`",
        ]
        for row in ordered
        if row["best"]
    ]
    return markdown(["search", "seed", "validation", what], lines)
