"""Lets Kubeflow's local runner fork its steps, see `pipelines.step_process`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kfp.dsl.component_factory import EXECUTOR_MODULE
from kfp.local import subprocess_task_handler

from pipelines.step_process import AVAILABLE, begin_imports, run_in_fork
from pipelines.workers import ChangedRunner, required_function


@contextmanager
def forked_steps() -> Iterator[None]:
    """Forks the steps of a local run; where a system can't, the runner starts interpreters as ever.

    Raises:
        ChangedRunner: where the SDK's way of running a step is another.
    """
    original = required_function(subprocess_task_handler, "run_local_subprocess", ["full_command", "env_vars"])
    if AVAILABLE:
        begin_imports()
        subprocess_task_handler.run_local_subprocess = _run
    try:
        yield
    finally:
        subprocess_task_handler.run_local_subprocess = original


def _run(full_command: Sequence[str], env_vars: dict[str, str] | None = None) -> int:
    """Does what a component's command, a shell script with the component's source as its first argument, would do."""
    *shell, program = full_command[:4]
    if len(shell) != 3 or EXECUTOR_MODULE not in shell[-1]:
        raise ChangedRunner(f"kfp.local starts a step by another command than a script and its source: {shell}.")
    return run_in_fork(program, full_command[4:], env_vars or {})
