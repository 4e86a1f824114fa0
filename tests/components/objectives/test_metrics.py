"""Metrics against scikit-learn, plain loops and an example by hand."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from components.objectives import metrics

# five rows of two classes; confidences 0.95, 0.95, 0.55, 0.55, 0.6
HAND = np.array([[0.95, 0.05], [0.05, 0.95], [0.55, 0.45], [0.55, 0.45], [0.4, 0.6]])
HAND_LABELS = np.array([0, 1, 1, 0, 0])  # right, right, wrong, right, wrong


def predictions(rows=200, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.5), size=rows), rng.integers(classes, size=rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accuracy_and_nll_agree_with_scikit_learn(dtype):
    probabilities, labels = predictions()
    given = probabilities.astype(dtype)
    assert metrics.accuracy(given, labels) == accuracy_score(labels, probabilities.argmax(axis=1))
    assert metrics.negative_log_likelihood(given, labels) == pytest.approx(log_loss(labels, probabilities), rel=1e-5)


def test_brier_is_the_squared_distance_to_the_label():
    # row 0: 0.05^2 twice; row 2: 0.55^2 twice; row 4: 0.6^2 twice; rows 1 and 3 like 0, and 0.45^2 twice
    expected = 2 * (0.05**2 + 0.05**2 + 0.55**2 + 0.45**2 + 0.6**2) / 5
    assert metrics.brier_score(HAND, HAND_LABELS) == pytest.approx(expected)


def test_calibration_by_hand():
    """Five bins of width 0.2: (0.4, 0.6] has 3 rows, confidence 1.7 / 3, accuracy 1 / 3; (0.8, 1] has 2, 0.95 and 1."""
    diagram = metrics.reliability(HAND, HAND_LABELS, bins=5)
    assert diagram.rows.tolist() == [0, 0, 3, 0, 2]
    np.testing.assert_allclose(diagram.confidence, [np.nan, np.nan, 1.7 / 3, np.nan, 0.95])
    np.testing.assert_allclose(diagram.accuracy, [np.nan, np.nan, 1 / 3, np.nan, 1.0])
    np.testing.assert_allclose(diagram.upper - diagram.lower, 0.2)
    error = metrics.expected_calibration_error(HAND, HAND_LABELS, bins=5)
    assert error == pytest.approx(3 / 5 * (1.7 / 3 - 1 / 3) + 2 / 5 * 0.05)


def test_calibration_error_agrees_with_a_loop_over_fifteen_bins():
    probabilities, labels = predictions(rows=500, seed=1)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for number in range(15):
        inside = [row for row in range(500) if number / 15 < confidence[row] <= (number + 1) / 15]
        if inside:
            expected += len(inside) / 500 * abs(np.mean(right[inside]) - np.mean(confidence[inside]))
    assert metrics.expected_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_a_bin_holds_its_upper_edge():
    diagram = metrics.reliability(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]), bins=4)
    assert diagram.rows.tolist() == [0, 1, 1, 0]


def test_a_sure_row_falls_into_the_last_bin():
    diagram = metrics.reliability(np.array([[0.0, 1.0]]), np.array([1]))
    assert diagram.rows.tolist() == [0] * 14 + [1]
    assert metrics.expected_calibration_error(np.array([[0.0, 1.0]]), np.array([1])) == 0.0


def test_a_label_of_probability_zero_costs_a_finite_amount():
    # ln 1e-12 = -27.63; in float32 too, where 1e-45 is the smallest number
    given = np.array([[1.0, 0.0]], dtype=np.float32)
    with np.errstate(all="raise"):
        assert metrics.negative_log_likelihood(given, np.array([1])) == pytest.approx(27.631, abs=1e-3)


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[2.0, -1.0]], [0], r"non-negative and add up to 1 .* Received: values from -1\.0 and sums from 1\.0 to 1\.0"),
        ([[3.0, 1.0]], [0], r"\(logits don't\)\. Received: values from 1\.0 and sums from 4\.0"),
        ([[np.nan, 1.0]], [0], r"`probabilities` must be non-negative"),
        ([[0.5, 0.5]], [2], r"`labels` must be integers in \[0, 2\)\. Received: int64 from 2 to 2\."),
        ([[0.5, 0.5]], [-1], r"`labels` must be integers in \[0, 2\)\. Received: int64 from -1"),
        ([[0.5, 0.5]], [0.0], r"`labels` must be integers in \[0, 2\)\. Received: float64"),
        ([[0.5, 0.5]], [0, 1], r"rows >= 1\. Received: shapes \(1, 2\) and \(2,\)"),
        (np.empty((0, 2)), np.empty(0, dtype=int), r"rows >= 1\. Received: shapes \(0, 2\) and \(0,\)"),
    ],
)
@pytest.mark.parametrize(
    "metric",
    [
        metrics.accuracy,
        metrics.negative_log_likelihood,
        metrics.brier_score,
        metrics.reliability,
        metrics.expected_calibration_error,
    ],
)
def test_what_are_no_predictions_is_refused(metric, probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        metric(np.array(probabilities), np.array(labels))


def test_auc_is_the_share_of_ordered_pairs_and_of_two_classes_alone():
    """Against counting all pairs; probabilities of one decimal, so that some are equal."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    second = np.round(np.clip(0.3 * labels + rng.uniform(0, 0.7, 80), 0, 1), 1)
    differences = second[labels == 1][:, None] - second[labels == 0][None]
    expected = np.mean((differences > 0) + 0.5 * (differences == 0))
    assert metrics.area_under_roc(np.stack([1 - second, second], axis=1), labels) == pytest.approx(expected)
    assert metrics.area_under_roc(np.full((3, 3), 1 / 3), np.arange(3)) is None
    assert metrics.area_under_roc(np.full((3, 2), 0.5), np.ones(3, int)) is None
