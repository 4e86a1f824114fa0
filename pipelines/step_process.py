"""Processes of a local run's steps: forks of one process that has imported TensorFlow, Keras and the stages for all.

An interpreter for each step, as Kubeflow's local runner starts it, spends most of a small search's seconds importing.
A fork has all that at once, and is a process of its own all the same: what kills it kills nothing else.

Each imports the main module of the runner's process again, which therefore imports no Kubeflow on its top level: as a
step's executor needs it, and as a compiler needs it, they are not the same.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from multiprocessing.connection import wait
from pathlib import Path

from components.records.supervision import end_with_parent

AVAILABLE = sys.platform == "linux"  # elsewhere some libraries that are loaded don't outlive a fork
FOLDER = "archloom-step-{}-"  # how the name of the folder of a step at work begins, with its pid
ARGUMENTS = "arguments.json"
LONGEST, SHORT = 60, "/tmp"  # bytes of a folder's name whose sockets' names the system takes: 107 in all
NOT_STARTED = 255  # exit code where the process that steps are forked from has died
_CONTEXT = get_context("forkserver")
_LOCK = threading.Lock()  # starting a process asks how others ended, which can be asked once


def begin_imports() -> None:
    """Starts the process that steps are forked from, unless it runs; it imports while this one does other work."""
    _CONTEXT.set_forkserver_preload(["pipelines.preloaded"])
    own = tempfile.gettempdir()
    if len(os.fsencode(own)) > LONGEST and Path(SHORT).is_dir():
        tempfile.tempdir = SHORT
    try:
        forkserver.ensure_running()
    finally:
        tempfile.tempdir = own


def run_in_fork(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs Kubeflow's executor in a fork; returns its exit code, negative for a signal, 255 where it is not known.

    Args:
        program: source of the component.
        arguments: the executor's.
        environment: further variables.
    """
    step = _CONTEXT.Process(target=_execute, args=(program, arguments, environment))
    try:
        with _LOCK:
            step.start()
    except (EOFError, OSError):
        return NOT_STARTED
    wait([step.sentinel])
    with _LOCK:
        step.join()
        code = step.exitcode
        step.close()
    assert code is not None
    return code


def _execute(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    end_with_parent()  # without which nobody learns how this ends, and it would be done again beside it
    from kfp.dsl.executor_main import executor_main

    os.environ.update(environment)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER.format(os.getpid())))
    try:
        component = folder / "ephemeral_component.py"
        component.write_text(program, encoding="utf-8")
        (folder / ARGUMENTS).write_text(json.dumps(arguments), encoding="utf-8")
        sys.argv = ["kfp.dsl.executor_main", "--component_module_path", str(component), *arguments]
        executor_main()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
