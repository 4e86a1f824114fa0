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
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from pathlib import Path

AVAILABLE = sys.platform == "linux"  # elsewhere some libraries that are loaded don't outlive a fork
FOLDER = "archloom-step-"  # of a step at work, followed by its pid
ARGUMENTS = "arguments.json"
LONGEST, SHORT = 60, "/tmp"  # of a folder whose sockets have names that the system takes: 107 characters in all
_CONTEXT = get_context("forkserver")


def begin_imports() -> None:
    """Starts the process that steps are forked from, unless it runs; it imports while this one does other work."""
    _CONTEXT.set_forkserver_preload(["pipelines.preloaded"])
    own = tempfile.gettempdir()
    if len(own) > LONGEST and Path(SHORT).is_dir():
        tempfile.tempdir = SHORT
    try:
        forkserver.ensure_running()
    finally:
        tempfile.tempdir = own


def run_in_fork(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs Kubeflow's executor in a fork; returns its exit code, negative for a signal.

    Args:
        program: source of the component.
        arguments: the executor's.
        environment: further variables.
    """
    step = _CONTEXT.Process(target=_execute, args=(program, arguments, environment))
    step.start()
    step.join()
    code = step.exitcode
    step.close()
    assert code is not None
    return code


def _execute(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    from kfp.dsl.executor_main import executor_main

    os.environ.update(environment)
    folder = Path(tempfile.gettempdir(), f"{FOLDER}{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)  # of a killed process that had the same pid
    folder.mkdir()
    try:
        component = folder / "ephemeral_component.py"
        component.write_text(program, encoding="utf-8")
        (folder / ARGUMENTS).write_text(json.dumps(arguments), encoding="utf-8")
        sys.argv = ["kfp.dsl.executor_main", "--component_module_path", str(component), *arguments]
        executor_main()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
