"""What the rows of the benchmark of widths hold: the best network of each search, and of those drawn at random."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.resumable import Row

Trained = dict[str, Any]  # what `train_alone` returns


class Drawn(NamedTuple):
    """Designs within the limit that were drawn at random and trained alone, for one seed.

    Fields:
        trained: in the order in which they were drawn.
        seconds: CPU seconds of one, the mean.
    """

    trained: Sequence[Trained]
    seconds: float


def searches_of(rows: Sequence[Row], arm: str | None = None) -> list[Row]:
    """Returns the rows of the searches of a kind, or of all."""
    return [row for row in rows if row["job"]["kind"] == "search" and arm in (None, row["job"]["arm"])]


def found_by(rows: Sequence[Row], arm: str) -> dict[int, Trained]:
    """Returns what a kind of search found, by seed."""
    return {row["job"]["seed"]: best_of(row["chosen"]) for row in searches_of(rows, arm)}


def pools_of(rows: Sequence[Row]) -> dict[int, Drawn]:
    """Returns the pool of each seed, as far as it is trained."""
    trained: dict[int, list[Trained]] = {}
    seconds: dict[int, list[float]] = {}
    for row in sorted((one for one in rows if one["job"]["kind"] == "pool"), key=lambda one: one["job"]["first"]):
        seed, own = row["job"]["seed"], row["trained"]
        trained.setdefault(seed, []).extend(own)
        seconds.setdefault(seed, []).extend([row["cpu_seconds"] / len(own)] * len(own))
    return {seed: Drawn(own, float(np.mean(seconds[seed]))) for seed, own in trained.items()}


def affordable(rows: Sequence[Row], pools: Mapping[int, Drawn]) -> dict[int, int]:
    """Returns how many designs of a seed's pool can be trained in the CPU seconds of the search by rejection."""
    used = {row["job"]["seed"]: row["cpu_seconds"] for row in searches_of(rows, "rejection")}
    return {seed: max(1, round(used[seed] / pool.seconds)) for seed, pool in pools.items() if seed in used}


def best_of(trained: Sequence[Trained]) -> Trained:
    """Returns the network with the lowest validation loss."""
    return min(trained, key=lambda one: one["validation_loss"])
