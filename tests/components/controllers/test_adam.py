"""Adam against `keras.optimizers.Adam`, step for step."""

import keras
import numpy as np
import pytest

from components.controllers.adam import adam_step


@pytest.mark.parametrize("rate", [1e-5, 1e-2])
def test_fifty_steps_are_those_of_keras(rate):
    """Both in float64; gradients from 1e-6 to 1e3, so that epsilon counts in some and not in others."""
    rng = np.random.default_rng(0)
    shapes = {"a": (3, 2), "b": (4,)}
    scales = {"a": 10.0 ** rng.integers(-6, 4, (3, 2)), "b": np.ones(4)}
    weights = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    first = second = {name: np.zeros(shape) for name, shape in shapes.items()}
    variables = [keras.Variable(weights[name], dtype="float64") for name in shapes]
    optimizer = keras.optimizers.Adam(learning_rate=rate)
    keras.backend.set_floatx("float64")  # the optimizer's own variables
    try:
        optimizer.build(variables)
        optimizer.learning_rate = rate
        for step in range(1, 51):
            gradients = {name: scales[name] * rng.standard_normal(shape) for name, shape in shapes.items()}
            optimizer.apply([keras.ops.convert_to_tensor(one, "float64") for one in gradients.values()], variables)
            weights, first, second = adam_step(weights, gradients, first, second, step, rate)
            for ours, theirs in zip(weights.values(), variables, strict=True):
                # Keras has beta_2 in float32, where 1 - beta_2 is off by 1.3e-5 of it, and a step by half that.
                np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-5 * rate * step)
    finally:
        keras.backend.set_floatx("float32")


def test_the_first_step_is_the_rate_against_the_gradients_sign():
    """Bias correction makes the first moments g and g^2, so the step is g / |g| but for epsilon."""
    start, zeros = {"w": np.array([1.0, 1.0, 1.0])}, {"w": np.zeros(3)}
    gradient = {"w": np.array([5.0, -0.1, 0.0])}
    weights, first, _ = adam_step(start, gradient, zeros, zeros, 1, 0.25)
    np.testing.assert_allclose(weights["w"], [0.75, 1.25, 1.0], atol=1e-5)
    np.testing.assert_allclose(first["w"], [0.5, -0.01, 0.0])
    assert start["w"].tolist() == [1, 1, 1]


def test_decays_epsilon_and_runs_side_by_side():
    """Two runs, one at its first step and one at its second, by the formula with beta 0.5 and 0.8 and epsilon 1."""
    weights, gradients = {"w": np.array([[1.0], [1.0]])}, {"w": np.array([[2.0], [-1.0]])}
    first, second = {"w": np.array([[0.0], [0.5]])}, {"w": np.array([[0.0], [0.2]])}
    steps = np.array([[1], [2]])
    found, moment, square = adam_step(
        weights, gradients, first, second, steps, 0.1, beta_1=0.5, beta_2=0.8, epsilon=1.0
    )
    np.testing.assert_allclose(moment["w"], [[1.0], [-0.25]])
    np.testing.assert_allclose(square["w"], [[0.8], [0.36]])
    rates = [0.1 * 0.2**0.5 / 0.5, 0.1 * 0.36**0.5 / 0.75]
    np.testing.assert_allclose(
        found["w"], [[1 - rates[0] * 1.0 / (0.8**0.5 + 1)], [1 + rates[1] * 0.25 / (0.6 + 1)]], rtol=1e-12
    )
