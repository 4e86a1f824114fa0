"""What a policy sees of a space: tokens, masks, lengths; and that it draws what its own probabilities say.

Random tests draw from fixed seeds, so they repeat; "chance" is that of a right program to fail under another seed.
"""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2

from components.controllers.discrete_decisions import DiscreteDecisions
from components.controllers.policy_gradient import chosen_log_probabilities
from components.controllers.token_network import NetworkWeights, forward, initial_weights
from components.search_spaces.registry import open_space
from components.search_spaces.space import LogUniform
from tests.oracles.small_grammar import LETTERS, SmallGrammar, words


def decided(seed=0, scale=3.0):
    """The small grammar's decisions, and a policy that prefers some choices clearly to others."""
    decisions = DiscreteDecisions(SmallGrammar())
    small = initial_weights(decisions.decisions, decisions.choices, 4, 6, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    return decisions, NetworkWeights(*[rng.standard_normal(array.shape) * scale / 3 for array in small])


def probabilities(decisions, weights, specs):
    """The policy's own probabilities of words, one by one."""
    tokens = np.stack([decisions.tokens(spec) for spec in specs])
    logits, _ = forward(weights, tokens)
    return np.exp(chosen_log_probabilities(logits, decisions.masks(tokens), tokens).sum(axis=1))


def test_its_sizes_are_those_of_the_longest_encoding():
    decisions, _ = decided()
    assert (decisions.lengths, decisions.decisions, decisions.choices) == ((2, 4), 4, LETTERS)


@pytest.mark.parametrize("spec", [(3, 0), (5, 1), (4, 2, 5, 0), (3, 3, 3, 1)])
def test_tokens_and_specs_are_the_same_thing(spec):
    decisions, _ = decided()
    tokens = decisions.tokens(list(spec))
    assert tokens.tolist() == [value - 3 if at % 2 == 0 else value for at, value in enumerate(spec)] + [-1] * (
        4 - len(spec)
    )
    assert decisions.spec(tokens) == spec


@pytest.mark.parametrize("spec", [(3, 3), (5, 2, 3, 0), (3, 1, 4, 1), (3, 0, 4), (3, 0, 4, 1, 2)])
def test_what_the_policy_cannot_draw_has_no_tokens(spec):
    """A letter that is not allowed there: as the last of two, after a 5, twice; and lengths that aren't whole."""
    assert decided()[0].tokens(list(spec)) is None


@pytest.mark.parametrize("length", [2, 4])
def test_the_probabilities_of_all_words_sum_to_one(length):
    """So the masks leave nothing out and nothing in: float64, 8 and 74 words."""
    decisions, weights = decided()
    assert len(words(length)) == {2: 8, 4: 74}[length]
    found = probabilities(decisions, weights, words(length))
    assert found.min() > 0 and found.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("length", [2, 4])
def test_words_are_drawn_as_often_as_the_policy_says(length):
    """Chi-square over all words that are expected 10 times and more, the rest as one: chance 1e-6."""
    decisions, weights = decided(1)
    draws, expected = 20_000, {}
    tokens = decisions.sample(weights, length, draws, np.random.default_rng(2))
    counted = Counter(decisions.spec(row) for row in tokens)
    assert set(counted) <= set(words(length))
    expected = dict(zip(words(length), draws * probabilities(decisions, weights, words(length)), strict=True))
    often = [word for word in words(length) if expected[word] >= 10]
    pairs = [(counted[word], expected[word]) for word in often]
    rest = (draws - sum(seen for seen, _ in pairs), draws - sum(wanted for _, wanted in pairs))
    pairs += [rest] if rest[1] >= 10 else []
    assert len(often) > 4
    statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in pairs)
    assert statistic < chi2.isf(1e-6, len(pairs) - 1)


def test_a_block_of_draws_is_as_many_of_one_policy_not_one_drawn_often():
    decisions, weights = decided()
    assert len({tuple(row) for row in decisions.sample(weights, 4, 200, np.random.default_rng(0)).tolist()}) > 10


def test_decisions_that_are_not_discrete_are_refused():
    class Rates(SmallGrammar):
        def decisions(self):
            return (LogUniform("rate", 1e-5, 1.0, 10), *super().decisions()[1:])

    with pytest.raises(ValueError, match=r"`space` must have discrete decisions only\. Received: LogUniform"):
        DiscreteDecisions(Rates())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("norm_act_layer", {}),
        ("norm_act_layer", {"nodes": 4, "batch_independent": "op_set"}),
        ("update_rule", {}),
        ("update_rule", {"groups": 4, "distinct_operands": True, "final_not_add": True}),
        ("update_rule", {"groups": 3, "reuse_results": False, "decays": []}),
    ],
    ids=str,
)
def test_what_is_drawn_of_a_real_space_is_one_of_its_specs_and_found_again(name, settings):
    """Masks are never empty, decode takes what they let through, and encode gives the same tokens back."""
    space = open_space(name, settings)
    decisions = DiscreteDecisions(space)
    weights = initial_weights(decisions.decisions, decisions.choices, 8, 16, np.random.default_rng(0))
    for length in decisions.lengths:
        tokens = decisions.sample(weights, length, 100, np.random.default_rng(1))
        assert ((tokens >= 0).sum(axis=1) == length).all()
        for row in tokens:
            assert decisions.tokens(space.to_json(decisions.spec(row))).tolist() == row.tolist()
