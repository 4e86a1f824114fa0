"""Running one step of the pipeline: opens the store, keeps the step's output, notes where its seconds went."""

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from components.records.spans import process_start_seconds
from components.records.store import Store, open_search, write_record
from components.records.supervision import end_with_runner
from components.records.timing import Failure, StepTiming

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes
LOGS = "ARCHLOOM_LOGS"  # folder for the output of the steps of a local run
T = TypeVar("T")


class Shard(NamedTuple):
    """What a loop item names: the search's URI, the path of a shard in it, and the id of the run that it is part of."""

    search: str
    shard: str
    run: str

    def to_text(self) -> str:
        """The loop item as JSON text."""
        return json.dumps(self._asdict())

    @classmethod
    def from_text(cls, text: str) -> "Shard":
        """The shard that a loop item names."""
        return cls(**json.loads(text))


class TimedStore:
    """A store that counts the seconds spent in it."""

    def __init__(self, store: Store):
        self._store = store
        self.uri = store.uri
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)

        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return attribute(*arguments)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


def shard_items(search: str, run: str, shards: list[str]) -> list[str]:
    """Returns the loop items of shards' paths, for the steps of a run."""
    return [Shard(search, shard, run).to_text() for shard in shards]


def run_shard_step(stage: str, item: str, work: Callable[..., T], *arguments: Any) -> str:
    """Runs `work(store, shard, *arguments, run=run)` for a loop item; returns the shard's path."""
    named = Shard.from_text(item)
    run_step(stage, named.search, partial(work, run=named.run), named.shard, *arguments, at=named.shard)
    return named.shard


def run_step(stage: str, search: str, work: Callable[..., T], *arguments: Any, at: str = "") -> T:
    """Runs `work(store, *arguments)` as a step of the pipeline and returns what it returns.

    Args:
        stage: name of the stage.
        search: URI of the search directory.
        work: the stage's function.
        arguments: passed on.
        at: shard or round, for the log's name and the timing.
    """
    created = process_start_seconds()
    entered = time.time()
    end_with_runner()
    log = _redirect_output(stage, at)
    store = TimedStore(open_search(search))
    try:
        result = work(store, *arguments)
    except SystemExit:  # ended from outside
        raise
    except BaseException as error:
        _note_failure(stage, at, error, log)
        raise
    timing = StepTiming(
        stage=stage,
        at=at,
        process_start_seconds=created,
        start_seconds=entered - created,
        tensorflow_seconds=_tensorflow_seconds(),
        store_seconds=store.seconds,
        total_seconds=time.time() - created,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT,
    )
    write_record(store, f"timings/{int(created * 1000)}-{stage}-{os.getpid()}.json", timing)  # type: ignore[arg-type]
    return result


def _tensorflow_seconds() -> float:
    """How long this process took to import TensorFlow; 0.0 where it didn't."""
    runtime = sys.modules.get("components.training.runtime")
    return runtime.IMPORTED["seconds"] if runtime else 0.0


def _redirect_output(stage: str, at: str) -> str:
    """Sends this process's output to a file of its own where a local run wants that; returns the file's path."""
    folder = os.environ.get(LOGS)
    if not folder:
        return ""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "-".join([stage, *at.split("/")]).rstrip("-") + ".log")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    return path


def failed_steps(logs: Path, known: Collection[Path] = ()) -> list[Failure]:
    """The failures in a local run's logs, but for those of known files, in the order in which they happened."""
    files = [path for path in failure_files(logs) if path not in known]
    found = [msgspec.json.decode(path.read_bytes(), type=Failure) for path in files]
    return sorted(found, key=lambda one: one.finished_seconds)


def failure_files(logs: Path) -> list[Path]:
    """The files below a local run's logs in which failed steps say why, each a `Failure`."""
    return sorted(logs.glob("*.failure-*.json"))


def _note_failure(stage: str, at: str, error: BaseException, log: str) -> None:
    traceback.print_exc()
    if log:
        reason = f"{type(error).__name__}: {error}"
        failure = Failure(stage=stage, at=at, reason=reason, log=log, finished_seconds=time.time())
        with open(f"{log}.failure-{time.time_ns()}.json", "wb") as file:  # in containers all pids are the same
            file.write(msgspec.json.encode(failure))
