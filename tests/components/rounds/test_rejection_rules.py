"""When a candidate is over a limit, and when a trial lets it go on."""

import pytest

from components.records.results import TrialResult
from components.records.search import Rejection, Scoring, SizeLimits
from components.rounds.rejection_rules import cheapest_first, is_non_finite, over_limit, passes
from tests.round_records import candidate, trial

COSTS = {
    "small": {"parameters": 100.0, "multiply_adds": 5000.0, "activation_bytes": 40.0, "traffic_bytes": 1.0},
    "large": {"parameters": 900.0, "multiply_adds": 2000.0, "activation_bytes": 80.0, "traffic_bytes": 1.0},
}


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({}, None),
        ({"parameters": 900, "multiply_adds": 5000, "activation_bytes": 80}, None),  # at a limit is not over it
        ({"parameters": 899}, "parameters 900 > 899"),
        ({"multiply_adds": 4999}, "multiply_adds 5000 > 4999"),  # of the other network
        ({"activation_bytes": 79}, "activation_bytes 80 > 79"),
        ({"memory_bytes": 4 * 900 + 10 * 80}, None),
        ({"memory_bytes": 4399}, "memory_bytes 4400 > 4399"),
        # 2 * 5000 * 10 operations at 8.1e12 a second; its memory, 410 bytes at 320e9, takes less.
        ({"latency_ms": 1.0e-5}, "latency_ms 1.234567901e-05 > 1e-05"),
    ],
    ids=["none", "at", "parameters", "multiply-adds", "activations", "memory", "over memory", "latency"],
)
def test_a_limit_holds_for_the_largest_network(limits, says):
    scoring = Scoring(device="t4", batch_size=10)
    assert over_limit(candidate("a", costs=COSTS), SizeLimits(**limits), scoring) == says


@pytest.mark.parametrize(
    ("result", "after_probe", "after_full"),
    [
        (trial("small", 0.4), True, True),
        (trial("small", 0.2), True, True),  # the threshold itself is enough
        (trial("small", 0.19), False, True),  # quality is asked for after the probe only
        (trial("small", 0.9, nll=None), False, False),  # logits that are not finite
        (trial("small", None, status="non_finite"), False, False),
        (trial("small", None, status="time_up"), False, False),
        (trial("small", 0.9, status="time_up"), False, False),
        (TrialResult(variant="small", status="not_built"), False, False),
    ],
    ids=["good", "just", "poor", "outputs", "non-finite", "time up", "cut off", "not built"],
)
def test_what_lets_a_candidate_go_on(result, after_probe, after_full):
    rejection = Rejection(quality_threshold=0.2)
    assert passes(result, rejection, "probe") == after_probe
    assert passes(result, rejection, "full") == after_full


def test_losses_and_outputs_can_be_non_finite_but_not_what_was_not_evaluated():
    assert is_non_finite(trial("small", None, status="non_finite"))
    assert is_non_finite(trial("small", 0.9, nll=None))
    assert not is_non_finite(trial("small", 0.9))
    assert not is_non_finite(trial("small", None, status="time_up"))
    assert not is_non_finite(TrialResult(variant="small", status="not_built"))


def test_variants_are_tried_in_the_order_of_their_predicted_time():
    """Up to 10 FLOP a byte a network waits for its memory, beyond that for its arithmetic: 300, 250 and 400."""
    costs = {
        "many multiplications": {"traffic_bytes": 100.0, "multiply_adds": 1500.0},
        "middling": {"traffic_bytes": 250.0, "multiply_adds": 500.0},
        "much memory": {"traffic_bytes": 400.0, "multiply_adds": 10.0},
    }
    one = candidate("a", ("much memory", "many multiplications", "middling"), costs=costs)
    assert [variant.name for variant in cheapest_first(one)] == ["middling", "many multiplications", "much memory"]
