"""The weighted product: numbers that a reader checks in the head."""

import pytest

from components.objectives.reward import weighted_product
from components.records.search import Scoring


def scoring(**settings):
    return Scoring(**{"latency_weight": 0.0, **settings})


def test_each_term_is_its_ratio_to_the_power_of_its_weight():
    setting = scoring(
        latency_weight=-1.0,
        intensity_weight=2.0,
        intensity_target=10.0,
        efficiency_weight=0.5,
        efficiency_target=0.25,
    )
    # twice as slow: x 1/2; three times as intense: x 9; four times as efficient: x 2
    reward = weighted_product(
        setting, quality=0.8, latency_ms=6.0, latency_target_ms=3.0, intensity=30.0, efficiency=1.0
    )
    assert reward == pytest.approx(0.8 * 0.5 * 9 * 2)


def test_the_default_weight_costs_five_percent_for_twice_the_latency():
    reward = weighted_product(Scoring(), quality=1.0, latency_ms=2.0, latency_target_ms=1.0)
    assert reward == pytest.approx(0.9526, abs=1e-4)  # 2 ** -0.07


def test_without_weights_the_quality_is_the_reward_and_nothing_else_is_asked_for():
    assert weighted_product(scoring(), quality=0.7) == 0.7


def test_the_target_in_force_counts_not_the_one_of_the_search_file():
    setting = scoring(latency_weight=-1.0, latency_target_ms=100.0)
    assert weighted_product(setting, quality=0.5, latency_ms=4.0, latency_target_ms=2.0) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quality": 1.2}, r"`quality` must be in \[0, 1\]\. Received: quality=1\.2\."),
        ({"quality": float("nan")}, r"`quality` must be in \[0, 1\]\. Received: quality=nan\."),
        ({"latency_ms": None}, r"`latency_ms` must be positive and finite .* Received: None\."),
        ({"latency_ms": 0.0}, r"`latency_ms` must be positive and finite .* Received: 0\.0\."),
        ({"latency_ms": float("inf")}, r"`latency_ms` must be positive and finite .* Received: inf\."),
        ({"latency_target_ms": None}, r"`target of latency_ms` must be positive .* Received: None\."),
        ({"intensity": -1.0}, r"`intensity` must be positive and finite .* Received: -1\.0\."),
    ],
)
def test_a_value_that_a_term_needs_must_be_there(values, message):
    given = {"quality": 0.5, "latency_ms": 1.0, "latency_target_ms": 1.0, "intensity": 1.0, **values}
    with pytest.raises(ValueError, match=message):
        weighted_product(scoring(latency_weight=-0.07, intensity_weight=1.0), **given)
