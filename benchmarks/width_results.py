"""What the search for widths under a hard limit finds, over several seeds, beside networks drawn at random.

Searches with shared weights, by rejection and by the rival reward at three weights; their most probable designs within
the limit are trained alone, and the best of them on validation rows is what was found. Beside it the best of many
designs within the limit, drawn at random and trained alone. Every finished piece of work keeps its row in `rows.jsonl`,
so the same command goes on where it was stopped.

Usage: python -m benchmarks.width_results [--task digits] [--seeds 5] [--workers 2] [--folder runs/widths]
"""

import time
from pathlib import Path
from typing import Any

import click

from benchmarks.kept_searches import search_folder, search_job
from benchmarks.resumable import Job, Row
from benchmarks.search_rounds import run_search
from benchmarks.several_seeds import Asked, several_seeds
from benchmarks.width_search import TASKS, description, write_table
from benchmarks.width_tables import tables
from benchmarks.width_trainings import designs_within, share_within, train_alone
from components.records.layout import last_scores
from components.records.store import open_search

POOLED = 10  # designs of the pool that one job trains


@click.command()
@several_seeds("runs/widths", seeds="Searches of a kind; each has a split and a pool of its own.")
@click.option("--task", default="digits", show_default=True, type=click.Choice(list(TASKS)))
def main(asked: Asked, task: str) -> None:
    """Does what is missing and prints the tables."""
    results, about = asked.results(task), TASKS[task]
    if task == "table" and not asked.tables_only:
        write_table(results.folder)
    searches = [search_job(arm, seed, task=task) for seed in asked.seeds for arm in about.arms]
    pools = [
        {"kind": "pool", "task": task, "seed": seed, "first": first}
        for seed in asked.seeds
        for first in range(0, about.pool, POOLED)
    ]
    asked.complete(DO, searches, results, tasks=1)  # a process of its own for each search
    asked.complete(DO, pools, results, tasks=4)
    click.echo(tables(results.rows, task))


def _search(job: Job, folder: Path) -> Row:
    about = TASKS[job["task"]]
    searched = search_folder(folder, job)
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
    searched = str(search_folder(folder, search_job("rejection", job["seed"])))
    began = time.process_time()
    designs = designs_within(searched, about.pool, job["seed"])[job["first"] : job["first"] + POOLED]
    trained: list[dict[str, Any]] = [
        {"widths": widths, **train_alone(searched, widths, job["seed"], about.alone_steps)} for widths in designs
    ]
    return {"trained": trained, "cpu_seconds": time.process_time() - began}


DO = {"search": _search, "pool": _pool}


if __name__ == "__main__":
    main()
