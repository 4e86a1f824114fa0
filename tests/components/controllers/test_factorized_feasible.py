"""P(V) and its gradient, exact and estimated, against slow formulas over all designs.

Random tests draw from fixed seeds, so they repeat; "chance" is that of a right program to fail under another seed.
"""

import numpy as np
import pytest

from components.controllers.factorized_distribution import FactorizedDistribution
from components.controllers.factorized_feasible import FeasibleSet, log_sum
from tests.oracles.factorized import conditional, log_probability, slope
from tests.oracles.priced_space import PricedGrammar, PricedSpace, PriceLimits, price, words

LIMIT = 6  # 10 of the 24 free words cost at most so much, and 5 of the grammar's 10
CHEAP = PriceLimits(LIMIT)
BOTH = pytest.mark.parametrize("space", [PricedSpace(), PricedGrammar()], ids=["free", "grammar"])


def feasible(space, samples=100, enumerate_up_to=100, limits=CHEAP):
    return FeasibleSet(FactorizedDistribution(space), limits, samples, enumerate_up_to)


def cheap(space):
    return [word for word in words(space) if price(word) <= LIMIT]


def logits_of(space, seed=0):
    return np.random.default_rng(seed).normal(size=(3, 4))


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_the_exact_gradient_is_the_slope_of_the_logarithm(space, seed):
    logits = logits_of(space, seed)
    inside, rng = cheap(space), np.random.default_rng(0)

    def log_mass(moved):
        return np.log(sum(np.exp(log_probability(space, moved, word)) for word in inside))

    assert feasible(space).mean_score(logits, rng) == pytest.approx(slope(log_mass, logits), abs=1e-8)
    assert feasible(space).log_mass(logits, rng) == pytest.approx(log_mass(logits), abs=1e-12)


@BOTH
def test_an_estimates_gradient_is_the_slope_of_the_estimate_with_a_fixed_proposal(space):
    """P^(V) = 1/N sum p(z)/q(z) 1{z in V}: the draws z and q stay as they are while p moves."""
    logits, estimated = logits_of(space), feasible(space, samples=40, enumerate_up_to=0)
    distribution = FactorizedDistribution(space)
    drawn = distribution.encoded(distribution.draw(logits, 40, np.random.default_rng(7))).tolist()

    def log_estimate(moved):
        shares = [
            np.exp(log_probability(space, moved, word) - log_probability(space, logits, word)) * (price(word) <= LIMIT)
            for word in drawn
        ]
        return np.log(sum(shares) / len(shares))

    found = estimated.mean_score(logits, np.random.default_rng(7))
    assert found == pytest.approx(slope(log_estimate, logits), abs=1e-8)
    assert estimated.log_mass(logits, np.random.default_rng(7)) == pytest.approx(log_estimate(logits), abs=1e-12)


@BOTH
def test_estimates_of_the_mass_have_the_exact_one_as_their_mean(space):
    """2,000 estimates from 20 draws each: their mean is within 5 standard errors, chance 6e-7."""
    logits, rng = logits_of(space), np.random.default_rng(0)
    exact = np.exp(feasible(space).log_mass(logits, rng))
    estimated = feasible(space, samples=20, enumerate_up_to=0)
    found = np.exp([estimated.log_mass(logits, rng) for _ in range(2000)])
    assert abs(found.mean() - exact) < 5 * (exact * (1 - exact) / (20 * 2000)) ** 0.5


@BOTH
def test_the_more_samples_the_closer_is_the_gradient(space):
    """The root mean square error falls as 1 / sqrt(N): from 50 to 5,000 samples by 10; 30 draws say 5 to 20."""
    logits, rng = logits_of(space), np.random.default_rng(0)
    exact = feasible(space).mean_score(logits, rng)

    def error(samples):
        estimated = feasible(space, samples, 0)
        return np.mean([(estimated.mean_score(logits, rng) - exact) ** 2 for _ in range(30)]) ** 0.5

    assert 5 < error(50) / error(5000) < 20


@pytest.mark.parametrize("enumerate_up_to", [0, 100])
@BOTH
def test_designs_are_drawn_from_what_is_within_as_often_as_they_are_probable_there(space, enumerate_up_to):
    """20,000 draws; a share's standard error is at most 0.0035, and of 10 words none is off by more than 6."""
    logits = logits_of(space)
    designs, before = feasible(space, enumerate_up_to=enumerate_up_to).draw(logits, 20_000, np.random.default_rng(0))
    rows = [tuple(row) for row in designs.tokens.tolist()]
    for word in cheap(space):
        assert rows.count(word) / 20_000 == pytest.approx(
            np.exp(conditional(space, logits, word, cheap(space))), abs=0.021
        )
    assert {*rows} == {*cheap(space)}
    mass = np.exp(feasible(space).log_mass(logits, np.random.default_rng(0)))
    assert 20_000 / (20_000 + before.sum()) == pytest.approx(mass, abs=0.021)  # the share of all that were drawn


def test_no_limit_lets_everything_in():
    every = feasible(PricedSpace(), limits=None)
    rng = np.random.default_rng(0)
    assert every.log_mass(logits_of(None), rng) == 0 and not every.mean_score(logits_of(None), rng).any()
    designs, before = every.draw(logits_of(None), 30, rng)
    assert len(designs.tokens) == 30 and not before.any()


def test_a_limit_that_no_design_meets_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"`limits` must be met by a design\. Received: met by none of 24\."):
        feasible(PricedSpace(), limits=PriceLimits(0)).mean_score(np.zeros((3, 4)), rng)
    estimated = feasible(PricedSpace(), enumerate_up_to=0, limits=PriceLimits(0))
    assert estimated.mean_score(np.zeros((3, 4)), rng) is None
    assert estimated.log_mass(np.zeros((3, 4)), rng) == -np.inf


def test_what_is_hardly_ever_within_is_not_drawn_for_ever():
    limits = PriceLimits(0)
    with pytest.raises(ValueError, match=r"`\$\.rejection\.size` must be met .* Received: 0 of \d+ draws are within"):
        feasible(PricedSpace(), enumerate_up_to=0, limits=limits).draw(np.zeros((3, 4)), 1, np.random.default_rng(0))


def test_sums_of_logarithms_neither_overflow_nor_need_a_term():
    assert log_sum(np.array([1000.0, 1000.0])) == pytest.approx(1000 + np.log(2), abs=1e-12)
    assert log_sum(np.array([-np.inf, -3.0])) == -3.0
    assert log_sum(np.array([])) == -np.inf
