"""What the search for widths under a hard limit finds, over several seeds, beside networks drawn at random.

Searches with shared weights, by rejection and by the rival reward at three weights; their most probable designs within
the limit are trained alone, and the best of them on validation rows is what was found. Beside it the best of many
designs within the limit, drawn at random and trained alone. Every finished piece of work keeps its row in `rows.jsonl`,
so the same command goes on where it was stopped.

Usage: python -m benchmarks.width_results [--task digits] [--seeds 5] [--workers 2] [--folder runs/widths]
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from benchmarks.resumable import Job, Results, Row, complete
from benchmarks.search_rounds import run_search
from benchmarks.width_search import ARMS, TASKS, description, write_table
from benchmarks.width_tables import tables
from benchmarks.width_trainings import designs_within, share_within, train_alone
from components.records.layout import last_scores
from components.records.store import open_search

FIRST_SEED = 10  # the searches' settings were chosen on seeds 0 and 1
POOLED = 10  # designs of the pool that one job trains


@click.command()
@click.option("--task", default="digits", show_default=True, type=click.Choice(list(TASKS)))
@click.option(
    "--seeds", default=5, show_default=True, help="Searches of a kind; each has a split and a pool of its own."
)
@click.option("--workers", default=2, show_default=True, help="Processes at once, each of one thread.")
@click.option("--folder", default="runs/widths", show_default=True, type=click.Path(path_type=Path))
@click.option("--tables-only", is_flag=True, help="Print the tables of the rows that are there.")
def main(task: str, seeds: int, workers: int, folder: Path, tables_only: bool) -> None:
    """Does what is missing and prints the tables."""
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    folder = folder.absolute() / task
    folder.mkdir(parents=True, exist_ok=True)
    results = Results(folder / "rows.jsonl")
    if not tables_only:
        if task == "table":
            write_table(folder)
        work = partial(do, folder=str(folder))
        arms = list(ARMS) if task == "digits" else ["rejection"]
        searches = [{"kind": "search", "task": task, "arm": arm, "seed": seed} for seed in numbers for arm in arms]
        complete(work, searches, results, workers, tasks=1)
        pools = [
            {"kind": "pool", "task": task, "seed": seed, "first": first}
            for seed in numbers
            for first in range(0, TASKS[task].pool, POOLED)
        ]
        complete(work, pools, results, workers, tasks=4)
    click.echo(tables(results.rows, task))


def do(job: Job, folder: str) -> tuple[Job, Row]:
    """Does a job in a worker process and returns it with its row."""
    start = time.perf_counter()
    row = _search(job, Path(folder)) if job["kind"] == "search" else _pool(job, Path(folder))
    return job, {**row, "wall_seconds": time.perf_counter() - start}


def _search(job: Job, folder: Path) -> Row:
    about = TASKS[job["task"]]
    searched = _folder(folder, job["arm"], job["seed"])
    row = run_search(searched, description(job["task"], job["arm"], job["seed"], folder))
    began, found = time.process_time(), last_scores(open_search(str(searched)))
    assert found is not None
    chosen = [
        {
            "widths": one.spec,
            "shared": one.quality,
            **train_alone(str(searched), one.spec, job["seed"], about.alone_steps),
        }
        for one in found.best
    ]
    seconds = row["rounds"][-1]["seconds"] + time.process_time() - began  # those of rounds before a stop, too
    inside, every = share_within(str(searched))
    return {"chosen": chosen, "rounds": row["rounds"], "within": inside, "of": every, "cpu_seconds": seconds}


def _pool(job: Job, folder: Path) -> Row:
    """Some of the designs that are drawn at random, trained on the rows of the search of the same seed."""
    about = TASKS[job["task"]]
    searched = str(_folder(folder, "rejection", job["seed"]))
    began = time.process_time()
    designs = designs_within(searched, about.pool, job["seed"])[job["first"] : job["first"] + POOLED]
    trained: list[dict[str, Any]] = [
        {"widths": widths, **train_alone(searched, widths, job["seed"], about.alone_steps)} for widths in designs
    ]
    return {"trained": trained, "cpu_seconds": time.process_time() - began}


def _folder(folder: Path, arm: str, seed: int) -> Path:
    return folder / f"search-{arm.replace(' ', '-').replace(',', '')}-{seed}"


if __name__ == "__main__":
    main()
