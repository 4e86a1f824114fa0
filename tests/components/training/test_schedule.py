"""Learning rates that a reader checks in the head."""

from itertools import pairwise

import pytest

from components.records.search import Training
from components.training.schedule import learning_rate


@pytest.mark.parametrize(
    ("schedule", "warmup", "step", "expected"),
    [
        ("cosine", 0, 0, 0.4),
        ("cosine", 0, 50, 0.2),  # cos(pi / 2) = 0
        ("cosine", 0, 75, 0.2 * (1 - 2**-0.5)),  # cos(3 pi / 4) = -1 / sqrt(2)
        ("cosine", 20, 0, 0.4 / 20),
        ("cosine", 20, 19, 0.4),
        ("cosine", 20, 20, 0.4),
        ("cosine", 20, 60, 0.2),  # halfway from 20 to 100
        ("constant", 0, 99, 0.4),
        ("constant", 4, 1, 0.2),
        ("constant", 4, 4, 0.4),
        ("cosine", 200, 99, 0.2),  # a warm-up longer than the training
    ],
)
def test_rate_of_a_step_of_100(schedule, warmup, step, expected):
    training = Training(learning_rate=0.4, schedule=schedule, warmup_steps=warmup)
    assert learning_rate(training, step, 100) == pytest.approx(expected)


def test_cosine_only_falls_and_ends_near_zero():
    rates = [learning_rate(Training(learning_rate=1.0), step, 100) for step in range(100)]
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert 0 < rates[-1] < 3e-4  # (1 - cos(pi / 100)) / 2 = 2.5e-4
