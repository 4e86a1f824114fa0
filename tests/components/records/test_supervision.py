"""Processes end with the one that needs them; real ones, killed without a warning."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from components.records.supervision import RUNNER_PID, end_with_runner

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 5.0  # a process looks every 0.1 s
LAST_GASP = "import sys, time; print({pid}, flush=True); time.sleep(60)"
CHILD = f"""
import os
from components.records.supervision import {{function}}
{{function}}()
{LAST_GASP.format(pid="os.getpid()")}
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session={session})
time.sleep(60)
"""


def start(code, *arguments, **options):
    options = {"stdout": subprocess.PIPE, "text": True, "cwd": ROOT} | options
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **options)


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def goes(pid):
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_gone(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return is_gone(pid)


@pytest.fixture
def tidy():
    """Kills what a failing test would leave."""
    pids = []
    yield pids
    for pid in pids:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_process_ends_when_its_parent_is_killed(tidy):
    parent = start(PARENT.format(session=False), CHILD.format(function="end_with_parent"))
    child = int(parent.stdout.readline())
    tidy += [parent.pid, child]
    time.sleep(0.3)
    assert not is_gone(child)  # it stays as long as its parent does
    parent.kill()
    parent.wait()
    assert goes(child)


def test_a_process_whose_parent_ended_before_it_could_look_ends_too(tidy):
    """It is told its parent's pid, and sees at once that this is not its parent any more."""
    code = f"""
import os, sys, time
from components.records.supervision import end_with_parent
end_with_parent(int(sys.argv[1]))
{LAST_GASP.format(pid="os.getpid()")}
"""
    before = start("pass")
    before.wait()
    child = start(code, str(before.pid))
    tidy.append(child.pid)
    assert child.wait(PATIENCE_SECONDS) == 1


def test_without_supervision_the_child_would_stay(tidy):
    """What the test above would see if nothing were done."""
    parent = start(PARENT.format(session=False), f"import os; {LAST_GASP.format(pid='os.getpid()')}")
    child = int(parent.stdout.readline())
    tidy += [parent.pid, child]
    parent.kill()
    parent.wait()
    time.sleep(0.5)
    assert not is_gone(child)


def test_a_group_ends_with_its_leaders_parent(tidy):
    """As the local run does: it leads a group, its steps are in it, and the command line is its parent."""
    leader = f"""
import os, subprocess, sys, time
from components.records.supervision import end_group_with_parent
end_group_with_parent()
subprocess.Popen([sys.executable, "-c", "import os; {LAST_GASP.format(pid="os.getpid()")}"])
{LAST_GASP.format(pid="os.getpid()")}
"""
    parent = start(PARENT.format(session=True), leader)
    group = [int(parent.stdout.readline()) for _ in range(2)]
    tidy += [parent.pid, *group]
    assert not any(is_gone(pid) for pid in group)
    parent.kill()
    parent.wait()
    assert all(goes(pid) for pid in group)


def test_a_step_ends_with_the_runner_though_a_shell_stands_between(tidy):
    runner = start("import time; time.sleep(60)")
    step = start(CHILD.format(function="end_with_runner"), env={**os.environ, RUNNER_PID: str(runner.pid)})
    tidy += [runner.pid, step.pid]
    assert int(step.stdout.readline()) == step.pid
    time.sleep(0.3)
    assert step.poll() is None
    runner.kill()
    runner.wait()
    assert step.wait(PATIENCE_SECONDS) == 1


def test_on_a_cluster_there_is_no_runner_to_end_with(monkeypatch):
    monkeypatch.delenv(RUNNER_PID, raising=False)
    before = threading.active_count()
    end_with_runner()
    assert threading.active_count() == before
