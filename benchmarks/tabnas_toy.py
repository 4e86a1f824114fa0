"""The published toy example of TabNAS: how often rejection finds the best network, and how often its rivals do.

Each run takes 500 steps from a uniform policy. Found is the best network within the limit, 4-2, where it is what the
rule chooses at the end: the most probable design within the limit, or the most probable of all. Prints the tables in
Markdown and draws the picture.

Usage: python -m benchmarks.tabnas_toy [--seeds 200] [--figure docs/tabnas_toy.svg]
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.statistics import markdown
from benchmarks.toy_figure import figure
from benchmarks.toy_runs import Arm, Ends, finished
from components.controllers.factorized_rewards import Reward

CORRECTIONS: Mapping[str, tuple[int | str, str]] = {
    "exact": ("exact", "exact P(V)"),
    "1": (1, "N = 1"),
    "5": (5, "N = 5"),
    "20": (20, "N = 20"),
    "none": ("none", "not corrected"),
}
RIVALS: tuple[Reward, ...] = ("mnasnet", "mnasnet_hard", "absolute", "one_sided")
RATES = (0.05, 0.1)  # published: 0.05 for the absolute reward, 0.1 for rejection
DRAWN_RATE = RATES[0]
WEIGHTS = np.arange(0, 10.5, 0.5).tolist()
SHOWN = (0.5, 1, 2, 3, 5, 10)  # of the weights, in the tables


def rejection_table(results: Mapping[tuple[str, float], Ends]) -> str:
    """Shares for each correction and learning rate."""
    head = [
        "rejection",
        *(f"{text}, rate {rate:g}" for rate in RATES for text in ("within", "of all", "mean P(4-2 / V)")),
    ]
    lines = []
    for name, (_, words) in CORRECTIONS.items():
        ends = [results[name, rate] for rate in RATES]
        lines.append([words, *(f"{value:.2f}" for one in ends for value in (one.within, one.of_all, one.best))])
    return markdown(head, lines)


def rival_table(results: Mapping[tuple[str, float], Sequence[tuple[float, Ends]]], rate: float) -> str:
    """Shares for each rival and weight at one rate, by both rules, and the best over all weights."""
    head = [f"rate {rate:g}, within / of all", *(f"w = -{weight:g}" for weight in SHOWN), "best of all weights"]
    lines = []
    for name in RIVALS:
        by_weight = dict(results[name, rate])
        best = [max(getattr(ends, rule) for ends in by_weight.values()) for rule in ("within", "of_all")]
        cells = [f"{by_weight[weight].within:.2f} / {by_weight[weight].of_all:.2f}" for weight in SHOWN]
        lines.append([name, *cells, f"{best[0]:.2f} / {best[1]:.2f}"])
    return markdown(head, lines)


@click.command()
@click.option("--seeds", default=200, type=click.IntRange(min=1), help="Runs of each way to learn.")
@click.option("--figure", "path", default="docs/tabnas_toy.svg", help="Where the picture is written.")
def main(seeds: int, path: str) -> None:
    """Runs everything, prints the tables and writes the picture."""
    began = time.perf_counter()
    corrected = {
        (name, rate): finished(Arm("rejection", correction, rate=rate), seeds)
        for name, (correction, _) in CORRECTIONS.items()
        for rate in RATES
    }
    rivals = {
        (name, rate): [(weight, finished(Arm(name, weight=-weight, rate=rate), seeds)) for weight in WEIGHTS]
        for name in RIVALS
        for rate in RATES
    }
    print(f"{seeds} seeds; a share has a standard error of at most {0.5 / seeds**0.5:.3f}\n")
    print(rejection_table(corrected), *(rival_table(rivals, rate) for rate in RATES), sep="\n\n")
    drawn = figure(
        {name: rivals[name, DRAWN_RATE] for name in RIVALS},
        {name: corrected[name, DRAWN_RATE] for name in CORRECTIONS},
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(drawn, encoding="utf-8")
    print(f"\n{path}: all at rate {DRAWN_RATE:g}; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
