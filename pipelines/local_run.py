"""The local run's own process: Kubeflow's local runner on the pipeline, again and again until the search is finished.

It is a child process because the local runner writes to stdout and ends only with its steps.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from components.records.layout import CLAIMS, REPORT, committed_rounds
from components.records.step import LOGS, failure_files
from components.records.store import Store, open_search
from components.records.supervision import RUNNER_PID, end_group_with_parent
from components.search_file.stored import given_search
from components.search_file.validate import InvalidSearch
from pipelines.step_process import AVAILABLE, begin_imports

if TYPE_CHECKING:
    from pipelines.data_mounts import DataMounts

FOLDER = "kubeflow"  # what the local runner itself writes, below the search directory
MOST_FRUITLESS = 3  # runs in a row that a step's death ended before anything was written


class NoProgress(RuntimeError):
    """A whole run of the pipeline neither committed a round nor finished the search."""


def run_until_finished(search: str, description: str, workers: int, image: str = "") -> None:
    """Runs the pipeline until the search has its report, which it writes last.

    A run ends after as many rounds as the pipeline nests; then the next one goes on. So it does where a step's process
    was killed, by what it worked on or by the system. The attempts see to it that nothing is tried for ever, and a step
    that dies before its first one is started three times.

    Args:
        search: path of the search directory.
        description: the search file's text; empty where the directory holds it.
        workers: shards at the same time, >= 1.
        image: of the containers that the steps run in; empty for processes of this machine.

    Raises:
        NoProgress: where a run changed nothing.
        RuntimeError: where a step failed.
        ValueError: where containers can't see the search's data as processes do.
    """
    if AVAILABLE and not image:
        begin_imports()  # beside the imports of this process

    from kfp import local

    from pipelines.architecture_search import architecture_search
    from pipelines.forked_steps import forked_steps
    from pipelines.workers import ChangedRunner, local_workers

    store, root, pipeline = open_search(search), str(Path(search, FOLDER)), architecture_search()
    if image:
        from pipelines.containers import confined, in_image, keep_exit_codes

        keep_exit_codes()
        local.init(runner=confined(search, root, *_data_mounts(store, description)), pipeline_root=root)
        in_image(pipeline, image)
    else:
        local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=root)
    fruitless = 0
    with local_workers(workers), nullcontext() if image else forked_steps():
        while not store.exists(REPORT):
            before, objects, failures = len(committed_rounds(store)), _objects(store), _failures(search)
            try:
                pipeline(search=search, description=description)
            except ChangedRunner:
                raise
            except RuntimeError as error:
                fruitless = fruitless + 1 if _objects(store) == objects else 0
                if _failures(search) != failures or fruitless == MOST_FRUITLESS:
                    raise
                print(f"A step died without a word: {error}. The search goes on.", flush=True)
                continue
            fruitless = 0
            if len(committed_rounds(store)) == before and not store.exists(REPORT):
                raise NoProgress(f"A run of the pipeline left the search where it was, after {before} rounds.")


def _data_mounts(store: Store, description: str) -> "DataMounts":
    """What the steps see of the search's data; nothing without a valid search, which the first step will say."""
    from pipelines.data_mounts import NOTHING, search_mounts

    try:
        return search_mounts(given_search(store, description))
    except (InvalidSearch, FileNotFoundError):
        return NOTHING


def _objects(store: Store) -> int:
    """How many records there are, attempts included: a run that died but left more than it found got further.

    Claims don't count: every run makes its own.
    """
    folders = ("data", "target", "hardware", "rounds", "scaling", "ensemble", "model")
    found = [path for folder in folders for path in store.paths(folder)]
    return sum(f"/{CLAIMS}/" not in path for path in found)


def _failures(search: str) -> int:
    """How many steps have said why they failed; one whose process was killed could not."""
    return len(failure_files(Path(search, "logs")))


def main() -> None:
    """`local_run SEARCH WORKERS PARENT [IMAGE]`, with the parent's pid, and the search file's text on stdin."""
    search, workers, image = sys.argv[1], int(sys.argv[2]), "".join(sys.argv[4:])
    end_group_with_parent(int(sys.argv[3]))
    os.environ[RUNNER_PID] = str(os.getpid())
    os.environ[LOGS] = str(Path(search, "logs"))
    run_until_finished(search, sys.stdin.read(), workers, image)


if __name__ == "__main__":
    main()
