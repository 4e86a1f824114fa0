"""The ascent on the gradient norm, against finite differences in NumPy and forward-mode differentiation."""

import keras
import numpy as np
import pytest

from components.records.search import Stability
from components.rejection_screening.stability import gradient_norm_ascent
from components.training.runtime import prepare_tensorflow
from tests.oracles.sgd import cross_entropy_and_gradients

tf = prepare_tensorflow()


def regression(features=4, classes=3):
    return keras.Sequential([keras.Input((features,)), keras.layers.Dense(classes)])


def convnet():
    """A convnet with batch norm and a smooth activation."""
    image = x = keras.Input((6, 6, 2))
    for channels in (4, 6):
        x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
        x = keras.ops.silu(keras.layers.BatchNormalization()(x))
    return keras.Model(image, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x)))


class Applied(keras.layers.Layer):
    """A function of the input times a weight."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return self.function(self.scale * x)

    def compute_output_shape(self, shape):
        return shape


def applied(function):
    return keras.Sequential([keras.Input((4,)), Applied(function), keras.layers.Dense(3)])


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 4)).astype(np.float32), rng.integers(0, 3, 8)


def norm_at(weights, x, y):
    """Gradient norm of softmax regression with weights `[features * classes + classes]`, in float64."""
    kernel, bias = weights[:12].reshape(4, 3), weights[12:]
    _, kernel_gradient, bias_gradient = cross_entropy_and_gradients(kernel, bias, x.astype(np.float64), y)
    return np.sqrt((kernel_gradient**2).sum() + (bias_gradient**2).sum())


def numpy_ascent(weights, x, y, settings):
    """Norms on the way uphill, the direction found by central differences; and the weights at the end."""
    norms = [norm_at(weights, x, y)]
    for _ in range(settings.steps):
        steps = 1e-5 * np.eye(len(weights))
        uphill = np.array([norm_at(weights + h, x, y) - norm_at(weights - h, x, y) for h in steps])
        weights = weights + settings.rate * uphill / np.linalg.norm(uphill)
        norms.append(norm_at(weights, x, y))
    return norms


def test_norms_equal_those_of_finite_differences_in_numpy(batch):
    model, settings = regression(), Stability(steps=10, rate=0.3)
    weights = np.concatenate([np.array(v, np.float64).ravel() for v in model.trainable_variables])
    norms = gradient_norm_ascent(model, *batch, settings)
    np.testing.assert_allclose(norms, numpy_ascent(weights, *batch, settings), rtol=1e-4)
    assert len(norms) == 11
    assert norms[-1] > 1.3 * norms[0]  # uphill


def test_a_step_goes_along_the_hessian_times_the_gradient():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6, 6, 2)).astype(np.float32), rng.integers(0, 3, 5)
    model, rate = convnet(), 0.5
    weights = [v.value for v in model.trainable_variables]
    start = [v.numpy() for v in weights]

    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        return tape.gradient(loss, weights)

    def norm(arrays):
        return np.sqrt(sum((np.array(a, np.float64) ** 2).sum() for a in arrays))

    before = gradient()
    with tf.autodiff.ForwardAccumulator(weights, before) as accumulator:
        uphill = [accumulator.jvp(g).numpy() for g in gradient()]
    for weight, value, direction in zip(weights, start, uphill, strict=True):
        weight.assign(value + rate * direction / norm(uphill))
    after = norm(gradient())
    for weight, value in zip(weights, start, strict=True):
        weight.assign(value)

    norms = gradient_norm_ascent(model, x, y, Stability(steps=1, rate=rate))
    np.testing.assert_allclose(norms, [norm(before), after], rtol=1e-4)
    assert after > 1.1 * norm(before)


def test_the_ascent_ends_with_the_first_norm_above_the_threshold(batch):
    model = applied(lambda x: keras.ops.exp(4 * x))
    norms = gradient_norm_ascent(model, *batch, Stability(steps=50, rate=0.1, threshold=1e6))
    assert 2 < len(norms) < 51
    assert norms[-1] > 1e6
    assert max(norms[:-1]) <= 1e6


@pytest.mark.parametrize("function", [keras.ops.log, lambda x: keras.ops.exp(100 * x)], ids=["log", "exp"])
def test_a_norm_that_is_not_finite_ends_the_ascent_with_none(batch, function):
    norms = gradient_norm_ascent(applied(function), *batch, Stability(steps=5))
    assert norms == [None]  # the logarithm of a negative number; e^100 squared


def test_second_derivatives_beyond_the_root_of_the_largest_float_still_move_the_weights(batch):
    model = applied(lambda x: keras.ops.sin(1e13 * x))  # H is of the order of 1e26, its square beyond float32
    first, second = gradient_norm_ascent(model, *batch, Stability(steps=1, threshold=1e18))
    assert 1e11 < first != second


def test_where_the_gradient_vanishes_the_weights_stay(batch):
    model = keras.Sequential([keras.Input((4,)), Applied(lambda x: 0 * x), keras.layers.Dense(3, use_bias=False)])
    norms = gradient_norm_ascent(model, *batch, Stability(steps=3))
    assert norms == [0.0] * 4


def test_weights_that_the_loss_ignores_are_no_fault(batch):
    model = regression()
    with_idle = keras.Model(model.inputs, model.outputs)
    idle = Applied(lambda x: x)
    with_idle.idle = idle
    idle.build((4,))
    assert len(with_idle.trainable_variables) == 3
    assert len(gradient_norm_ascent(with_idle, *batch, Stability(steps=2))) == 3
