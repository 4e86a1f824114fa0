"""The command line: `archloom run | status | report | validate`."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from components.records.layout import REPORT, SUMMARY
from components.records.search import Search
from components.records.store import DamagedRecord, Store, open_search, read_record
from components.records.summary import Summary
from components.search_file.stored import AnotherSearch, get_search, put_search
from components.search_file.validate import InvalidSearch, read_search

FAILED, INVALID, NOTHING_SURVIVED, INTERRUPTED = 1, 2, 3, 130
console = Console(highlight=False)


@click.group()
@click.version_option(package_name="archloom")
def main() -> None:
    """Neural architecture search as a Kubeflow pipeline."""


@main.command()
@click.argument("search_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--search-dir", type=click.Path(file_okay=False, path_type=Path), help="Default: runs/NAME.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Shards at the same time.")
def run(search_file: Path, search_dir: Path | None, workers: int) -> None:
    """Run a search on this machine; an interrupted one goes on, a finished one is only shown.

    Exit codes: 0 finished, 1 a step failed, 2 the search file is wrong, 3 no candidate survived, 130 interrupted.
    """
    text, search = _valid(search_file)
    folder = (search_dir or Path("runs", search.name)).absolute()
    store = open_search(str(folder))
    try:
        put_search(store, text)
        summary = read_record(store, SUMMARY, Summary)
    except (AnotherSearch, InvalidSearch, DamagedRecord) as error:
        _end(str(error), INVALID)
    if summary is not None and store.exists(REPORT):
        console.print(f"{folder} holds this search, finished: nothing to do.", soft_wrap=True)
    else:
        _run(store, search, text, folder, workers)
        summary = read_record(store, SUMMARY, Summary)
    assert summary is not None
    _show(store, summary, folder)


@main.command()
@click.argument("search_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--fields", is_flag=True, help="Print every field with its unit, range and default instead.")
def validate(search_file: Path | None, fields: bool) -> None:
    """Check a search file and do nothing else."""
    if fields:
        from components.search_file.describe import field_reference

        click.echo(field_reference())
    elif search_file is None:
        raise click.UsageError("Name a search file, or ask for --fields.")
    else:
        _, search = _valid(search_file)
        console.print(f"{search_file} is a valid search: {search.name}", soft_wrap=True)


@main.command()
@click.argument("search_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
def status(search_dir: Path) -> None:
    """Show how far a search is."""
    from pipelines.live_view import plain_line
    from pipelines.progress import ProgressReader

    store = open_search(str(search_dir))
    search = _stored(store)
    try:
        summary = read_record(store, SUMMARY, Summary)
        line = plain_line(ProgressReader(store).read(), search)
    except DamagedRecord as error:
        _end(str(error), INVALID)
    if summary is None:
        console.print(f"{search.name}: {line}", soft_wrap=True)
    else:
        _show(store, summary, search_dir.absolute())


@main.command()
@click.argument("search_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: DIR/report.html.")
def report(search_dir: Path, output: Path | None) -> None:
    """Write the report of a search, finished or not."""
    from components.report.gather import gather
    from components.report.page import render

    store = open_search(str(search_dir))
    _stored(store)
    target = output or search_dir / REPORT
    if output is None and not store.exists(REPORT):
        target = search_dir / "report-so-far.html"  # the name of the final report is written once, by the search
    try:
        target.write_text(render(gather(store)), encoding="utf-8")
    except DamagedRecord as error:
        _end(str(error), INVALID)
    console.print(f"report: {target}", soft_wrap=True)


def _run(store: Store, search: Search, text: str, folder: Path, workers: int) -> None:
    from pipelines.live_view import LiveView
    from pipelines.supervised_run import RunFailed, supervised_run

    console.print(f"Searching in {folder}; the steps' output goes to {folder / 'logs'}.", soft_wrap=True)
    try:
        with LiveView(store, search, console) as view:
            supervised_run(folder, text, workers, view.tick)
    except KeyboardInterrupt:
        _end("Interrupted. The same command goes on from here.", INTERRUPTED)
    except RunFailed as error:
        _end(str(error), FAILED)


def _show(store: Store, summary: Summary, folder: Path) -> None:
    from pipelines.result_view import show_result

    show_result(summary, folder, console)
    if summary.outcome == "nothing_survived":
        sys.exit(NOTHING_SURVIVED)


def _valid(path: Path) -> tuple[str, Search]:
    """Returns a search file's text and what it describes."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, read_search(text)
    except (InvalidSearch, UnicodeDecodeError) as error:
        _end(f"{path} is no valid search:\n{error}", INVALID)


def _stored(store: Store) -> Search:
    try:
        return get_search(store)
    except (FileNotFoundError, InvalidSearch) as error:
        _end(str(error), INVALID)


def _end(message: str, code: int) -> NoReturn:
    console.print(message, soft_wrap=True, markup=False)
    sys.exit(code)
