"""Benchmarks of many jobs, which go on where they were stopped: the row of each finished job is a line of a file."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

Job = dict[str, Any]
Row = dict[str, Any]
Do = Mapping[str, Callable[[Job, Path], Row]]  # by the kind of job: does one in the benchmark's folder


class Results:
    """The rows of finished jobs, each a line of a file.

    Args:
        path: of the file; a last line that was cut off is passed over.

    Attributes:
        folder: of the file and of all that the jobs keep.
        rows: in the order of the file.
    """

    def __init__(self, path: Path):
        self._path, self.folder = path, path.parent
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        self.rows: list[Row] = [json.loads(line) for line in lines if line.endswith("\n")]
        if lines and not lines[-1].endswith("\n"):
            path.write_text("".join(lines[:-1]), encoding="utf-8")

    def of(self, job: Job) -> Row | None:
        """The row of a job, None where it isn't finished."""
        return next((row for row in self.rows if row["job"] == job), None)

    def add(self, row: Row) -> None:
        """Keeps a row."""
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows.append(row)


def complete(do: Do, jobs: Iterable[Job], results: Results, workers: int, tasks: int) -> None:
    """Does the jobs that have no row yet, and keeps each row, with its `wall_seconds`, as soon as it is there.

    Args:
        do: what is done in a worker process, by the job's `kind`; functions of a module, as they are sent there.
        jobs: in the order in which they are begun.
        results: where the rows are.
        workers: processes at once.
        tasks: jobs that a process does before the next one takes its place.
    """
    missing = [job for job in jobs if results.of(job) is None]
    timed = partial(_timed, do=do, folder=results.folder)
    # Not concurrent.futures: in Python 3.11 its pool hangs once its processes have done `max_tasks_per_child` jobs.
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=tasks) as pool:
        done = pool.imap_unordered(timed, missing)
        for number, (job, row) in enumerate(done, start=1):
            results.add({"job": job, **row})
            about = {name: value for name, value in job.items() if name != "spec"}
            click.echo(f"{number}/{len(missing)} {about} {row['wall_seconds']:.0f} s", err=True)


def _timed(job: Job, do: Do, folder: Path) -> tuple[Job, Row]:
    began = time.perf_counter()
    row = do[job["kind"]](job, folder)
    return job, {**row, "wall_seconds": time.perf_counter() - began}
