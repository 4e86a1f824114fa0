"""How long training processes have nothing to do, when a round's candidates differ much in cost.

A round of 40 update rules with 7 learning rates each (or of layers in three networks), in networks of very different
width, goes through the real stages in real processes on the real store: probe, verdicts, full training. A worker is
idle between two pieces of training, and when it is done until the last worker is. Starting a process (TensorFlow's
import included), ending it, and screening are no training and reported apart. The static deal (candidate i is worker
i % workers') is computed from the same measured durations.

Usage: python -m benchmarks.queue_idle [--workers 2 --workers 4] [--space update_rule|norm_act_layer] [--candidates 40]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import click
import msgspec
import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.goals import said
from benchmarks.search_rounds import UNTIMED
from components.candidate_generation.stage import propose_round
from components.data_split.stage import split_search_data
from components.hardware_benchmarking.stage import profile_shard
from components.records.layout import plan_path, round_of
from components.records.results import Plan
from components.records.store import Store, open_search, require_record, write_record
from components.rejection_screening.stage import screen_shard
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext

GOAL = 0.10  # the largest share of idle time
WIDTHS = np.geomspace(0.25, 3.0, 40)  # a step of the widest takes some 20 times as long as one of the narrowest
SPACES: dict[str, dict[str, Any]] = {
    "update_rule": {"space": {"name": "update_rule"}, "controller": {"name": "random"}},
    "norm_act_layer": {
        "space": {"name": "norm_act_layer", "settings": {"groups": 4, "min_active_ops": 3}},
        "controller": {"name": "random"},
    },
}


class Worker(NamedTuple):
    """What a worker did in a round: seconds of start-up and screening, and each piece of training, in order."""

    other_seconds: float
    pieces: list[tuple[str, float, float]]

    @property
    def busy_seconds(self) -> float:
        """Seconds of training."""
        return sum(stop - start for _, start, stop in self.pieces)


@click.command()
@click.option("--workers", type=click.IntRange(2, 24), multiple=True, default=(2, 4), show_default=True)
@click.option("--space", type=click.Choice(list(SPACES)), default="update_rule", show_default=True)
@click.option("--candidates", type=click.IntRange(4, 1000), default=40, show_default=True)
def main(workers: tuple[int, ...], space: str, candidates: int) -> None:
    """Measures, prints a table, and exits with 1 where the queue's idle time misses the goal."""
    table = Table(
        "workers", "training s", "longest / shortest", "idle, queue", "idle, dealt", "start-up s a worker", "s"
    )
    met = []
    for count in workers:
        with tempfile.TemporaryDirectory(prefix="archloom-queue-") as folder:
            store = open_search(folder)
            shards = prepared(store, space, candidates, count)
            start = time.time()
            with ThreadPoolExecutor(count) as pool:
                done = list(pool.map(partial(work, store), shards))
            end = time.time()
            plan = require_record(store, plan_path(round_of(shards[0])), Plan)
        idle, seconds = queue_idle(done, start, end), seconds_of(done)
        spread = max(seconds.values()) / min(seconds.values())
        dealt = static_idle([seconds[one.id] for one in plan.candidates], count)
        other = np.mean([one.other_seconds for one in done])
        shown = (f"{sum(seconds.values()):.1f}", f"{spread:.0f}", f"{idle:.1%}", f"{dealt:.1%}", f"{other:.1f}")
        table.add_row(str(count), *shown, f"{end - start:.1f}")
        met.append(idle <= GOAL)
    console = Console()
    console.print(table)
    console.print(f"goal {GOAL:.0%}: {said(all(met))}")
    sys.exit(0 if all(met) else 1)


def prepared(store: Store, space: str, candidates: int, workers: int) -> list[str]:
    """Proposes a round whose candidates are tried in networks of widths from narrow to wide, in a drawn order.

    Returns:
        Paths of its shards, one a worker.
    """
    rounds = {"candidates_per_round": candidates, "shards_per_round": min(workers, 3)}
    description = {
        "name": "queue",
        "data": {"source": "sklearn:digits"},
        **SPACES[space],
        "rounds": rounds,
        "training": {"probe_steps": 10, "full_steps": 60, "batch_size": 32},
        "rejection": {"quality_threshold": 0.12, "stability": {"enabled": False}},
        "scoring": UNTIMED,
        "budget": {"candidates": candidates},
    }
    split_search_data(store, yaml.safe_dump(description))
    here = round_of(propose_round(store)[0])
    plan, context = require_record(store, plan_path(here), Plan), SearchContext(store)
    widths = np.random.default_rng(0).permutation(np.resize(WIDTHS, len(plan.candidates)))
    wide = [
        make_candidate(
            context,
            context.space.from_json(one.spec),
            [msgspec.structs.replace(variant, width=float(width)) for variant in one.variants],
            origin=one.origin,
        )
        for one, width in zip(plan.candidates, widths, strict=True)
    ]
    store.delete(plan_path(here))
    write_record(store, plan_path(here), msgspec.structs.replace(plan, candidates=tuple(wide), shards=workers))
    return [f"{here}/shards/{index:04d}" for index in range(workers)]


def work(store: Store, shard: str) -> Worker:
    """Takes a shard through probe, profiles, verdicts and full training; trainings are processes of their own."""
    probe = _training(store, shard, "probe")
    start = time.time()
    profile_shard(store, shard, run="bench")  # estimates: nothing is timed
    screen_shard(store, shard, "bench")
    screening = time.time() - start
    full = _training(store, shard, "full")
    return Worker(probe.other_seconds + screening + full.other_seconds, [*probe.pieces, *full.pieces])


def _training(store: Store, shard: str, phase: str) -> Worker:
    start = time.time()
    command = [sys.executable, "-m", "benchmarks.timed_step", store.uri, shard, "bench", phase]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    pieces = [tuple(piece) for piece in json.loads(done.stdout.splitlines()[-1])["pieces"]]
    at_work = pieces[-1][2] - pieces[0][1] if pieces else 0.0
    return Worker(time.time() - start - at_work, pieces)


def queue_idle(workers: list[Worker], start: float, end: float) -> float:
    """The share of idle seconds in the seconds of training processes, both over all workers.

    Args:
        workers: what each did.
        start, end: of the round: every worker was there all the time.
    """
    busy = sum(one.busy_seconds for one in workers)
    other = sum(one.other_seconds for one in workers)
    return 1 - busy / (len(workers) * (end - start) - other)


def seconds_of(workers: list[Worker]) -> dict[str, float]:
    """Seconds of training by candidate, probe and full training together."""
    seconds: dict[str, float] = defaultdict(float)
    for worker in workers:
        for candidate, start, stop in worker.pieces:
            seconds[candidate] += stop - start
    return seconds


def static_idle(seconds: list[float], shards: int) -> float:
    """The share of idle time if candidate i were worker i % shards'.

    Args:
        seconds: of training, of each candidate in the plan's order.
        shards: workers.
    """
    dealt = [sum(seconds[index::shards]) for index in range(shards)]
    return 1 - sum(dealt) / (shards * max(dealt))


if __name__ == "__main__":
    main()
