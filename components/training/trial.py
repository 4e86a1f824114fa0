"""A trial: a training program driven from one step to another, timed, watched, evaluated and cleared away."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from components.records.results import TrialResult
from components.training.evaluation import Evaluation, release
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


class Course(NamedTuple):
    """From where to where a trial goes.

    Fields:
        first_step, last_step: its steps are those in [first_step, last_step), numbered from 0.
        evaluated: numbers of steps after which it is evaluated, ascending; the last of them is last_step.
        accuracy: a trial's accuracy from those of its evaluations, of which there is at least one.
        deadline: in seconds of `time.monotonic`; no step begins after it, None means none.
    """

    first_step: int
    last_step: int
    evaluated: Sequence[int]
    accuracy: Callable[[Sequence[float]], float]
    deadline: float | None = None


def run_program(
    make: Callable[[], TrainingProgram], course: Course, *, variant: str, start: bytes | None
) -> tuple[TrialResult, bytes | None]:
    """Makes a program, takes a course's steps, evaluates it and frees what it held.

    Args:
        make: makes the program; nothing else should hold it, or it can't be freed.
        course: its steps and evaluations.
        variant: for the result.
        start: as in `components.training.plain.run_trial`.

    Returns:
        The result, and the exported state; None where no step was done or the loss was not finite. What time cut off
        is evaluated and exported as far as it came.
    """
    if is_past(course.deadline):
        return TrialResult(variant=variant, status="time_up", steps=course.first_step), None
    try:
        return _run(make(), course, variant, start)
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
        if is_past(deadline):
            return Progress("time_up", step, loss)
        loss = program.step(step)
        if not math.isfinite(loss):
            return Progress("non_finite", step + 1, None)
    return Progress("trained", last_step, loss)


def take_course(
    program: TrainingProgram, course: Course, variant: str, began: float
) -> tuple[TrialResult, bytes | None]:
    """Takes a course's steps with an initialised program and evaluates it, as `run_program` does.

    Traces and first calls are counted from here on, so that where a program takes several courses their results add up.

    Args:
        program, course, variant: as in `run_program`.
        began: when its initialisation began, in seconds of `time.perf_counter`.
    """
    built = time.perf_counter()
    traces = {kind: function.traces for kind, function in program.compiled.items()}
    first_calls = {kind: function.first_call_seconds for kind, function in program.compiled.items()}
    progress, scores, evaluating = _drive_and_evaluate(program, course)
    ended = time.perf_counter()
    first = {kind: one.first_call_seconds - first_calls[kind] for kind, one in program.compiled.items()}
    in_evaluations = first.get("evaluate", 0.0)
    result = TrialResult(
        variant=variant,
        status=progress.status,
        steps=progress.steps,
        accuracy=course.accuracy([score.accuracy for score in scores]) if scores else None,
        nll=scores[-1].nll if scores else None,
        loss=progress.loss,
        parameters=program.parameters,
        traces={kind: function.traces - traces[kind] for kind, function in program.compiled.items()},
        build_seconds=built - began,
        trace_seconds=sum(first.values()),
        step_seconds=ended - built - evaluating - (sum(first.values()) - in_evaluations),
        evaluate_seconds=evaluating - in_evaluations,
    )
    return result, program.export() if scores else None


def _run(
    program: TrainingProgram, course: Course, variant: str, start: bytes | None
) -> tuple[TrialResult, bytes | None]:
    began = time.perf_counter()
    program.init(start)
    return take_course(program, course, variant, began)


def _drive_and_evaluate(program: TrainingProgram, course: Course) -> tuple[Progress, list[Evaluation], float]:
    """Returns how far it came, its evaluations (none where the end is of no use), and the seconds that they took."""
    progress, seconds = Progress("trained", course.first_step, None), 0.0
    scores: list[Evaluation] = []
    for end in course.evaluated:
        before, progress = progress, drive(program, progress.steps, end, course.deadline)
        if progress.status == "non_finite":
            return progress, [], seconds
        if progress.steps == before.steps:  # time was up at once
            return progress._replace(loss=before.loss), scores, seconds
        began = time.perf_counter()
        scores.append(program.evaluate())
        seconds += time.perf_counter() - began
        if progress.status == "time_up":
            break
    return progress, scores, seconds


def is_past(deadline: float | None) -> bool:
    """Whether a deadline in seconds of `time.monotonic` is past; None never is."""
    return deadline is not None and time.monotonic() >= deadline
