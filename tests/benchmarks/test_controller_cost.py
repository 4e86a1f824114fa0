"""The controller benchmark's shares, from seconds by hand."""

import pytest

from benchmarks.controller_cost import Cost, search_cost
from components.records.store import open_search
from components.rounds import screening

SPENT = Cost(
    drawing=1.0, screening=3.0, updating=0.5, writing=0.5, candidates=10, raw=20, rounds=2, updates=4, state_bytes=100
)


def test_the_share_of_the_screens_is_apart_from_that_of_proposing_and_learning():
    """2 s and 3 s, of 40 s of training for one process and 20 s each for two."""
    assert SPENT.shares(1) == pytest.approx((2 / 45, 3 / 45))
    assert SPENT.shares(2) == pytest.approx((2 / 25, 3 / 25))


def test_a_search_that_can_propose_nothing_costs_what_it_took_to_see_that(tmp_path, monkeypatch):
    """Without a raw draw."""
    monkeypatch.setattr(screening, "RAW_PER_CANDIDATE", 0)
    cost = search_cost("update_rule", {"groups": 1}, "SGD", {}, 3, open_search(str(tmp_path)))
    assert (cost.candidates, cost.rounds, cost.raw) == (0, 1, 0)
    assert all(0 <= share < 1 for share in cost.shares(2))
