"""One run of a search on this machine at a time, with processes that are really killed."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines import run_lock
from pipelines.cli import FAILED, INVALID
from pipelines.run_lock import LOCK, AlreadyRunning, only_run
from tests.small_search import description

ROOT = Path(__file__).parents[2]
ARCHLOOM = [sys.executable, "-c", "from pipelines.cli import main; main()"]
HOLDER = """
import subprocess, sys, time
from pathlib import Path
from pipelines.run_lock import only_run
with only_run(Path(sys.argv[1])) as lock:
    heir = subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[lock])
    print(heir.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Starts a process that takes the lock and gives it to a child which lives so many seconds: (process, child)."""
    started = []

    def start(seconds):
        command = [sys.executable, "-c", HOLDER, str(tmp_path), str(seconds)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        child = psutil.Process(int(process.stdout.readline()))
        started.extend([process, child])
        return process, child

    yield start
    for one in started:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
        one.wait()


def taken(folder, patience, monkeypatch):
    monkeypatch.setattr(run_lock, "PATIENCE_SECONDS", patience)
    with only_run(folder):
        return True


def test_a_second_process_is_told_who_has_the_search(tmp_path, holder, monkeypatch):
    process, _ = holder(60)
    rule = rf"`{tmp_path}` must have one run at a time\. .* of process {process.pid} on {socket.gethostname()}, which"
    with pytest.raises(AlreadyRunning, match=rule):
        taken(tmp_path, 0.2, monkeypatch)


def test_the_lock_is_held_until_all_that_were_given_it_are_dead(tmp_path, holder, monkeypatch):
    process, child = holder(60)
    process.kill()
    process.wait()
    with pytest.raises(AlreadyRunning, match=f"process {process.pid} "):
        taken(tmp_path, 0.2, monkeypatch)
    child.kill()
    assert taken(tmp_path, 10.0, monkeypatch)
    assert (tmp_path / LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}"


def test_what_a_killed_run_leaves_behind_for_a_moment_is_waited_for(tmp_path, holder, monkeypatch):
    process, _ = holder(1)
    process.kill()
    start = time.monotonic()
    assert taken(tmp_path, 10.0, monkeypatch)
    assert time.monotonic() - start < 5


def test_a_file_system_without_locks_holds_nothing(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with only_run(tmp_path):
        assert taken(tmp_path, 0.0, monkeypatch)


def run(path, folder):
    return subprocess.Popen(
        [*ARCHLOOM, "run", str(path), "--search-dir", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_second_run_is_refused_while_the_first_lives_and_goes_on_when_it_was_killed(tmp_path):
    """The first one's own process is stopped, so that it can neither end nor notice that its command was killed.

    The search fails in its first step, as soon as that is let to work.
    """
    path, folder = tmp_path / "search.yaml", tmp_path / "search"
    path.write_text(description(data={"source": "images:nowhere", "image_size": [8, 8]}), encoding="utf-8")
    first = run(path, folder)
    until = time.monotonic() + 60
    while not (children := psutil.Process(first.pid).children()) and time.monotonic() < until:
        time.sleep(0.02)
    (runner,) = children
    try:
        while os.getpgid(runner.pid) != runner.pid:
            time.sleep(0.02)
        os.killpg(runner.pid, signal.SIGSTOP)
        second = run(path, folder)
        output = second.communicate(timeout=60)[0]
        assert second.returncode == INVALID and "Traceback" not in output
        assert f"process {first.pid} on {socket.gethostname()}, which is at work." in output
        assert first.poll() is None
        first.kill()
        first.communicate()
        os.killpg(runner.pid, signal.SIGCONT)
    finally:
        if psutil.pid_exists(runner.pid):
            os.killpg(runner.pid, signal.SIGCONT)
        first.kill()
    third = run(path, folder)
    output = third.communicate(timeout=120)[0]
    assert third.returncode == FAILED and "data_split failed: " in output
