"""Errors, R² and deviations of predicted numbers, against scikit-learn and sampled mixtures."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error as sklearn_mae
from sklearn.metrics import r2_score, root_mean_squared_error

from components.objectives import regression


def numbers(seed=0, rows=150):
    """Predictions that know something of their labels, in a unit of thousands."""
    rng = np.random.default_rng(seed)
    labels = rng.normal(5000, 800, rows)
    return labels + rng.normal(0, 300, rows), labels


@pytest.mark.parametrize("seed", range(3))
def test_errors_and_r_squared_are_those_of_scikit_learn(seed):
    predictions, labels = numbers(seed)
    for guess in (predictions, predictions[::-1], labels):
        assert regression.root_mean_squared_error(guess, labels) == pytest.approx(
            root_mean_squared_error(labels, guess)
        )
        assert regression.mean_absolute_error(guess, labels) == pytest.approx(sklearn_mae(labels, guess))
        assert regression.r_squared(guess, labels) == pytest.approx(r2_score(labels, guess))


@pytest.mark.parametrize("guess", [[2.0, 2.0], [2.0, 3.0]], ids=["right", "wrong"])
def test_r_squared_of_equal_labels_is_scikit_learns(guess):
    labels = np.array([2.0, 2.0])
    assert regression.r_squared(np.array(guess), labels) == r2_score(labels, guess)


def test_the_deviation_is_that_of_the_mixture_of_the_members():
    """100,000 draws: the deviation's own standard error is about 0.25% of it, so 1.5% fails by luck in 1 of 1e8."""
    rng = np.random.default_rng(1)
    predictions, errors = rng.normal(0, 2, (3, 4)), np.array([0.5, 1.0, 2.5])
    spread = regression.spread(predictions, errors)
    member = rng.integers(3, size=100_000)
    for row in range(4):
        draws = rng.normal(predictions[member, row], errors[member])
        assert spread.predictive[row] == pytest.approx(draws.std(), rel=0.015)
    np.testing.assert_allclose(spread.predictive**2, spread.expected**2 + spread.disagreement**2)


def test_members_that_agree_leave_their_own_error():
    spread = regression.spread(np.ones((2, 5)), np.array([3.0, 4.0]))
    np.testing.assert_allclose(spread.disagreement, 0)
    np.testing.assert_allclose(spread.predictive, np.sqrt(12.5))


def test_the_95_percent_interval_holds_95_percent_of_normal_errors():
    """The share of 20,000 rows has a standard error of 0.0015; 5 of them come by luck once in 1e6."""
    rng = np.random.default_rng(2)
    deviations = rng.uniform(0.5, 3, 20_000)
    labels = rng.normal(0, deviations)
    assert regression.coverage(np.zeros(20_000), labels, deviations) == pytest.approx(0.95, abs=0.0075)
    assert regression.coverage(np.array([0.0, 0.0]), np.array([1.95, 1.97]), np.ones(2)) == 0.5


@pytest.mark.parametrize(
    "predictions, labels, message",
    [
        ([[1.0]], [1.0], r"must both be \[rows\], rows >= 1. Received: shapes \(1, 1\) and \(1,\)"),
        ([], [], r"Received: shapes \(0,\) and \(0,\)"),
        ([1.0, np.nan], [1.0, 2.0], "`predictions` must be finite. Received: nan."),
        ([1.0, 2.0], [np.inf, 2.0], "`labels` must be finite. Received: inf."),
    ],
)
def test_bad_arguments_are_refused(predictions, labels, message):
    for measure in (regression.root_mean_squared_error, regression.mean_absolute_error, regression.r_squared):
        with pytest.raises(ValueError, match=message):
            measure(np.array(predictions), np.array(labels))
    with pytest.raises(ValueError, match=r"members >= 1. Received: shapes \(2, 3\) and \(3,\)"):
        regression.spread(np.ones((2, 3)), np.ones(3))
