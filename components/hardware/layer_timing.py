"""Measured latency of one layer, net of what calling a compiled function takes.

Needs TensorFlow, which is imported when a function is called, not before.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from components.hardware.timing import check_calls, computed_on, logical_device

if TYPE_CHECKING:
    import keras


class LayerTiming(NamedTuple):
    """Latency of a layer within a network.

    Fields:
        latency_ms, spread_ms: median and interquartile range over the repeats; the median is cut at 0, below which
            only noise can bring it.
        call_ms: what a call takes without the layer: the median call of one copy less `latency_ms`, cut at 0.
        repeats: timed calls of each function.
        device: where the result was computed, as TensorFlow says it: `CPU:0`.
    """

    latency_ms: float
    spread_ms: float
    call_ms: float
    repeats: int
    device: str


def time_layer(
    copies: Sequence["keras.Model"], x: np.ndarray, *, warmup: int, repeats: int, device: str
) -> LayerTiming:
    """Times a layer in inference mode as `components.hardware.timing.time_forward` times a model.

    A call costs some hundred times what a small layer does, so the layer is what further copies of it add: in one
    compiled function all copies compute one after the other, each from the same rows with weights of its own; in
    another only the first does. The two alternate, and the difference within each pair, shared among the further
    copies, is a repeat's latency: a machine that becomes slower in between changes one pair. Of each, a call that is
    not timed comes before the one that is, as the weights of many copies drive the first one's out of the caches,
    which made large layers seem a quarter faster. A copy of the rows' handle and one number of the output are part of
    a layer; they take about a microsecond.

    Args:
        copies: two or more models of the layer alone (TensorFlow backend); the more, the less noise is left.
        x: rows of its inputs, `[batch, *input_shape]`.
        warmup: untimed calls of each function, >= 1; the first compiles.
        repeats: timed calls of each, >= 3.
        device: `cpu`, `gpu` or `tpu`.

    Raises:
        ValueError: there is one copy or none, warmup or repeats is too small, TensorFlow has no such device in this
            process, or it computed the result on another.
    """
    import tensorflow as tf

    check_calls(warmup, repeats)
    if len(copies) < 2:
        raise ValueError(f"`copies` must be two models or more. Received: {len(copies)} copies.")
    with tf.device(logical_device(device)):
        rows = tf.constant(x)
        every, first = _in_turn(copies), _in_turn(copies[:1])
        for _ in range(warmup):
            result = every(rows)
            first(rows).numpy()
        where = computed_on(result, device)
        pairs = np.array([[_milliseconds(every, rows), _milliseconds(first, rows)] for _ in range(repeats)])
    added = (pairs[:, 0] - pairs[:, 1]) / (len(copies) - 1)
    low, median, high = np.percentile(added, [25, 50, 75])
    latency = max(0.0, float(median))
    call = max(0.0, float(np.median(pairs[:, 1])) - latency)
    return LayerTiming(latency, float(high - low), call, repeats, where)


def _in_turn(layers: Sequence["keras.Model"]) -> Callable[[Any], Any]:
    """A compiled function of rows in which each layer begins when the one before has ended; one number of all."""
    import tensorflow as tf

    def call(rows: Any) -> Any:
        ends: list[Any] = []
        for layer in layers:
            with tf.control_dependencies(ends[-1:]):  # else two of them could run at once, or share their inputs' cache
                given = tf.identity(rows)
            ends.append(tf.reshape(layer(given, training=False), [-1])[:1])
        return tf.add_n(ends)

    return tf.function(call, autograph=False)


def _milliseconds(function: Callable[[Any], Any], rows: Any) -> float:
    """The time of a second call in a row: the first brings back what another function drove out of the caches."""
    function(rows).numpy()
    start = time.perf_counter()
    function(rows).numpy()  # the copy waits for the device to finish
    return 1000 * (time.perf_counter() - start)
