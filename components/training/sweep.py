"""Trials that differ in nothing but the learning rate: one model, one trace, the same first weights and batches."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.records.results import TrialResult
from components.training.evaluation import release
from components.training.plain import Plain
from components.training.recipe import Recipe
from components.training.trial import Course, is_past, take_course

Trained = tuple[TrialResult, bytes | None]


class Rate(NamedTuple):
    """One trial of a sweep.

    Fields:
        variant: name of the variant, for its result.
        learning_rate: peak rate; None for the training section's.
        start: bytes that an earlier phase returned for this rate, which ended at the sweep's first step.
    """

    variant: str
    learning_rate: float | None = None
    start: bytes | None = None


def run_sweep(
    recipe: Recipe,
    rates: Sequence[Rate],
    *,
    first_step: int = 0,
    last_step: int | None = None,
    deadline: float | None = None,
) -> Iterator[Trained]:
    """Trains one model with each of several learning rates, over the steps in [first_step, last_step).

    Each gives, bit for bit, what `components.training.plain.run_trial` gives at its rate, where both evaluate in a
    trace or both without. The first that runs carries the seconds of building and tracing.

    Args:
        recipe: what is trained.
        rates: the trials, in their order, at least one; all of them with a start or none.
        first_step, last_step, deadline: as in `run_trial`.

    Yields:
        What `run_trial` returns, for each rate. A loss that is not finite ends its trial alone; past the deadline
        nothing is trained any more. Everything is freed when the iterator is exhausted or closed.

    Raises:
        ValueError: where there are no rates or some have no start, or the steps go beyond the horizon.
        DamagedWeights: when it is a rate's turn whose `start` is damaged or of another model.
    """
    if not rates:
        raise ValueError("`rates` must hold at least one rate. Received: none.")
    started = [rate.variant for rate in rates if rate.start is not None]
    if len(started) not in (0, len(rates)):
        raise ValueError(f"`rates` must all have a start, or none. Received: a start for {', '.join(started)} alone.")
    return _trials(recipe, rates, recipe.course(first_step, last_step, deadline))


def _trials(recipe: Recipe, rates: Sequence[Rate], course: Course) -> Iterator[Trained]:
    program = None
    try:
        for rate in rates:
            if is_past(course.deadline):
                yield TrialResult(variant=rate.variant, status="time_up", steps=course.first_step), None
                continue
            began = time.perf_counter()
            if program is not None:
                program.restart(rate.start)
            else:
                program = Plain(recipe, len(rates) * len(course.evaluated))
                program.init(rate.start)
                if len(rates) > 1 and rate.start is None:
                    program.keep()
            program.peak_rate = rate.learning_rate
            yield take_course(program, course, rate.variant, began)
    finally:
        program = None
        release()
