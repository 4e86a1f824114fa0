"""The command of a benchmark over several seeds: how many, how many processes, where its rows are, or tables alone."""

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.resumable import Do, Job, Results, complete

FIRST_SEED = 10  # the searches' settings were chosen on seeds 0 and 1


class Asked(NamedTuple):
    """What the command was asked.

    Fields:
        seeds: of the searches and trainings.
        workers: processes at once, each of one thread.
        folder: of everything that is kept, absolute.
        tables_only: whether nothing is done but to print the tables of the rows that are there.
    """

    seeds: range
    workers: int
    folder: Path
    tables_only: bool

    def results(self, part: str = "") -> Results:
        """Opens the rows in the folder, or in a folder in it, which is made where it isn't there."""
        folder = self.folder / part
        folder.mkdir(parents=True, exist_ok=True)
        return Results(folder / "rows.jsonl")

    def complete(self, do: Do, jobs: Iterable[Job], results: Results, tasks: int) -> None:
        """Does the jobs that have no row yet, as `benchmarks.resumable.complete`; none where tables alone are asked."""
        if not self.tables_only:
            complete(do, jobs, results, self.workers, tasks)


def several_seeds(folder: str, seeds: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of a benchmark over several seeds; its function takes them as its argument `asked`.

    Args:
        folder: where rows and searches are kept by default.
        seeds: the help of `--seeds`, which says what there are so many of.
    """

    def with_options(main: Callable[..., None]) -> Callable[..., None]:
        @click.option("--seeds", "count", default=5, show_default=True, help=seeds)
        @click.option("--workers", default=2, show_default=True, help="Processes at once, each of one thread.")
        @click.option("--folder", "kept", default=folder, show_default=True, type=click.Path(path_type=Path))
        @click.option("--tables-only", is_flag=True, help="Print the tables of the rows that are there.")
        @wraps(main)
        def command(count: int, workers: int, kept: Path, tables_only: bool, **own: object) -> None:
            numbers = range(FIRST_SEED, FIRST_SEED + count)
            main(asked=Asked(numbers, workers, kept.absolute(), tables_only), **own)

        return command

    return with_options
