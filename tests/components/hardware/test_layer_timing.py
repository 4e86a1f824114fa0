"""Timing one layer: what it adds to a call, on the asked device only, one copy after the other."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.hardware import layer_timing as module
from components.hardware.layer_timing import time_layer

ROWS = np.ones((4, 3), dtype=np.float32)
SECONDS = 0.05


class Notes:
    """What sleeping layers saw: their numbers at each trace and call; Keras would take lists of a layer into its state.

    Attributes:
        traced: (number, training) of each trace.
        begun: (number, seconds) of each call of a compiled function.
    """

    def __init__(self):
        self.traced, self.begun = [], []


class Sleeping(keras.layers.Layer):
    """Sleeps in every call of the compiled function."""

    def __init__(self, number, notes):
        super().__init__()
        self.number, self.notes = number, notes

    def call(self, inputs, training=None):
        self.notes.traced.append((self.number, training))
        return tf.numpy_function(self.wait, [inputs], tf.float32, stateful=False)  # else TensorFlow keeps the order

    def compute_output_shape(self, input_shape):
        return input_shape

    def wait(self, inputs):
        self.notes.begun.append((self.number, time.perf_counter()))
        time.sleep(SECONDS)
        return inputs


@pytest.fixture
def sleeping():
    """Three copies and their notes."""
    notes = Notes()
    models = [keras.Sequential([Sleeping(number, notes)]) for number in range(3)]
    for model in models:
        model(ROWS)
    notes.traced.clear()
    notes.begun.clear()
    return models, notes


def test_a_layer_is_what_a_further_copy_adds(sleeping):
    """50 ms for each further copy, and less than 30 for the call and whatever disturbs it.

    A median of 5 pairs is disturbed that much only where three of them are.
    """
    models, notes = sleeping
    timing = time_layer(models, ROWS, warmup=2, repeats=5, device="cpu")
    assert 1000 * SECONDS * 0.9 <= timing.latency_ms < 1000 * SECONDS + 30
    assert 0 <= timing.call_ms < 30
    assert timing.spread_ms >= 0
    assert (timing.repeats, timing.device) == (5, "CPU:0")
    every, first = [0, 1, 2], [0]  # all copies in turn, and the first alone
    assert notes.traced == [(number, False) for number in every + first]
    assert [number for number, _ in notes.begun] == 2 * (every + first) + 5 * (2 * every + 2 * first)


def test_no_copy_begins_before_the_one_before_has_ended(sleeping):
    models, notes = sleeping
    time_layer(models, ROWS, warmup=1, repeats=3, device="cpu")
    starts = [at for _, at in notes.begun]
    assert min(np.diff(starts)) >= SECONDS


def test_copies_are_computed_each_for_itself():
    """Seven copies of 512 x 512 take far longer than seven of 8 x 8; were equal work done once, both took as long.

    They have 4,096 times the products: measured 0.2 ms against 0.01.
    """

    def latency(width):
        rows = np.random.default_rng(0).random((64, width), dtype=np.float32)
        copies = [keras.Sequential([keras.Input((width,)), keras.layers.Dense(width)]) for _ in range(7)]
        return time_layer(copies, rows, warmup=2, repeats=15, device="cpu").latency_ms

    assert latency(512) > 3 * latency(8)


def test_a_device_that_is_not_there_is_refused_before_anything_runs(sleeping):
    models, notes = sleeping
    with pytest.raises(ValueError, match=r"TensorFlow has in this process \(.*cpu.*\)\. Received: device='tpu'\."):
        time_layer(models, ROWS, warmup=1, repeats=3, device="tpu")
    assert notes.begun == []


def test_a_result_computed_elsewhere_is_refused(sleeping, monkeypatch):
    """As where TensorFlow silently falls back to the processor; here it is sent there."""
    monkeypatch.setattr(module, "logical_device", lambda device: "CPU:0")
    with pytest.raises(ValueError, match=r"the result is computed on \(CPU\)\. Received: device='tpu'\."):
        time_layer(sleeping[0], ROWS, warmup=1, repeats=3, device="tpu")


@pytest.mark.parametrize(
    ("copies", "warmup", "repeats", "message"),
    [
        (1, 1, 3, r"`copies` must be two models or more\. Received: 1 copies\."),
        (2, 0, 5, r"`warmup` must be at least 1\. Received: warmup=0\."),
        (2, 1, 2, r"`repeats` must be at least 3\. Received: repeats=2\."),
    ],
)
def test_too_few_copies_and_calls_are_refused(sleeping, copies, warmup, repeats, message):
    with pytest.raises(ValueError, match=message):
        time_layer(sleeping[0][:copies], ROWS, warmup=warmup, repeats=repeats, device="cpu")
