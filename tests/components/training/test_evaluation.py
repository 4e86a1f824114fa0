"""Accuracy and NLL against scikit-learn; logits of any number of rows against one direct call."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score

from components.training.checkpoint import save_weights
from components.training.evaluation import Predictor, evaluate_logits, predict_logits
from components.training.runtime import prepare_tensorflow
from tests.components.training.small_trial import build


def test_accuracy_and_nll_equal_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(200, 4)).astype(np.float32)
    labels = rng.integers(0, 4, 200)
    score = evaluate_logits(logits, labels)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert score.accuracy == accuracy_score(labels, logits.argmax(axis=1))
    assert score.nll == pytest.approx(log_loss(labels, probabilities), rel=1e-6)


def test_large_logits_do_not_overflow():
    assert evaluate_logits(np.array([[1e4, 1e4 - 1]], np.float32), np.array([0])).nll == pytest.approx(
        np.log1p(np.exp(-1))
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_wrong_and_leaves_no_nll(bad):
    logits = np.array([[2, 1], [bad, 0], [0, 3], [1, bad]], np.float32)
    labels = np.array([0, 0, 1, 1])  # argmax would call rows 1 or 3 right
    assert evaluate_logits(logits, labels) == (0.5, None)


@pytest.mark.parametrize(("rows", "traces"), [(1, 0), (255, 0), (257, 0), (1024, 0), (1025, 1), (1500, 1)])
def test_every_row_gets_its_logits_from_one_trace_at_most(rows, traces):
    prepare_tensorflow()
    model = build()
    x = np.random.default_rng(0).normal(size=(rows, 6, 6, 1)).astype(np.float32)
    predictor = Predictor(model)
    np.testing.assert_allclose(predictor.logits(x), model(x, training=False).numpy(), rtol=1e-4, atol=1e-5)
    assert predictor.forward.traces == traces


def test_stored_weights_predict_as_the_model_that_they_came_from():
    tf = prepare_tensorflow()
    model = build()
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(tf.random.stateless_uniform(variable.shape, (1, 2), 0.5, 1.5))  # moving averages too
    x = np.random.default_rng(0).normal(size=(5, 6, 6, 1)).astype(np.float32)
    expected = Predictor(model).logits(x)
    np.testing.assert_array_equal(predict_logits(build, save_weights(model), x), expected)


def test_targets_are_scored_by_r_squared_and_half_the_squared_error():
    rng = np.random.default_rng(0)
    targets = rng.normal(size=150).astype(np.float32)
    outputs = (targets + rng.normal(scale=0.5, size=150)).astype(np.float32)[:, None]
    score = evaluate_logits(outputs, targets)
    assert score.accuracy == pytest.approx(r2_score(targets, outputs[:, 0]), rel=1e-6)
    assert score.nll == pytest.approx(mean_squared_error(targets, outputs[:, 0]) / 2, rel=1e-6)
    worse = evaluate_logits(-outputs, targets)
    assert r2_score(targets, -outputs[:, 0]) < 0
    assert worse.accuracy == 0 and worse.nll > score.nll


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_output_that_is_not_finite_leaves_no_loss_and_no_quality(bad):
    assert evaluate_logits(np.array([[1.0], [bad]]), np.array([1.0, 2.0], np.float32)) == (0.0, None)
