"""Starts the local run's process, watches it, and ends it with everything that it started."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from components.records.step import failed_steps, failure_files
from pipelines.run_lock import only_run

ENDING_SECONDS = 5.0


class RunFailed(RuntimeError):
    """A step, or the run itself, failed; the message says where, why, and where the output is."""


def supervised_run(
    search: Path, description: str, workers: int, tick: Callable[[float], None], image: str = ""
) -> None:
    """Runs the pipeline locally until the search is finished.

    Args:
        search: the search directory.
        description: the search file's text.
        workers: shards at the same time, >= 1.
        tick: called again and again while the run works, with the seconds that it may take.
        image: of the containers that the steps run in, see `pipelines.containers.check_image`; empty for processes
            of this machine.

    Raises:
        AlreadyRunning: where another run of this search is at work.
        RunFailed: where a step failed, or the run's process died.
    """
    with only_run(search) as lock:
        _run(search, description, workers, tick, image, lock)


def _run(search: Path, description: str, workers: int, tick: Callable[[float], None], image: str, lock: int) -> None:
    logs = search / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    known = set(failure_files(logs))
    with open(logs / "run.log", "ab") as log:
        command = [sys.executable, "-m", "pipelines.local_run", str(search), str(workers), str(os.getpid()), image]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock],  # the run may outlive this process for a moment
        )
        assert process.stdin is not None
        process.stdin.write(description.encode())
        process.stdin.close()
        try:
            while process.poll() is None:
                tick(0.25)
        finally:
            _end_group(process)
            if image:
                _end_containers(search)
    if process.returncode:
        raise RunFailed(_why(logs, known, process.returncode))


def _end_group(process: subprocess.Popen) -> None:
    """Ends the run and all its steps, politely first; what they have written stays valid at any point."""
    for sent, patience in ((signal.SIGTERM, ENDING_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _end_containers(search: Path) -> None:
    """Ends those that the run could not end itself: it was killed, or the engine was slow."""
    import docker

    from pipelines.containers import end_steps

    with contextlib.suppress(docker.errors.DockerException):  # no engine, no containers
        end_steps(str(search))


def _why(logs: Path, known: set[Path], code: int) -> str:
    for first in failed_steps(logs, known)[:1]:
        return f"{first.where} failed: {first.reason}\nIts output: {first.log}"
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"The run's process {ended}.\nIts output: {logs / 'run.log'}"
