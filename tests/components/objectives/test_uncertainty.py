"""Uncertainty: two cases by hand, the identities of information theory, and scikit-learn-free loops."""

import math

import numpy as np
import pytest

from components.objectives.uncertainty import uncertainty


def test_members_that_are_sure_of_different_classes_disagree_and_doubt_nothing_themselves():
    given = uncertainty(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    assert given.predictive == pytest.approx([math.log(2)])
    assert given.expected == pytest.approx([0.0])
    assert given.mutual_information == pytest.approx([math.log(2)])
    assert given.disagreement == pytest.approx([2 * math.log(2)])


def test_members_that_agree_in_doubting_have_no_mutual_information():
    given = uncertainty(np.full((3, 1, 4), 0.25))
    assert given.predictive == pytest.approx([math.log(4)])
    assert given.expected == pytest.approx([math.log(4)])
    assert given.mutual_information == pytest.approx([0.0])
    assert given.disagreement == pytest.approx([0.0])


def test_every_number_agrees_with_loops_over_rows_and_members():
    probabilities = np.random.default_rng(0).dirichlet(np.full(5, 0.3), size=(3, 40))
    given = uncertainty(probabilities)
    for row in range(40):
        mean = [sum(member[row][c] for member in probabilities) / 3 for c in range(5)]
        entropies = [-sum(p * math.log(p) for p in member[row]) for member in probabilities]
        divergences = [sum(p * math.log(p / m) for p, m in zip(member[row], mean)) for member in probabilities]
        assert given.predictive[row] == pytest.approx(-sum(m * math.log(m) for m in mean))
        assert given.expected[row] == pytest.approx(sum(entropies) / 3)
        assert given.disagreement[row] == pytest.approx(sum(divergences))


@pytest.mark.parametrize("members", [1, 2, 5])
def test_the_divergences_add_up_to_members_times_the_mutual_information(members):
    given = uncertainty(np.random.default_rng(1).dirichlet(np.ones(10), size=(members, 50)))
    np.testing.assert_allclose(given.disagreement, members * given.mutual_information, atol=1e-12)


def test_nothing_is_negative_or_not_finite_for_softmax_output_in_float32():
    logits = 40 * np.random.default_rng(2).normal(size=(1, 100, 10)).astype(np.float32)
    shifted = np.exp(logits - logits.max(axis=2, keepdims=True))
    probabilities = np.repeat(shifted / shifted.sum(axis=2, keepdims=True), 3, axis=0)
    assert probabilities.min() < 1e-30  # far below what a logarithm is cut at
    with np.errstate(all="raise"):
        given = uncertainty(probabilities)
    for values in given:
        assert np.all(np.isfinite(values)) and np.all(values >= 0)


def test_predictions_of_one_model_without_its_axis_are_refused():
    with pytest.raises(ValueError, match=r"members >= 1\. Received: shape \(4, 2\)\."):
        uncertainty(np.full((4, 2), 0.5))
