"""What the search for normalization-activation layers finds on handwritten digits, over several seeds.

Searches by evolution, at random, and by evolution without rejection, at equal candidates; then the layers found and the
published ones, trained in each network with a small and a large batch. Every search keeps its folder and every finished
piece of work its row in `rows.jsonl`, so the same command goes on where it was stopped.

Usage: python -m benchmarks.evonorm_results [--seeds 5] [--candidates 120] [--workers 2] [--folder runs/evonorm]
"""

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click

from benchmarks.evonorm_layers import NETWORKS, known_layer, train_layer
from benchmarks.evonorm_search import ARMS, description
from benchmarks.evonorm_tables import FOUND, KNOWN, LARGE_BATCH, SMALL_BATCH, tables
from benchmarks.resumable import Job, Results, Row, complete
from benchmarks.search_rounds import run_search

FIRST_SEED = 10  # the searches' settings were chosen on seeds 0 and 1


@click.command()
@click.option("--seeds", default=5, show_default=True, help="How many: searches of a kind, and trainings of a layer.")
@click.option("--candidates", default=120, show_default=True, help="Candidates of a search.")
@click.option("--workers", default=2, show_default=True, help="Processes at once, each of one thread.")
@click.option("--folder", default="runs/evonorm", show_default=True, type=click.Path(path_type=Path))
@click.option("--tables-only", is_flag=True, help="Print the tables of the rows that are there.")
def main(seeds: int, candidates: int, workers: int, folder: Path, tables_only: bool) -> None:
    """Does what is missing and prints the tables."""
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    folder.mkdir(parents=True, exist_ok=True)
    results = Results(folder / "rows.jsonl")
    if not tables_only:
        searches = [search_job(arm, seed, candidates) for seed in numbers for arm in list(ARMS)[:2]]
        without = [search_job(arm, seed, candidates) for seed in numbers for arm in list(ARMS)[2:]]
        work = partial(do, folder=str(folder))
        for jobs in (searches, without):
            complete(work, jobs, results, workers, tasks=1)  # a process of its own for each search
            complete(work, layer_jobs(results, numbers, candidates), results, workers, tasks=30)
    click.echo(tables(results.rows, candidates))


def search_job(arm: str, seed: int, candidates: int) -> Job:
    """A search."""
    return {"kind": "search", "arm": arm, "seed": seed, "candidates": candidates}


def layer_jobs(results: Results, seeds: Iterable[int], candidates: int) -> list[Job]:
    """The trainings of the published layers and of the best layer of each finished search.

    What evolution found is tried with both batches, what the other searches found with the large one.
    """
    jobs: list[Job] = []
    for seed in seeds:
        layers: list[tuple[str, Any, tuple[int, ...]]]
        layers = [(name, known_layer(name), (LARGE_BATCH, SMALL_BATCH)) for name in KNOWN]
        for arm in ARMS:
            row = results.of(search_job(arm, seed, candidates))
            if row and row["best"]:
                batches = (LARGE_BATCH, SMALL_BATCH)[: 2 if arm == "evolution" else 1]
                layers.append((FOUND + arm, row["best"], batches))
        jobs += [
            {"kind": "layer", "layer": name, "spec": spec, "network": network, "batch_size": batch, "seed": seed}
            for name, spec, batches in layers
            for batch in batches
            for network in NETWORKS
        ]
    return jobs


def do(job: Job, folder: str) -> tuple[Job, Row]:
    """Does a job in a worker process and returns it with its row."""
    start = time.perf_counter()
    if job["kind"] == "search":
        row = run_search(search_folder(folder, job), description(job["arm"], job["seed"], job["candidates"]))
    else:
        # The split of the searches of this seed: their test rows took no part in what they found.
        split = min(Path(folder).glob(f"search-*-{job['seed']}-*"))
        row = train_layer(str(split), job["spec"], job["network"], job["batch_size"], job["seed"])
    return job, {**row, "wall_seconds": time.perf_counter() - start}


def search_folder(folder: str, job: Job) -> Path:
    """Where a search is kept."""
    return Path(folder, f"search-{job['arm'].replace(' ', '-')}-{job['seed']}-{job['candidates']}")


if __name__ == "__main__":
    main()
