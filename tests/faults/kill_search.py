"""Kills searches at seeded moments and compares what they find with an unbroken run: `--kills N --seed S`."""

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from tests.faults.kills import Kill, broken_search
from tests.faults.plan import SERIES, Planned, series
from tests.faults.reference import LEARNED, SHARING, TINY, Reference, first_difference, found, reference

SEARCHES = (TINY, LEARNED, SHARING, TINY)  # in turn


class Broken(NamedTuple):
    """A search that was killed: its kills, and how it differs from the unbroken one; None where it doesn't."""

    kills: list[Kill]
    difference: str | None


@click.command()
@click.option("--kills", type=click.IntRange(1), default=20, show_default=True, help="How many in all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every draw.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Shards at the same time.")
@click.option("--most-seconds", type=float, default=float("inf"), help="No search is begun after so many seconds.")
def main(kills: int, seed: int, workers: int, most_seconds: float) -> None:
    """Kill searches at seeded moments, continue them, and compare what they find with an unbroken run."""
    end = time.monotonic() + most_seconds
    print(f"running each search without a break, then killing it, {SERIES} times a search, {kills} in all", flush=True)
    done: list[Broken] = []
    searches = in_turn(seed)
    for _ in range(2 * ceil(kills / SERIES)):
        wanted = kills - sum(len(one.kills) for one in done)
        if not wanted or time.monotonic() > end:
            break
        unbroken, planned = next(searches)
        print(unbroken.search_file.stem, flush=True)
        done.append(break_and_compare(planned[:wanted], unbroken, workers, tell=_tell))
    print("\n".join(outcome(done)))
    sys.exit(not done or any(one.difference for one in done))


def in_turn(seed: int) -> Iterator[tuple[Reference, list[Planned]]]:
    """Yields searches without end, each with its kills; the first time that one's turn comes it is run unbroken."""
    draws: dict[Path, Iterator[list[Planned]]] = {}
    for search_file in cycle(SEARCHES):
        unbroken = reference(search_file)
        if search_file not in draws:
            draws[search_file] = series(np.random.default_rng([seed, len(draws)]), unbroken.seconds)
        yield unbroken, next(draws[search_file])


def break_and_compare(
    planned: Sequence[Planned], unbroken: Reference, workers: int, tell: Callable[[Kill], object]
) -> Broken:
    """Breaks a search as planned and compares what it finds; its directory stays where there is a difference.

    Args:
        planned: the kills, in the pipeline's order.
        unbroken: what it must come to.
        workers: shards at the same time.
        tell: gets each kill that was made.
    """
    folder = Path(tempfile.mkdtemp(prefix="archloom-killed-"))
    made: list[Kill] = []
    try:
        for kill in broken_search(unbroken.search_file, folder / "search", planned, unbroken.seconds, workers):
            made.append(kill)
            tell(kill)
        difference = first_difference(unbroken.summary, found(folder / "search"))
    except (RuntimeError, TimeoutError) as error:
        difference = str(error)
    if difference:
        difference = f"{folder}: {difference}"
    else:
        shutil.rmtree(folder)
    return Broken(made, difference)


def outcome(done: Sequence[Broken]) -> list[str]:
    """Returns what came of it, line by line: the stages hit, the ways of killing, the differences, the count."""
    kills = [kill for one in done for kill in one.kills]
    failed = [one for one in done if one.difference]
    lines = [*_histogram("killed in the stage", [kill.alive[0].stage for kill in kills])]
    lines += _histogram("in this way", [kill.way for kill in kills])
    lines += [f"DIFFERENT: {one.difference}" for one in failed]
    lines.append(f"{len(done) - len(failed)} of {len(done)} searches found what the unbroken one did")
    lost = sum(len(one.kills) for one in failed)
    return [*lines, f"{len(kills) - lost} passed, {max(lost, len(failed))} failed"]


def _histogram(title: str, names: Sequence[str]) -> list[str]:
    counts = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return [f"{title}:", *(f"  {name:30} {count:4}  {'#' * count}" for name, count in counts)]


def _tell(kill: Kill) -> None:
    beside = f", beside {', '.join(moment.record for moment in kill.alive[1:])}" if kill.alive[1:] else ""
    print(f"  {kill.way:8} {kill.alive[0].record}, {kill.after_seconds:.2f} s in{beside}", flush=True)


if __name__ == "__main__":
    main()
