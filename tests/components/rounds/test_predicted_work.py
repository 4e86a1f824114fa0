"""The order in which a round's candidates are begun."""

import pytest

from components.records.manifest import DataManifest, Split
from components.rounds.candidates import make_candidate
from components.rounds.predicted_work import longest_first, step_work
from components.search_spaces.registry import open_space
from tests.bare_context import BareContext
from tests.round_records import candidate, plan

SPLIT = Split(rows=2, class_rows=(1, 1), sha256="")


def costing(name, *variants):
    """A candidate of variants that are (traffic in bytes, multiply-adds) of a step."""
    costs = {
        f"net{index}": {"parameters": 1.0, "activation_bytes": 1.0, "traffic_bytes": traffic, "multiply_adds": work}
        for index, (traffic, work) in enumerate(variants)
    }
    return candidate(name, tuple(costs), costs=costs)


def test_a_step_takes_as_long_as_the_slower_of_moving_and_computing():
    """2 FLOP a multiply-add, and 10 FLOP in the time of a byte: 1000 multiply-adds take as long as 200 bytes."""
    one = costing("a", (100.0, 1000.0), (300.0, 1000.0))
    assert [step_work(one, variant) for variant in one.variants] == [3 * 200.0, 3 * 300.0]


def test_rules_in_one_network_differ_by_their_operations():
    """An operation moves 12 bytes for each weight; there are 64 rows over which a step's update counts."""
    space = open_space("update_rule", {"networks": ["mlp"], "learning_rates": [0.1]})
    manifest = DataManifest(
        source="", input_shape=(8, 8, 1), classes=("a", "b"), train=SPLIT, validation=SPLIT, test=SPLIT
    )
    slow, fast = (
        make_candidate(BareContext(space, manifest), space.known[name], space.variants(), origin="known")
        for name in ("Adam", "SGD")
    )
    ((variant,), costs) = slow.variants, slow.costs
    more = costs[variant.name]["update_operations"] - fast.costs[variant.name]["update_operations"]
    assert more > 0
    assert step_work(slow, variant) - step_work(fast, variant) == pytest.approx(12 * more / 64)
    assert longest_first(plan([fast, slow])) == [slow, fast]


def test_the_longest_is_first_over_all_variants_and_equal_ones_stay_in_the_plans_order():
    of = plan(
        [
            costing("one long", (700.0, 0.0)),
            costing("equal", (400.0, 0.0)),
            costing("many short", *[(200.0, 0.0)] * 4),
            costing("equal again", (100.0, 1500.0), (100.0, 0.0)),
            costing("short", (10.0, 1.0)),
        ]
    )
    assert [one.id for one in longest_first(of)] == ["many short", "one long", "equal", "equal again", "short"]
