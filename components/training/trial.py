"""A trial: a training program driven from one step to another, timed, watched and cleared away."""

import math
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from components.records.results import TrialResult
from components.training.evaluation import release
from components.training.program import TrainingProgram

Status = Literal["trained", "non_finite", "time_up"]


class Progress(NamedTuple):
    """How far a program came.

    Fields:
        status: as in a TrialResult.
        steps: steps done since the trial began; where the loss was not finite, the last of them showed it.
        loss: of the last step; None where it was not finite or no step was taken.
    """

    status: Status
    steps: int
    loss: float | None


def run_program(
    make: Callable[[], TrainingProgram],
    *,
    variant: str,
    first_step: int,
    last_step: int,
    start: bytes | None,
    deadline: float | None,
) -> tuple[TrialResult, bytes | None]:
    """Makes a program, takes the steps in [first_step, last_step), evaluates it and frees what it held.

    Args:
        make: makes the program; nothing else should hold it, or it can't be freed.
        variant, first_step, last_step, start, deadline: as in `components.training.plain.run_trial`.

    Returns:
        The result, and the exported state; None where no step was done or the loss was not finite. What time cut off
        is evaluated and exported as far as it came.
    """
    if _is_past(deadline):
        return TrialResult(variant=variant, status="time_up", steps=first_step), None
    try:
        return _run(make(), variant, first_step, last_step, start, deadline)
    finally:
        release()


def drive(program: TrainingProgram, first_step: int, last_step: int, deadline: float | None) -> Progress:
    """Takes the steps in [first_step, last_step), but none after a loss that is not finite or after the deadline.

    Args:
        program: an initialised program.
        first_step, last_step: steps of the trial, numbered from 0.
        deadline: in seconds of `time.monotonic`; None means none.
    """
    loss = None
    for step in range(first_step, last_step):
        if _is_past(deadline):
            return Progress("time_up", step, loss)
        loss = program.step(step)
        if not math.isfinite(loss):
            return Progress("non_finite", step + 1, None)
    return Progress("trained", last_step, loss)


def _run(
    program: TrainingProgram, variant: str, first_step: int, last_step: int, start: bytes | None, deadline: float | None
) -> tuple[TrialResult, bytes | None]:
    began = time.perf_counter()
    program.init(start)
    built = time.perf_counter()
    progress = drive(program, first_step, last_step, deadline)
    stepped = time.perf_counter()
    usable = progress.status == "trained" or (progress.status == "time_up" and progress.steps > first_step)
    score = program.evaluate() if usable else None
    evaluated = time.perf_counter()
    first_calls = {kind: function.first_call_seconds for kind, function in program.compiled.items()}
    evaluate_trace = first_calls.get("evaluate", 0.0)
    result = TrialResult(
        variant=variant,
        status=progress.status,
        steps=progress.steps,
        accuracy=score.accuracy if score else None,
        nll=score.nll if score else None,
        loss=progress.loss,
        parameters=program.parameters,
        traces={kind: function.traces for kind, function in program.compiled.items()},
        build_seconds=built - began,
        trace_seconds=sum(first_calls.values()),
        step_seconds=stepped - built - (sum(first_calls.values()) - evaluate_trace),
        evaluate_seconds=evaluated - stepped - evaluate_trace,
    )
    return result, program.export() if usable else None


def _is_past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
