"""What the search for update rules finds on handwritten digits, over several seeds.

Searches by the learned controller, by evolution and at random, at equal rules; then the rules found and the published
ones in a larger network, each at its own best learning rate. Every finished piece of work keeps its row in
`rows.jsonl`, so the same command goes on where it was stopped.

Usage: python -m benchmarks.rule_results [--seeds 5] [--candidates 200] [--workers 2] [--folder runs/update-rules]
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from benchmarks.kept_searches import named_designs, search_folder, search_job, split_of
from benchmarks.resumable import Job, Results, Row
from benchmarks.rule_search import ARMS, description
from benchmarks.rule_tables import KNOWN, SCHEDULES, tables
from benchmarks.rule_trainings import SPACE, train_with
from benchmarks.search_rounds import run_search
from benchmarks.several_seeds import Asked, several_seeds


@click.command()
@several_seeds("runs/update-rules", seeds="How many: searches of a kind, and trainings of a rule.")
@click.option("--candidates", default=200, show_default=True, help="Rules of a search.")
def main(asked: Asked, candidates: int) -> None:
    """Does what is missing and prints the tables."""
    results = asked.results()
    asked.complete(DO, search_jobs(asked.seeds, candidates), results, tasks=1)  # a process of its own for each search
    asked.complete(DO, training_jobs(results, asked.seeds, candidates), results, tasks=30)
    click.echo(tables(rows_of(results, asked.seeds, candidates), candidates))


def search_jobs(seeds: Iterable[int], candidates: int) -> list[Job]:
    """The searches, one kind after the other."""
    return [search_job(arm, seed, candidates=candidates) for arm in ARMS for seed in seeds]


def training_jobs(results: Results, seeds: Iterable[int], candidates: int) -> list[Job]:
    """The trainings with the published rules and with the best rule of each finished search, under each schedule."""
    return [
        {"kind": "training", "rule": name, "spec": spec, "schedule": schedule, "seed": seed}
        for seed in seeds
        for name, spec in named_designs(results, SPACE, KNOWN, ARMS, seed, candidates).items()
        for schedule in SCHEDULES
    ]


def rows_of(results: Results, seeds: Sequence[int], candidates: int) -> list[Row]:
    """The finished rows of these seeds and of searches of this size; the file may hold others."""
    jobs = [*search_jobs(seeds, candidates), *training_jobs(results, seeds, candidates)]
    rows = (results.of(job) for job in jobs)
    return [row for row in rows if row]


def _search(job: Job, folder: Path) -> Row:
    return run_search(search_folder(folder, job), description(job["arm"], job["seed"], job["candidates"]))


def _training(job: Job, folder: Path) -> Row:
    return train_with(split_of(folder, job["seed"]), job["spec"], job["schedule"], job["seed"])


DO = {"search": _search, "training": _training}


if __name__ == "__main__":
    main()
