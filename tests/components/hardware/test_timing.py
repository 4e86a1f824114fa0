"""Timing a real model: on the asked device only, compiled once, in inference mode."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.hardware import timing as module
from components.hardware.timing import best_pass, compiled_multiply, time_forward

ROWS = np.ones((4, 3), dtype=np.float32)


class Watching(keras.layers.Layer):
    """Notes every trace with its `training` flag, and sleeps 5 ms in every call of the compiled function."""

    def __init__(self):
        super().__init__()
        self.traced, self.called = [], 0

    def call(self, inputs, training=None):
        self.traced.append(training)
        return tf.numpy_function(self.wait, [inputs], tf.float32)

    def compute_output_shape(self, input_shape):
        return input_shape

    def wait(self, inputs):
        self.called += 1
        time.sleep(0.005)
        return inputs


@pytest.fixture
def watched():
    layer = Watching()
    model = keras.Sequential([layer])
    model(ROWS)
    layer.traced, layer.called = [], 0
    return model, layer


def test_the_median_covers_the_work_and_every_call_is_made_once(watched):
    model, layer = watched
    timing = time_forward(model, ROWS, warmup=2, repeats=7, device="cpu")
    assert layer.traced == [False]  # one trace, in inference mode
    assert layer.called == 2 + 7
    assert timing.median_ms >= 5.0
    assert 0 <= timing.spread_ms < 1000
    assert (timing.repeats, timing.device) == (7, "CPU:0")


def test_a_device_that_is_not_there_is_refused_before_anything_runs(watched):
    model, layer = watched
    with pytest.raises(ValueError, match=r"TensorFlow has in this process \(.*cpu.*\)\. Received: device='tpu'\."):
        time_forward(model, ROWS, warmup=1, repeats=3, device="tpu")
    assert layer.called == 0


def test_a_result_computed_elsewhere_is_refused(watched, monkeypatch):
    """As where TensorFlow silently falls back to the processor; here it is sent there."""
    monkeypatch.setattr(module, "logical_device", lambda device: "CPU:0")
    with pytest.raises(ValueError, match=r"the result is computed on \(CPU\)\. Received: device='tpu'\."):
        time_forward(watched[0], ROWS, warmup=1, repeats=3, device="tpu")


@pytest.mark.parametrize(
    ("warmup", "repeats", "message"),
    [
        (0, 5, r"`warmup` must be at least 1\. Received: warmup=0\."),
        (1, 2, r"`repeats` must be at least 3\. Received: repeats=2\."),
    ],
)
def test_too_few_calls_are_refused(watched, warmup, repeats, message):
    with pytest.raises(ValueError, match=message):
        time_forward(watched[0], ROWS, warmup=warmup, repeats=repeats, device="cpu")


def test_the_compiled_product_is_the_product():
    left, right = np.random.default_rng(0).standard_normal((2, 20, 20), dtype=np.float32)
    np.testing.assert_allclose(compiled_multiply()(left, right), left @ right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "taken, passes, best",
    [([3.0, 9.0], 4, 3.0), ([9.0, 8.0, 5.0, 1.0], 4, 5.0), ([7.0, 8.0, 6.5, 9.0, 1.0], 4, 6.5), ([9.0, 1.0], 1, 9.0)],
    ids=["good at once", "good at last", "never good", "one pass"],
)
def test_the_least_disturbed_pass_counts_and_none_follows_a_good_one(taken, passes, best):
    left = iter(taken)
    measured = best_pass(lambda: next(left), disturbed_ms=float, good=lambda one: one <= 5.0, passes=passes)
    made = len(taken) - len(list(left))
    assert measured == best and made == min(passes, next((i for i, one in enumerate(taken, 1) if one <= 5.0), passes))
