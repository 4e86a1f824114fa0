"""The speed of training candidates against `model.fit` and the bare floor, and what memory a candidate leaves behind.

Ten layers in three networks on handwritten digits, one thread. The contenders take turns on each case, so that
whatever else the machine does hits all alike.

Usage: python -m benchmarks.training_step [--quick]
"""

import gc
import sys
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

from benchmarks.contenders import Build, Times, fit, floor, ours
from benchmarks.goals import said
from components.records.search import Training
from components.search_spaces.norm_act_layer.trainable import TRAINABLE
from components.search_spaces.registry import open_space
from components.training.evaluation import release
from components.training.feed import Feed
from components.training.runtime import prepare_tensorflow

CONTENDERS: dict[str, Callable[..., Times]] = {"floor": floor, "ours": ours, "fit": fit}
GOALS = {100: {"fit": 0.55, "floor": 1.3}, 600: {"floor": 1.1}}  # the most that ours may take, as a share of theirs
CANDIDATES, MEMORY_STEPS, MOST_GROWTH_MB = 100, 5, 0.2
TRAINING = Training(learning_rate=0.01)  # at 0.1 some of the graphs diverge in a network; a step costs the same


@click.command()
@click.option("--quick", is_flag=True, help="Two layers and 100 steps only.")
def main(quick: bool) -> None:
    """Measures, prints a table, and exits with 1 where a goal is missed."""
    prepare_tensorflow()
    console = Console()
    feed, cases = digits(), all_cases(2 if quick else None)
    met = [show_memory(console, feed, cases)]
    for contender in CONTENDERS.values():  # what only the first call of a process costs
        contender(cases[0][1], feed, TRAINING, 3)
    for steps in (100,) if quick else (100, 600):
        met.append(show_speed(console, measure(feed, cases, steps), steps))
    sys.exit(0 if all(met) else 1)


def digits() -> Feed:
    """Scikit-learn's handwritten digits, 1078 rows to train on and 360 to evaluate."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    return Feed(x[:1078], y[:1078], x[1078:1438], y[1078:1438])


def all_cases(most_layers: int | None) -> list[tuple[str, Build]]:
    """Every (network, how to build a layer in it), network by network within a layer."""
    space = open_space("norm_act_layer", {})
    specs = [space.known["BN-ReLU"], space.known["EvoNorm-B0"], *TRAINABLE.values()]

    def build(spec: Any, variant: Any) -> Build:
        return lambda: space.build(spec, variant, (8, 8, 1), 10)

    return [(variant.name, build(spec, variant)) for spec in specs[:most_layers] for variant in space.variants()]


def measure(feed: Feed, cases: list[tuple[str, Build]], steps: int) -> dict[str, dict[str, list[Times]]]:
    """Returns the times by network and contender; who begins changes from case to case."""
    times: dict[str, dict[str, list[Times]]] = {}
    names = list(CONTENDERS)
    for turn, (network, build) in enumerate(cases):
        for name in names[turn % 3 :] + names[: turn % 3]:
            times.setdefault(network, {}).setdefault(name, []).append(CONTENDERS[name](build, feed, TRAINING, steps))
            release()
            gc.freeze()  # what model.fit leaves behind would slow down the others' clearing up
    return times


def show_speed(console: Console, times: dict[str, dict[str, list[Times]]], steps: int) -> bool:
    """Prints mean times and ratios by network and in all; returns whether the goals are met in all."""
    table = Table(
        "network", "contender", "build s", "compile s", "step ms", "total s", "ours / it", title=f"{steps} steps"
    )
    everywhere = {name: [t for by_name in times.values() for t in by_name[name]] for name in CONTENDERS}
    ratios: dict[str, float] = {}
    for network, by_name in {**times, "all": everywhere}.items():
        means = {name: np.mean(by_name[name], axis=0) for name in CONTENDERS}
        ratios = {name: means["ours"][3] / means[name][3] for name in CONTENDERS}
        for name, (build, compiling, stepping, total) in means.items():
            step_ms = 1e3 * stepping / (steps - 1)
            numbers = (f"{build:.3f}", f"{compiling:.3f}", f"{step_ms:.2f}", f"{total:.2f}", f"{ratios[name]:.2f}")
            table.add_row(network, name, *numbers)
        table.add_section()
    console.print(table)
    goals = GOALS[steps].items()
    for name, most in goals:
        console.print(f"{steps} steps: {ratios[name]:.2f} of {name}, goal {most}: {said(ratios[name] <= most)}")
    return all(ratios[name] <= most for name, most in goals)


def show_memory(console: Console, feed: Feed, cases: list[tuple[str, Build]]) -> bool:
    """Prints how the resident set grows over 100 candidates, each in one network; returns whether the goal is met."""
    process = psutil.Process()
    for _, build in cases:
        ours(build, feed, TRAINING, MEMORY_STEPS)
    before = process.memory_info().rss
    for number in range(CANDIDATES):
        ours(cases[number % len(cases)][1], feed, TRAINING, MEMORY_STEPS)
    growth_mb = (process.memory_info().rss - before) / 1e6 / CANDIDATES
    met = growth_mb <= MOST_GROWTH_MB
    console.print(f"memory: {growth_mb:+.2f} MB a candidate over {CANDIDATES}, goal {MOST_GROWTH_MB}: {said(met)}")
    return met


if __name__ == "__main__":
    main()
