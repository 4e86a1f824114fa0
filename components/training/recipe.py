"""What a trial trains: all that two trials share which differ in nothing but the learning rate and the steps."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from components.records.search import Training
from components.training.feed import Feed
from components.training.scoring import evaluated_steps, trial_accuracy
from components.training.trial import Course
from components.training.update import MakeOptimizer

if TYPE_CHECKING:
    import keras


class Recipe(NamedTuple):
    """A model, its rows, and how it is trained on them.

    Fields:
        build: makes the model, from rows to logits `[batch, classes]`, or for regression to `[batch, 1]`.
        feed: the process's rows.
        training: batch size, rate, momentum, weight decay, schedule; what is evaluated.
        seed: determines the initial weights and every batch.
        total_steps: horizon of the schedule, and the steps of the whole training.
        optimizer: makes the optimizer, with any plain learning rate, in whose place the training section's comes; None
            for the section's own.
    """

    build: Callable[[], "keras.Model"]
    feed: Feed
    training: Training
    seed: tuple[int, ...]
    total_steps: int
    optimizer: MakeOptimizer | None = None

    def course(self, first_step: int = 0, last_step: int | None = None, deadline: float | None = None) -> Course:
        """Returns the course over the steps in [first_step, last_step), by default all; as `trial_course` does."""
        last = self.total_steps if last_step is None else last_step
        return trial_course(self.feed, self.training, first_step, last, self.total_steps, deadline)


def trial_course(
    feed: Feed, training: Training, first_step: int, last_step: int, total_steps: int, deadline: float | None
) -> Course:
    """Returns the course of a trial over the steps in [first_step, last_step), evaluated as the training section says.

    Raises:
        ValueError: where the steps go beyond the horizon.
    """
    if not 0 <= first_step < last_step <= total_steps:
        raise ValueError(
            "`first_step` < `last_step` <= `total_steps` must hold. "
            f"Received: first_step={first_step}, last_step={last_step}, total_steps={total_steps}."
        )
    evaluated = evaluated_steps(training, len(feed.train_x), first_step, last_step)
    return Course(first_step, last_step, evaluated, lambda values: trial_accuracy(training, values), deadline)
