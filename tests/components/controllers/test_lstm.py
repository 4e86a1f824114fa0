"""The LSTM against Keras's, forward and by TensorFlow's gradients, and its gradients against finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.controllers.lstm import LstmWeights, lstm_backward, lstm_forward, lstm_step

STEPS, ROWS, INPUTS, UNITS = 7, 5, 3, 4


def case(seed=0):
    """Weights, inputs and slopes, of standard deviation 1: gates far from their linear part."""
    rng = np.random.default_rng(seed)
    shapes = [(INPUTS, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)]
    weights = LstmWeights(*[rng.standard_normal(shape) for shape in shapes])
    return weights, rng.standard_normal((STEPS, ROWS, INPUTS)), rng.standard_normal((STEPS, ROWS, UNITS))


def test_it_computes_what_keras_does_forward_and_backward():
    """Both in float64, so that they agree to 1e-10 or not at all."""
    weights, inputs, slopes = case()
    layer = keras.layers.LSTM(UNITS, return_sequences=True, dtype="float64")
    batch_major = tf.constant(inputs.transpose(1, 0, 2))
    layer.build(batch_major.shape)
    layer.set_weights(list(weights))
    with tf.GradientTape() as tape:
        tape.watch(batch_major)
        hidden = layer(batch_major)
        loss = tf.reduce_sum(hidden * slopes.transpose(1, 0, 2))
    expected = tape.gradient(loss, [*[one.value for one in layer.trainable_variables], batch_major])
    trace = lstm_forward(weights, inputs)
    np.testing.assert_allclose(trace.hidden[1:].transpose(1, 0, 2), hidden, rtol=1e-10, atol=1e-12)
    gradients, by_inputs = lstm_backward(weights, trace, slopes)
    for ours, theirs in zip([*gradients, by_inputs.transpose(1, 0, 2)], expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("part", LstmWeights._fields)
def test_its_gradients_are_what_finite_differences_say(part):
    """Central differences of 1e-6 are off by the order of 1e-10 in float64; the loss is of the order of 10."""
    weights, inputs, slopes = case(1)
    gradients, _ = lstm_backward(weights, lstm_forward(weights, inputs), slopes)

    def loss(changed):
        return float((lstm_forward(weights._replace(**{part: changed}), inputs).hidden[1:] * slopes).sum())

    original, step = getattr(weights, part), 1e-6
    for index in list(np.ndindex(original.shape))[::5]:
        up, down = original.copy(), original.copy()
        up[index] += step
        down[index] -= step
        difference = (loss(up) - loss(down)) / (2 * step)
        assert abs(getattr(gradients, part)[index] - difference) < 1e-7 * max(1, abs(difference)), (part, index)


def test_steps_by_themselves_are_the_steps_of_a_sequence():
    weights, inputs, _ = case(2)
    trace = lstm_forward(weights, inputs)
    hidden = cells = np.zeros((ROWS, UNITS))
    for step in range(STEPS):
        hidden, cells, _ = lstm_step(weights, inputs[step], hidden, cells)
        assert np.array_equal(hidden, trace.hidden[step + 1])


def test_large_numbers_saturate_it_without_a_warning():
    """Of 1e4 the gates are 0 or 1 and the candidate -1 or 1; exp(1e4) would overflow."""
    weights, inputs, _ = case(3)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(lstm_forward(weights, inputs * 1e4).hidden).all()


def test_the_weights_precision_is_kept():
    weights, inputs, slopes = (case(4)[0], *[array.astype(np.float32) for array in case(4)[1:]])
    narrow = LstmWeights(*[array.astype(np.float32) for array in weights])
    trace = lstm_forward(narrow, inputs)
    assert {array.dtype for array in (*trace, *lstm_backward(narrow, trace, slopes)[0])} == {np.dtype(np.float32)}
