"""A real `archloom run` in processes of its own, and what of it is alive."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from components.records.store import open_search
from pipelines.step_process import ARGUMENTS, FOLDER
from tests.faults.moments import Moment, moment_of

POLL_SECONDS = 0.02
SLOW_WRITES = Path(__file__).with_name("slow_writes")
PATIENCE_SECONDS = 60.0  # for what takes far less than a second, before it is called a fault


class Step(NamedTuple):
    """A live process of a step that has its record still to make."""

    pid: int
    moment: Moment


class RealRun:
    """One `archloom run`: the command, the runner that it starts, and the runner's steps."""

    def __init__(self, search_file: Path, folder: Path, workers: int):
        self.folder, self.store = folder, open_search(str(folder))
        self.output = folder.with_suffix(".out")
        self._scratch = folder.with_suffix(".tmp")  # where each step at work has a folder
        self._scratch.mkdir(parents=True, exist_ok=True)
        command = [Path(sys.executable).with_name("archloom"), "run", search_file, "--search-dir", folder]
        with open(self.output, "ab") as output:
            self.command = subprocess.Popen(
                [str(part) for part in [*command, "--workers", workers]],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(self._scratch), "PYTHONPATH": str(SLOW_WRITES)},
                start_new_session=True,
            )
        self._known: dict[int, Moment] = {}
        self.runner = self._find_runner()

    def steps(self) -> list[Step]:
        """Returns the steps at work, each with its record still missing."""
        found = []
        for pid in self._processes():
            if pid not in self._known:
                self._identify(pid)
            moment = self._known.get(pid)
            if moment is not None and not self.store.exists(moment.record):
                found.append(Step(pid, moment))
        return found

    def ended(self) -> bool:
        """Whether the command has ended."""
        return self.command.poll() is not None

    def finish(self) -> int:
        """Waits until the command ends by itself; returns its exit code."""
        return self.command.wait()

    def kill_command(self) -> None:
        """Kills the command alone."""
        self.command.kill()

    def kill_runner(self) -> None:
        """Kills the runner alone; its steps are orphans then."""
        _kill(os.kill, self.runner)

    def kill_group(self) -> None:
        """Kills the runner and all its steps."""
        _kill(os.killpg, self.runner)

    def wait_until_nothing_lives(self) -> None:
        """Waits until command, runner and steps are gone.

        Raises:
            TimeoutError: where they live on.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ended() or self._processes():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Of the killed run in {self.folder} there live on: {self._processes()}.")
            time.sleep(POLL_SECONDS)

    def kill_all(self) -> None:
        """Leaves nothing of the run behind."""
        self.kill_command()
        self.kill_group()
        self.command.wait()

    def _find_runner(self) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ended() and time.monotonic() < deadline:
            for child in psutil.Process(self.command.pid).children():
                if _session(child.pid) == child.pid:
                    return child.pid
            time.sleep(POLL_SECONDS)
        return -1  # a finished search starts none

    def _processes(self) -> list[int]:
        """Pids of the runner's session, which all its steps and their children share; the dead are left out."""
        return [pid for pid in psutil.pids() if _session(pid) == self.runner and _lives(pid)]

    def _identify(self, pid: int) -> None:
        try:
            (file,) = self._scratch.glob(f"{FOLDER.format(pid)}*/{ARGUMENTS}")
            line = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):  # no step, or one that has hardly begun or is over
            return
        inputs = json.loads(line[line.index("--executor_input") + 1])["inputs"].get("parameterValues", {})
        moment = moment_of(line[line.index("--function_to_execute") + 1], inputs, self.store)
        if moment is not None:
            self._known[pid] = moment


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(send: Callable[[int, int], None], pid: int) -> None:
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            send(pid, signal.SIGKILL)
