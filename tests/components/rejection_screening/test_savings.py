"""What a rejection saved, by hand."""

import pytest

from components.rejection_screening.savings import predicted_saved_seconds, seconds_a_step
from tests.round_records import candidate
from tests.round_records import trial as result

COSTS = {name: {"multiply_adds": cost} for name, cost in (("small", 1000.0), ("large", 3000.0))}
ONE = candidate("a", costs=COSTS)
RATES = ("small-1e-02", "small-1e-01", "small-1e00")


def trial(*names, **fields):
    """A trial that traced its first step, which is not timed."""
    return result(*names, **({"traces": {"train": 1, "evaluate": 1}} | fields))


def test_a_network_that_was_not_tried_costs_in_proportion_to_its_multiply_adds():
    """9 timed steps took 0.9 s, so 0.1 s a step; 20 more of it, and 30 of the one that costs three times as much."""
    trials = [trial("small", 0.1, steps=10, step_seconds=0.9), trial("large", None, status="not_built", steps=0)]
    assert predicted_saved_seconds(ONE, trials, 30) == pytest.approx(20 * 0.1 + 30 * 0.3)


def test_of_several_timed_networks_each_has_steps_of_its_own():
    """9 steps of the small one took 1.6 s and 19 of the large one 5 s; 20 and 10 more are saved."""
    trials = [trial("small", 0.1, steps=10, step_seconds=1.6), trial("large", 0.1, steps=20, step_seconds=5.0)]
    assert predicted_saved_seconds(ONE, trials, 30) == pytest.approx(20 * 1.6 / 9 + 10 * 5.0 / 19)


def test_a_network_that_was_not_tried_costs_what_it_cost_others_where_that_was_measured():
    """30 steps of 0.5 s and 20 more of its own 0.1 s; a candidate that was never built takes both from the others."""
    others = seconds_a_step(
        [trial("large", 0.1, steps=11, step_seconds=4.0), trial("large", 0.1, steps=11, step_seconds=6.0)]
    )
    assert others == {"large": 0.5}
    trials = [trial("small", 0.1, steps=10, step_seconds=0.9), trial("large", None, status="not_built", steps=0)]
    assert predicted_saved_seconds(ONE, trials, 30, others) == pytest.approx(20 * 0.1 + 30 * 0.5)
    never = [trial(name, None, status="not_built", steps=0) for name in ("small", "large")]
    assert predicted_saved_seconds(ONE, never, 30, {"small": 0.2, **others}) == pytest.approx(30 * 0.2 + 30 * 0.5)


def test_nothing_is_saved_of_what_was_done_and_nothing_predicted_from_one_step():
    done = [trial("small", 0.1, steps=30, step_seconds=1.0), trial("large", 0.1, steps=30, step_seconds=1.0)]
    assert predicted_saved_seconds(ONE, done, 30) == 0.0
    first = [trial("small", None, status="non_finite", steps=1), trial("large", None, status="not_built", steps=0)]
    assert predicted_saved_seconds(ONE, first, 30) == 0.0


def test_the_rates_after_the_first_time_their_first_step_too():
    """One trace serves all: 9 timed steps took 0.9 s and then twice 10 took 1 s; that is 0.1 s a step of each."""
    restarted = {"steps": 10, "step_seconds": 1.0, "traces": {"train": 0, "evaluate": 0}}
    rates = [trial(RATES[0], 0.1, steps=10, step_seconds=0.9), *(trial(name, 0.1, **restarted) for name in RATES[1:])]
    assert seconds_a_step(rates) == pytest.approx(dict.fromkeys(RATES, 0.1))
    only = trial(RATES[1], None, status="non_finite", steps=1, step_seconds=0.1, traces={"train": 0})
    assert seconds_a_step([only]) == pytest.approx({RATES[1]: 0.1})


def test_work_that_was_not_tried_is_predicted_from_all_timed_steps():
    """The small network took 10 untraced steps in 1 s: the large one, three times as much work, takes 0.3 s a step."""
    tried = trial("small", 0.1, steps=10, step_seconds=1.0, traces={"train": 0})
    trials = [tried, trial("large", None, status="not_built", steps=0, traces={})]
    assert predicted_saved_seconds(ONE, trials, 30) == pytest.approx(20 * 0.1 + 30 * 0.3)
