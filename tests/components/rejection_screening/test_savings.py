"""What a rejection saved, by hand."""

import pytest

from components.rejection_screening.savings import predicted_saved_seconds
from tests.round_records import candidate, trial

COSTS = {name: {"multiply_adds": cost} for name, cost in (("small", 1000.0), ("large", 3000.0))}
ONE = candidate("a", costs=COSTS)


def test_a_network_that_was_not_tried_costs_in_proportion_to_its_multiply_adds():
    """9 timed steps took 0.9 s, so 0.1 s a step; 20 more of it, and 30 of the one that costs three times as much."""
    trials = [trial("small", 0.1, steps=10, step_seconds=0.9), trial("large", None, status="not_built", steps=0)]
    assert predicted_saved_seconds(ONE, trials, 30) == pytest.approx(20 * 0.1 + 30 * 0.3)


def test_of_several_timed_networks_the_steps_are_weighed_by_their_work():
    """9 * 1000 + 19 * 3000 = 66000 multiply-adds a row took 6.6 s: 0.1 s a step of the small one."""
    trials = [trial("small", 0.1, steps=10, step_seconds=1.6), trial("large", 0.1, steps=20, step_seconds=5.0)]
    assert predicted_saved_seconds(ONE, trials, 30) == pytest.approx(20 * 0.1 + 10 * 0.3)


def test_nothing_is_saved_of_what_was_done_and_nothing_predicted_from_one_step():
    done = [trial("small", 0.1, steps=30, step_seconds=1.0), trial("large", 0.1, steps=30, step_seconds=1.0)]
    assert predicted_saved_seconds(ONE, done, 30) == 0.0
    first = [trial("small", None, status="non_finite", steps=1), trial("large", None, status="not_built", steps=0)]
    assert predicted_saved_seconds(ONE, first, 30) == 0.0
