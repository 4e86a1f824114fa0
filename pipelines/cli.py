"""The command line: `archloom run | status | report | validate`, and what is for a cluster."""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from components.records.layout import REPORT, SUMMARY
from components.records.search import Search
from components.records.store import DamagedRecord, Store, open_search, read_record
from components.records.summary import Summary
from components.search_file.stored import AnotherSearch, get_search, put_search
from components.search_file.validate import InvalidSearch, read_search
from pipelines.operations_cli import (
    Installation,
    compile_package,
    installation_options,
    job_options,
    run_on_cluster,
    schedule,
    show_pools,
    show_runs,
    upload,
)
from pipelines.packages import given, package_options

FAILED, INVALID, NOTHING_SURVIVED, INTERRUPTED = 1, 2, 3, 130
console = Console(highlight=False)


@click.group()
@click.version_option(package_name="archloom")
def main() -> None:
    """Neural architecture search as a Kubeflow pipeline."""


@main.command()
@click.argument("search_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--search-dir", help="Folder; with --host a gs:// or s3:// URI. Default: runs/NAME.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Shards at the same time.")
@installation_options(required=False)
@package_options
@job_options
def run(search_file: Path, search_dir: str | None, workers: int, host: str | None, **options: Any) -> None:
    """Run a search on this machine, or with --host on Kubeflow; an interrupted one goes on, a finished one is shown.

    On this machine the steps are processes, or with --image containers of that image. The other options but
    --search-dir and --workers are for Kubeflow.

    Exit codes: 0 finished (with --host: started), 1 a step failed or Kubeflow refused, 2 the search file or an option
    is wrong or the directory is in use, 3 no candidate survived, 130 interrupted.
    """
    text, search = _valid(search_file)
    if host is not None:
        if search_dir is None:
            raise click.UsageError("--host needs --search-dir, a gs:// or s3:// URI.")
        return run_on_cluster(search_file, search_dir, host=host, **options)
    image = _image(options)
    if _is_remote(search_dir or ""):
        raise click.UsageError(f"A run on this machine keeps its search in a folder. Received: {search_dir}.")
    folder = Path(search_dir or Path("runs", search.name)).absolute()
    store = open_search(str(folder))
    try:
        put_search(store, text)
        summary = read_record(store, SUMMARY, Summary)
    except (AnotherSearch, InvalidSearch, DamagedRecord) as error:
        _end(str(error), INVALID)
    if summary is not None and store.exists(REPORT):
        console.print(f"{folder} holds this search, finished: nothing to do.", soft_wrap=True)
    else:
        if image:
            _check_containers(image, search)
        _run(store, search, text, folder, workers, image)
        summary = read_record(store, SUMMARY, Summary)
    assert summary is not None
    _show(store, summary, str(folder))


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
@click.argument("search_dir")
@installation_options(required=False)
def status(search_dir: str, host: str | None, **who: Any) -> None:
    """Show how far a search is: a folder, or a gs:// or s3:// URI; with --host also its runs on Kubeflow."""
    from pipelines.live_view import plain_line
    from pipelines.progress import ProgressReader

    store, search = _stored(search_dir)
    if host is not None:
        show_runs(Installation(host, **who), search.name, search_dir)
    try:
        summary = read_record(store, SUMMARY, Summary)
        line = plain_line(ProgressReader(store).read(), search)
    except DamagedRecord as error:
        _end(str(error), INVALID)
    if summary is not None:
        _show(store, summary, store.uri)
        return
    console.print(f"{search.name}: {line}", soft_wrap=True)
    if not _is_remote(search_dir):
        _tell_whether_running(Path(store.uri))


@main.command()
@click.argument("search_dir")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: report.html in the search.")
def report(search_dir: str, output: Path | None) -> None:
    """Write the report of a search, finished or not; of one in object storage to this folder."""
    from components.report.gather import gather
    from components.report.page import render

    store, _ = _stored(search_dir)
    name = REPORT if store.exists(REPORT) else "report-so-far.html"  # the final name is written once, by the search
    target = output or Path("" if _is_remote(search_dir) else store.uri, name)
    try:
        target.write_text(render(gather(store)), encoding="utf-8")
    except DamagedRecord as error:
        _end(str(error), INVALID)
    console.print(f"report: {target}", soft_wrap=True)


def _tell_whether_running(folder: Path) -> None:
    """Says that nobody is at work in a search's folder, and which step failed last, if one did."""
    from components.records.step import failed_steps
    from pipelines.run_lock import is_running

    if is_running(folder):
        return
    for failure in failed_steps(folder / "logs")[-1:]:
        console.print(f"{failure.where} failed: {failure.reason}", soft_wrap=True, markup=False)
    console.print("not running; the same `archloom run` goes on from here", soft_wrap=True)


def _image(options: dict[str, Any]) -> str:
    """The image of the containers of a run on this machine, empty for none; refuses what is for Kubeflow only."""
    wanted = given({name: value for name, value in options.items() if name != "token_file"})  # which a variable may set
    (image, *others) = wanted.pop("image", ("",))
    if others:
        raise click.UsageError("A run on this machine takes one --image: several are for Kubeflow, with --host.")
    if wanted:
        name = f"--{next(iter(wanted)).replace('_', '-').removesuffix('-name')}"
        raise click.UsageError(f"{name} is for Kubeflow: it needs --host.")
    return image


def _check_containers(image: str, search: Search) -> None:
    """Ends the command where steps can't run in containers of an image, or can't see the search's data there."""
    try:
        from pipelines.containers import NoEngine, check_image
        from pipelines.data_mounts import search_mounts
    except ImportError as error:
        _end(str(error), INVALID)
    try:
        check_image(image)
        search_mounts(search)
    except (NoEngine, ValueError) as error:
        _end(str(error), INVALID)


def _run(store: Store, search: Search, text: str, folder: Path, workers: int, image: str) -> None:
    from pipelines.live_view import LiveView
    from pipelines.run_lock import AlreadyRunning
    from pipelines.supervised_run import RunFailed, supervised_run

    console.print(f"Searching in {folder}; the steps' output goes to {folder / 'logs'}.", soft_wrap=True)
    try:
        with LiveView(store, search, console) as view:
            supervised_run(folder, text, workers, view.tick, image)
    except KeyboardInterrupt:
        _end("Interrupted. The same command goes on from here.", INTERRUPTED)
    except AlreadyRunning as error:
        _end(str(error), INVALID)
    except RunFailed as error:
        _end(str(error), FAILED)


def _show(store: Store, summary: Summary, folder: str) -> None:
    from pipelines.result_view import show_result

    show_result(summary, folder, console)
    if summary.outcome == "nothing_survived":
        sys.exit(NOTHING_SURVIVED)


def _is_remote(search_dir: str) -> bool:
    return "://" in search_dir and not search_dir.startswith("file://")


def _valid(path: Path) -> tuple[str, Search]:
    """Returns a search file's text and what it describes."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, read_search(text)
    except (InvalidSearch, UnicodeDecodeError) as error:
        _end(f"{path} is no valid search:\n{error}", INVALID)


def _stored(search_dir: str) -> tuple[Store, Search]:
    try:
        store = open_search(search_dir)
        return store, get_search(store)
    except (OSError, ImportError, ValueError) as error:  # no such search, bucket, right or client library
        _end(str(error), INVALID)


def _end(message: str, code: int) -> NoReturn:
    console.print(message, soft_wrap=True, markup=False)
    sys.exit(code)


for _command in (compile_package, show_pools, upload, schedule):
    main.add_command(_command)
