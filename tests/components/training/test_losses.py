"""The mean loss of a batch against NumPy, values and gradients, for classes and for regression targets."""

import numpy as np
import pytest

from components.training.losses import mean_loss
from components.training.runtime import prepare_tensorflow

ROWS = 12


def loss_and_gradient(y, outputs):
    """The traced loss and its gradient in the outputs."""
    tf = prepare_tensorflow()
    held = tf.constant(outputs, tf.float32)

    @tf.function
    def step(labels):
        with tf.GradientTape() as tape:
            tape.watch(held)
            loss = mean_loss(labels, held)
        return loss, tape.gradient(loss, held)

    return tuple(one.numpy() for one in step(tf.constant(y)))


def test_classes_cost_the_cross_entropy_of_the_logits():
    rng = np.random.default_rng(0)
    logits, y = rng.normal(scale=3, size=(ROWS, 4)), rng.integers(0, 4, ROWS).astype(np.int32)
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    loss, gradient = loss_and_gradient(y, logits)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(ROWS), y]).mean(), rel=1e-6)
    np.testing.assert_allclose(gradient, (probabilities - np.eye(4)[y]) / ROWS, atol=1e-7)  # float32 rounding


def test_targets_cost_half_the_mean_squared_error_of_the_first_output():
    rng = np.random.default_rng(1)
    outputs, y = rng.normal(size=(ROWS, 1)), rng.normal(size=ROWS).astype(np.float32)
    error = outputs[:, 0] - y
    loss, gradient = loss_and_gradient(y, outputs)
    assert loss == pytest.approx((error**2).mean() / 2, rel=1e-6)
    assert gradient.shape == (ROWS, 1), "an [batch, 1] - [batch] broadcast would have made [batch, batch] of it"
    np.testing.assert_allclose(gradient[:, 0], error / ROWS, atol=1e-7)


def test_half_the_squared_error_is_a_negative_log_likelihood_up_to_its_constant():
    """Of a normal distribution of deviation 1: -ln p = error**2 / 2 + ln(2 pi) / 2."""
    error = 1.5
    loss, _ = loss_and_gradient(np.array([0.0], np.float32), np.array([[error]]))
    density = np.exp(-(error**2) / 2) / np.sqrt(2 * np.pi)
    assert loss + np.log(2 * np.pi) / 2 == pytest.approx(-np.log(density), rel=1e-6)
