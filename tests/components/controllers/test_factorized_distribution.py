"""Draws and probabilities of a factorized policy, with a grammar and without, against all designs written out.

Random tests draw from fixed seeds, so they repeat; "chance" is that of a right program to fail under another seed.
"""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2

from components.controllers.factorized_distribution import FactorizedDistribution
from components.search_spaces.registry import open_space
from tests.oracles.factorized import log_probability, slope
from tests.oracles.priced_space import PricedGrammar, PricedSpace, words
from tests.oracles.small_grammar import SmallGrammar

BOTH = pytest.mark.parametrize("space", [PricedSpace(), PricedGrammar()], ids=["free", "grammar"])


def random_logits(distribution, seed=0):
    return np.random.default_rng(seed).normal(size=distribution.shape)


@BOTH
def test_every_design_is_there_once_and_their_probabilities_sum_to_one(space):
    distribution = FactorizedDistribution(space)
    logits, every = random_logits(distribution), distribution.every(100)
    assert [tuple(row) for row in distribution.encoded(every).tolist()] == words(space)
    found = distribution.log_probabilities(logits, every)
    assert found == pytest.approx([log_probability(space, logits, word) for word in words(space)], abs=1e-12)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-12)


@BOTH
def test_more_designs_than_asked_for_are_none(space):
    distribution, count = FactorizedDistribution(space), len(words(space))
    assert distribution.every(count - 1) is None and len(distribution.every(count).tokens) == count


@BOTH
def test_designs_are_drawn_as_often_as_they_are_probable(space):
    """Chi-square over all words, the rarest of which is expected 30 times: chance 1e-6."""
    distribution, draws = FactorizedDistribution(space), 40_000
    logits = random_logits(distribution) / 2
    rows = distribution.encoded(distribution.draw(logits, draws, np.random.default_rng(1)))
    counted = Counter(map(tuple, rows.tolist()))
    assert sorted(counted) == words(space)
    expected = {word: draws * np.exp(log_probability(space, logits, word)) for word in words(space)}
    assert min(expected.values()) > 30
    statistic = sum((counted[word] - wanted) ** 2 / wanted for word, wanted in expected.items())
    assert statistic < chi2.isf(1e-6, len(expected) - 1)


def test_a_choice_of_no_probability_is_never_drawn():
    """exp(-2000) is 0 in float64, so the cumulative probabilities are level there; and choices that aren't there."""
    distribution = FactorizedDistribution(PricedSpace())
    logits = np.zeros(distribution.shape)
    logits[0, 0] = logits[2, 3] = -2000
    drawn = distribution.draw(logits, 10_000, np.random.default_rng(0)).tokens
    assert [sorted(set(column)) for column in drawn.T.tolist()] == [[1, 2], [0, 1], [0, 1, 2]]


@BOTH
def test_the_mean_score_is_the_slope_of_the_mean_log_probability(space):
    distribution = FactorizedDistribution(space)
    logits, every = random_logits(distribution), distribution.every(100)
    weights = np.random.default_rng(3).dirichlet(np.ones(len(every.tokens)))
    wanted = slope(
        lambda moved: sum(w * log_probability(space, moved, word) for w, word in zip(weights, words(space))), logits
    )
    assert distribution.mean_score(logits, every, weights) == pytest.approx(wanted, abs=1e-8)
    plain = distribution.mean_score(logits, every)
    alike = distribution.mean_score(logits, every, np.full(len(weights), 1 / len(weights)))
    assert plain == pytest.approx(alike, abs=1e-15)


def test_numbers_in_the_order_of_probability_are_all_designs_sorted():
    distribution = FactorizedDistribution(PricedSpace())
    logits = random_logits(distribution)
    order = distribution.by_probability(logits, 24)
    ranked = distribution.log_probabilities(logits, distribution.numbered(order))
    assert sorted(order.tolist()) == list(range(24)) and (np.diff(ranked) <= 0).all()
    assert distribution.by_probability(np.zeros(distribution.shape), 24).tolist() == list(range(24))
    assert distribution.by_probability(logits, 23) is None
    assert FactorizedDistribution(PricedGrammar()).by_probability(logits, 24) is None


def test_what_is_a_design_is_what_the_grammar_allows():
    """All 3 * 2 * 4 words, two with a letter that there isn't, and one that ends early."""
    rows = np.array([*words(PricedSpace()), (0, 0, 4), (3, 0, 1), (0, 0, -1)])
    found = FactorizedDistribution(PricedGrammar()).is_design(rows)
    assert [tuple(row) for row in rows[found].tolist()] == words(PricedGrammar())
    assert FactorizedDistribution(PricedSpace()).is_design(rows).tolist() == [True] * 24 + [False] * 3


def test_shorter_designs_are_none_that_it_draws():
    """The small grammar has words of two and of four letters, as numbers from 3."""
    distribution = FactorizedDistribution(SmallGrammar())
    assert distribution.design([3, 0]) is None
    assert distribution.design([3, 0, 5, 1]).tokens.tolist() == [[0, 0, 2, 1]]
    drawn = distribution.draw(np.zeros(distribution.shape), 50, np.random.default_rng(0))
    rows = distribution.encoded(drawn)
    assert rows.shape == (50, 5) and (rows[:, 4] == -1).all() and (rows[:, [0, 2]] >= 3).all()
    assert distribution.designs(rows).tokens.tolist() == drawn.tokens.tolist()
    assert (distribution.designs(rows).masks == drawn.masks).all()


@pytest.mark.parametrize(
    ("name", "settings"),
    [("norm_act_layer", {"nodes": 4}), ("update_rule", {"groups": 2, "distinct_operands": True}), ("tabular_mlp", {})],
    ids=str,
)
def test_what_is_drawn_of_a_real_space_is_a_design_of_it(name, settings):
    space = open_space(name, settings)
    distribution = FactorizedDistribution(space)
    rows = distribution.encoded(distribution.draw(random_logits(distribution), 60, np.random.default_rng(0)))
    assert distribution.is_design(rows).all()
    for row in rows:
        assert space.encode(space.decode(row)).tolist() == row.tolist()
    widths = [decision.choices for decision in space.decisions()[: distribution.shape[0]]]
    assert distribution.shape == (len(widths), max(widths))
