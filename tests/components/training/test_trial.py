"""The loop that drives a program, with programs that only count."""

import math
import time

import pytest

from components.training.trial import Course, drive, run_program


class Counting:
    """A program whose loss at a step is what a table says."""

    def __init__(self, losses, seconds=0.0):
        self.losses, self.seconds, self.taken = losses, seconds, []

    def step(self, step):
        time.sleep(self.seconds)
        self.taken.append(step)
        return self.losses[step]


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_no_step_follows_a_loss_that_is_not_finite(loss):
    program = Counting([3.0, 2.0, 1.0, loss, 1.0])
    assert drive(program, 1, 5, None) == ("non_finite", 4, None)
    assert program.taken == [1, 2, 3]


def test_all_steps_are_taken_once_and_the_last_loss_is_kept():
    program = Counting([4.0, 3.0, 2.0, 1.0])
    assert drive(program, 0, 4, time.monotonic() + 60) == ("trained", 4, 1.0)
    assert program.taken == [0, 1, 2, 3]


def test_no_step_begins_after_the_deadline():
    program = Counting([1.0] * 1000, seconds=0.02)
    deadline = time.monotonic() + 0.2
    progress = drive(program, 0, 1000, deadline)
    overrun = time.monotonic() - deadline
    assert progress.status == "time_up"
    assert progress.steps == len(program.taken) > 0
    assert overrun < 0.1  # one step, with four to spare for a busy machine


def test_after_the_deadline_nothing_is_even_built():
    def make():
        raise AssertionError("built")

    past = Course(5, 9, (9,), max, time.monotonic() - 1)
    result, state = run_program(make, past, variant="v", start=None)
    assert (result.status, result.steps, state) == ("time_up", 5, None)
