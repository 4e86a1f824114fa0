"""The tables of the benchmark of widths under a limit, from its rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.resumable import Row
from benchmarks.statistics import markdown, spread
from benchmarks.width_search import ARMS, TASKS

Trained = dict[str, Any]  # what `train_alone` returns


def tables(rows: Sequence[Row], task: str) -> str:
    """Returns what each kind of search found beside networks drawn at random, in Markdown."""
    searches = [row for row in rows if row["job"]["kind"] == "search"]
    if not searches:
        return "nothing is finished yet"
    pools = _pools(rows)
    one = searches[0]
    about = f"{one['within']} of {one['of']} designs are within {TASKS[task].parameters} parameters."
    head = ["found by", "seeds", "validation loss", "of the pool's best", "test loss", "test accuracy", "CPU seconds"]
    return f"{about}\n\n{markdown(head, [*_searched(searches, pools), *_drawn(searches, pools)])}"


def _searched(searches: Sequence[Row], pools: dict[int, list[Trained]]) -> list[list[str]]:
    lines = []
    for arm in ARMS:
        own = [row for row in searches if row["job"]["arm"] == arm]
        if own:
            found = {row["job"]["seed"]: _best(row["chosen"]) for row in own}
            seconds = [row["cpu_seconds"] for row in own]
            lines.append(_line(f"{arm}: best of {len(own[0]['chosen'])} trained alone", found, pools, seconds))
    return lines


def _drawn(searches: Sequence[Row], pools: dict[int, list[Trained]]) -> list[list[str]]:
    """The best of as many designs of the pool as a search trains alone, as its seconds are enough for, and of all."""
    if not pools:
        return []
    each = {seed: float(np.mean([one["seconds"] for one in pool])) for seed, pool in pools.items()}
    used = {row["job"]["seed"]: row["cpu_seconds"] for row in searches if row["job"]["arm"] == "rejection"}
    few = len(searches[0]["chosen"])
    counts = {
        f"random: best of {few}": dict.fromkeys(pools, few),
        "random: best of as many as take rejection's seconds": {
            seed: max(1, round(used[seed] / each[seed])) for seed in pools if seed in used
        },
        "random: best of the pool": {seed: len(pool) for seed, pool in pools.items()},
    }
    lines = []
    for name, of in counts.items():
        found = {seed: _best(pools[seed][:count]) for seed, count in of.items()}
        seconds = [min(count, len(pools[seed])) * each[seed] for seed, count in of.items()]
        numbers = sorted(min(count, len(pools[seed])) for seed, count in of.items())
        lines.append(_line(f"{name} ({numbers[0]} to {numbers[-1]})", found, pools, seconds))
    return lines


def _line(name: str, found: dict[int, Trained], pools: dict[int, list[Trained]], seconds: Sequence[float]) -> list[str]:
    relative = [
        one["validation_loss"] / _best(pools[seed])["validation_loss"] for seed, one in found.items() if seed in pools
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


def _pools(rows: Sequence[Row]) -> dict[int, list[Trained]]:
    """The designs drawn at random by seed, in the order in which they were drawn, with the CPU seconds of each."""
    pools: dict[int, list[Trained]] = {}
    for row in sorted((one for one in rows if one["job"]["kind"] == "pool"), key=lambda one: one["job"]["first"]):
        each = row["cpu_seconds"] / len(row["trained"])
        pools.setdefault(row["job"]["seed"], []).extend({**one, "seconds": each} for one in row["trained"])
    return pools


def _best(trained: Sequence[Trained]) -> Trained:
    return min(trained, key=lambda one: one["validation_loss"])
