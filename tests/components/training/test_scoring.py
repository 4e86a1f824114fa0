"""Final, mean and best accuracy of the last epochs: which steps count, and what they cost."""

import math

import pytest

from components.records.search import Training
from components.training.evaluation import Evaluation
from components.training.plain import Plain
from components.training.scoring import evaluated_steps, trial_accuracy
from components.training.trial import Course, drive, take_course
from tests.components.training.small_trial import STEPS, run


@pytest.mark.parametrize(
    ("accuracy", "epochs", "rows", "first", "last", "expected"),
    [
        ("final", 5, 100, 0, 100, (100,)),
        ("mean", 1, 100, 0, 100, (100,)),
        ("mean", 3, 100, 0, 100, (80, 90, 100)),  # epochs of 100 / 10 = 10 steps
        ("best", 3, 101, 0, 100, (78, 89, 100)),  # of 11
        ("best", 5, 100, 0, 34, (4, 14, 24, 34)),  # there are no more
        ("best", 5, 100, 24, 34, (34,)),  # what an earlier phase did is not looked at again
        ("best", 5, 100, 23, 34, (24, 34)),
        ("mean", 100, 3, 0, 4, (1, 2, 3, 4)),  # a batch of more rows than there are: an epoch is a step
        ("mean", 2, 1000, 0, 30, (30,)),  # not a whole epoch
    ],
)
def test_evaluated_are_the_ends_of_the_last_epochs(accuracy, epochs, rows, first, last, expected):
    training = Training(batch_size=10, accuracy=accuracy, last_epochs=epochs)
    assert evaluated_steps(training, rows, first, last) == expected


@pytest.mark.parametrize(("accuracy", "expected"), [("final", 0.3), ("mean", 0.5), ("best", 0.75)])
def test_final_mean_and_best(accuracy, expected):
    assert trial_accuracy(Training(accuracy=accuracy), [0.45, 0.75, 0.3]) == pytest.approx(expected)


class Counting:
    """A program whose loss is what a table says, and whose accuracy is a hundredth of the steps taken."""

    compiled: dict = {}
    parameters = 1

    def __init__(self, losses):
        self.losses, self.taken = losses, []

    def step(self, step):
        self.taken.append(step)
        return self.losses[step]

    def evaluate(self):
        return Evaluation(len(self.taken) / 100, float(len(self.taken)))

    def export(self):
        return b"state"


def test_evaluations_stand_between_steps_and_the_nll_is_the_last():
    program = Counting([1.0] * 10)
    result, state = take_course(program, Course(0, 10, (4, 7, 10), max), "v", 0.0)
    assert program.taken == list(range(10)) and state == b"state"
    assert (result.accuracy, result.nll, result.steps) == (0.1, 10.0, 10)
    assert take_course(Counting([1.0] * 10), Course(0, 10, (4, 7, 10), min), "v", 0.0)[0].accuracy == 0.04


def test_after_a_loss_that_is_not_finite_earlier_evaluations_say_nothing():
    result, state = take_course(Counting([1.0] * 5 + [math.inf]), Course(0, 10, (4, 10), max), "v", 0.0)
    assert (result.status, result.steps, result.accuracy, result.nll, state) == ("non_finite", 6, None, None, None)


@pytest.mark.parametrize(("calls", "steps", "accuracy"), [(0, 0, None), (3, 3, 0.03), (4, 4, 0.04), (6, 6, 0.06)])
def test_what_time_cuts_off_is_evaluated_where_it_stands_once(monkeypatch, calls, steps, accuracy):
    program, asked = Counting([1.0] * 10), []

    def is_past(_):
        asked.append(1)
        return len(asked) > calls

    monkeypatch.setattr("components.training.trial.is_past", is_past)
    evaluations = []
    monkeypatch.setattr(program, "evaluate", lambda: evaluations.append(1) or Counting.evaluate(program))
    result, state = take_course(program, Course(0, 10, (4, 10), max, 0.0), "v", 0.0)
    assert (result.status, result.steps, result.accuracy) == ("time_up", steps, accuracy)
    assert (state is None) == (steps == 0) and result.loss == (1.0 if steps else None)
    assert len(evaluations) == {0: 0, 3: 1, 4: 1, 6: 2}[calls]


def test_a_trial_evaluates_as_its_training_section_says_and_trains_alike(monkeypatch):
    seen = []
    evaluate = Plain.evaluate

    def watched(self):
        seen.append(evaluate(self))
        return seen[-1]

    monkeypatch.setattr(Plain, "evaluate", watched)
    results, weights = {}, {}
    for accuracy in ("final", "mean", "best"):
        training = Training(batch_size=16, learning_rate=0.1, shift_pixels=1, accuracy=accuracy, last_epochs=3)
        seen.clear()
        results[accuracy], weights[accuracy] = run(training=training)
        accuracies = [one.accuracy for one in seen]
        # 40 rows in batches of 16 are epochs of 3 steps: of 12 steps after 6, 9 and 12
        assert len(accuracies) == (1 if accuracy == "final" else 3)
        assert results[accuracy].accuracy == trial_accuracy(training, accuracies)
        assert results[accuracy].nll == seen[-1].nll
    assert weights["final"] == weights["mean"] == weights["best"]
    assert results["mean"].loss == results["final"].loss and results["mean"].steps == STEPS


def test_evaluations_are_counted_as_such(monkeypatch):
    import time

    slow = Plain.evaluate
    monkeypatch.setattr(Plain, "evaluate", lambda self: (time.sleep(0.3), slow(self))[1])
    training = Training(batch_size=16, accuracy="mean", last_epochs=3)
    result, _ = run(training=training)
    assert result.evaluate_seconds > 0.9 and result.step_seconds < 0.9


def test_a_drive_without_steps_takes_none():
    assert drive(Counting([]), 5, 5, None) == ("trained", 5, None)
