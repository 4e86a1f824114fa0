"""What the search for normalization-activation layers finds on handwritten digits, over several seeds.

Searches by evolution, at random, and by evolution without rejection, at equal candidates; then the layers found and the
published ones, trained in each network with a small and a large batch. Every search keeps its folder and every finished
piece of work its row in `rows.jsonl`, so the same command goes on where it was stopped.

Usage: python -m benchmarks.evonorm_results [--seeds 5] [--candidates 120] [--workers 2] [--folder runs/evonorm]
"""

from collections.abc import Iterable
from pathlib import Path

import click

from benchmarks.evonorm_layers import NETWORKS, SPACE, train_layer
from benchmarks.evonorm_search import ARMS, description
from benchmarks.evonorm_tables import KNOWN, LARGE_BATCH, SMALL_BATCH, tables
from benchmarks.kept_searches import FOUND, named_designs, search_folder, search_job, split_of
from benchmarks.resumable import Job, Results, Row
from benchmarks.search_rounds import run_search
from benchmarks.several_seeds import Asked, several_seeds


@click.command()
@several_seeds("runs/evonorm", seeds="How many: searches of a kind, and trainings of a layer.")
@click.option("--candidates", default=120, show_default=True, help="Candidates of a search.")
def main(asked: Asked, candidates: int) -> None:
    """Does what is missing and prints the tables."""
    results = asked.results()
    for arms in (list(ARMS)[:2], list(ARMS)[2:]):
        searches = [search_job(arm, seed, candidates=candidates) for seed in asked.seeds for arm in arms]
        asked.complete(DO, searches, results, tasks=1)  # a process of its own for each search
        asked.complete(DO, layer_jobs(results, asked.seeds, candidates), results, tasks=30)
    click.echo(tables(results.rows, candidates))


def layer_jobs(results: Results, seeds: Iterable[int], candidates: int) -> list[Job]:
    """The trainings of the published layers and of the best layer of each finished search.

    What evolution found is tried with both batches, what the other searches found with the large one.
    """
    both = (*KNOWN, FOUND + "evolution")
    return [
        {"kind": "layer", "layer": name, "spec": spec, "network": network, "batch_size": batch, "seed": seed}
        for seed in seeds
        for name, spec in named_designs(results, SPACE, KNOWN, ARMS, seed, candidates).items()
        for batch in (LARGE_BATCH, SMALL_BATCH)[: 2 if name in both else 1]
        for network in NETWORKS
    ]


def _search(job: Job, folder: Path) -> Row:
    return run_search(search_folder(folder, job), description(job["arm"], job["seed"], job["candidates"]))


def _layer(job: Job, folder: Path) -> Row:
    return train_layer(split_of(folder, job["seed"]), job["spec"], job["network"], job["batch_size"], job["seed"])


DO = {"search": _search, "layer": _layer}


if __name__ == "__main__":
    main()
