"""What the search for update rules finds on handwritten digits, over several seeds.

Searches by the learned controller, by evolution and at random, at equal rules; then the rules found and the published
ones in a larger network, each at its own best learning rate. Every finished piece of work keeps its row in
`rows.jsonl`, so the same command goes on where it was stopped.

Usage: python -m benchmarks.rule_results [--seeds 5] [--candidates 200] [--workers 2] [--folder runs/update-rules]
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from benchmarks.resumable import Job, Results, Row, complete
from benchmarks.rule_search import ARMS, description
from benchmarks.rule_tables import FOUND, KNOWN, SCHEDULES, tables
from benchmarks.rule_trainings import known_rule, train_with
from benchmarks.search_rounds import run_search

FIRST_SEED = 10  # the searches' settings were chosen on seeds 0 and 1


@click.command()
@click.option("--seeds", default=5, show_default=True, help="How many: searches of a kind, and trainings of a rule.")
@click.option("--candidates", default=200, show_default=True, help="Rules of a search.")
@click.option("--workers", default=2, show_default=True, help="Processes at once, each of one thread.")
@click.option("--folder", default="runs/update-rules", show_default=True, type=click.Path(path_type=Path))
@click.option("--tables-only", is_flag=True, help="Print the tables of the finished rows.")
def main(seeds: int, candidates: int, workers: int, folder: Path, tables_only: bool) -> None:
    """Does what is missing and prints the tables."""
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    folder.mkdir(parents=True, exist_ok=True)
    results = Results(folder / "rows.jsonl")
    if not tables_only:
        work = partial(do, folder=str(folder))
        searches = [search_job(arm, seed, candidates) for arm in ARMS for seed in numbers]
        complete(work, searches, results, workers, tasks=1)  # a process of its own for each search
        complete(work, training_jobs(results, numbers, candidates), results, workers, tasks=30)
    click.echo(tables(rows_of(results, numbers, candidates), candidates))


def search_job(arm: str, seed: int, candidates: int) -> Job:
    """A search."""
    return {"kind": "search", "arm": arm, "seed": seed, "candidates": candidates}


def training_jobs(results: Results, seeds: Iterable[int], candidates: int) -> list[Job]:
    """The trainings with the published rules and with the best rule of each finished search, under each schedule."""
    jobs: list[Job] = []
    for seed in seeds:
        rules: list[tuple[str, Any]] = [(name, known_rule(name)) for name in KNOWN]
        for arm in ARMS:
            row = results.of(search_job(arm, seed, candidates))
            if row and row["best"]:
                rules.append((FOUND + arm, row["best"]))
        jobs += [
            {"kind": "training", "rule": name, "spec": spec, "schedule": schedule, "seed": seed}
            for name, spec in rules
            for schedule in SCHEDULES
        ]
    return jobs


def rows_of(results: Results, seeds: Sequence[int], candidates: int) -> list[Row]:
    """The finished rows of these seeds and of searches of this size; the file may hold others."""
    searches = [search_job(arm, seed, candidates) for arm in ARMS for seed in seeds]
    rows = (results.of(job) for job in [*searches, *training_jobs(results, seeds, candidates)])
    return [row for row in rows if row]


def do(job: Job, folder: str) -> tuple[Job, Row]:
    """Does a job in a worker process and returns it with its row."""
    start = time.perf_counter()
    if job["kind"] == "search":
        row = run_search(search_folder(folder, job), description(job["arm"], job["seed"], job["candidates"]))
    else:
        # The split of the searches of this seed: their test rows took no part in what they found.
        split = min(Path(folder).glob(f"search-*-{job['seed']}-*"))
        row = train_with(str(split), job["spec"], job["schedule"], job["seed"])
    return job, {**row, "wall_seconds": time.perf_counter() - start}


def search_folder(folder: str, job: Job) -> Path:
    """Where a search is kept."""
    return Path(folder, f"search-{job['arm']}-{job['seed']}-{job['candidates']}")


if __name__ == "__main__":
    main()
