"""The tables of the benchmark of widths under a limit, from its rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.goals import goal_table
from benchmarks.resumable import Row
from benchmarks.statistics import markdown, spread
from benchmarks.width_goals import goals
from benchmarks.width_rows import Drawn, Trained, affordable, best_of, found_by, pools_of, searches_of
from benchmarks.width_search import ARMS, TASKS


def tables(rows: Sequence[Row], task: str) -> str:
    """Returns what each kind of search found beside networks drawn at random, and which goals are met, in Markdown."""
    searches = searches_of(rows)
    if not searches:
        return "nothing is finished yet"
    one = searches[0]
    about = f"{one['within']} of {one['of']} designs are within {TASKS[task].parameters} parameters."
    head = ["found by", "seeds", "validation loss", "of the pool's best", "test loss", "test accuracy", "CPU seconds"]
    pools = pools_of(rows)
    found = markdown(head, [*_searched(rows, pools), *_drawn(rows, pools)])
    return "\n\n".join([about, found, goal_table(goals(rows, task))])


def _searched(rows: Sequence[Row], pools: Mapping[int, Drawn]) -> list[list[str]]:
    lines = []
    for arm in ARMS:
        own = searches_of(rows, arm)
        if own:
            name = f"{arm}: best of {len(own[0]['chosen'])} trained alone"
            lines.append(_line(name, found_by(rows, arm), pools, [row["cpu_seconds"] for row in own]))
    return lines


def _drawn(rows: Sequence[Row], pools: Mapping[int, Drawn]) -> list[list[str]]:
    """The best of as many designs of the pool as a search trains alone, as its seconds are enough for, and of all."""
    if not pools:
        return []
    few = len(searches_of(rows)[0]["chosen"])
    counts = {
        f"random: best of {few}": dict.fromkeys(pools, few),
        "random: best of as many as take rejection's seconds": affordable(rows, pools),
        "random: best of the pool": {seed: len(pool.trained) for seed, pool in pools.items()},
    }
    lines = []
    for name, of in counts.items():
        taken = {seed: pools[seed].trained[:count] for seed, count in of.items()}
        seconds = [len(trained) * pools[seed].seconds for seed, trained in taken.items()]
        numbers = sorted(map(len, taken.values()))
        found = {seed: best_of(trained) for seed, trained in taken.items()}
        lines.append(_line(f"{name} ({numbers[0]} to {numbers[-1]})", found, pools, seconds))
    return lines


def _line(name: str, found: Mapping[int, Trained], pools: Mapping[int, Drawn], seconds: Sequence[float]) -> list[str]:
    relative = [
        one["validation_loss"] / best_of(pools[seed].trained)["validation_loss"]
        for seed, one in found.items()
        if seed in pools
    ]
    return [
        name,
        str(len(found)),
        spread(one["validation_loss"] for one in found.values()),
        spread(relative),
        spread(one["test_loss"] for one in found.values()),
        spread(one["test"] for one in found.values()),
        f"{np.mean(seconds):.0f}",
    ]
