"""How many steps of a loop the local runner does at once; Kubeflow 2.17 caps it at 2 whatever is asked for."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator


class ChangedRunner(RuntimeError):
    """The installed Kubeflow SDK no longer has what setting the workers relies on."""


def required_function(module: ModuleType, name: str, parameters: Sequence[str]) -> Callable[..., Any]:
    """Returns a function of the local runner that is about to be replaced.

    Raises:
        ChangedRunner: where the SDK has none of this name, or one of other parameters.
    """
    found = getattr(module, name, None)
    if found is None or list(inspect.signature(found).parameters) != list(parameters):
        raise ChangedRunner(f"kfp.local has no {name}({', '.join(parameters)}) any more.")
    return found


@contextmanager
def local_workers(workers: int) -> Iterator[None]:
    """Lets the local runner do up to `workers` iterations of a loop at the same time.

    Raises:
        ValueError: where `workers` is below 1.
        ChangedRunner: where the SDK's executor has changed.
    """
    if workers < 1:
        raise ValueError(f"`workers` must be >= 1. Received: workers={workers}.")
    original = getattr(orchestrator, "ParallelExecutor", None)
    if original is None or not {"max_workers", "conservative_max"} <= vars(original()).keys():
        raise ChangedRunner("kfp.local has no ParallelExecutor with max_workers and conservative_max any more.")

    class Executor(original):  # type: ignore[misc, valid-type]
        def __init__(self, max_workers: int | None = None):
            super().__init__(max_workers)
            self.max_workers = self.conservative_max = workers

    orchestrator.ParallelExecutor = Executor
    try:
        yield
    finally:
        orchestrator.ParallelExecutor = original
