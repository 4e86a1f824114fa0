"""Measured latency of a model's forward pass, on the very device that was asked for.

Needs TensorFlow, which is imported when a function is called, not before.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    import keras

    from components.hardware.microbenchmark import Multiply


Measured = TypeVar("Measured")


class Timing(NamedTuple):
    """Latency of one call.

    Fields:
        median_ms, spread_ms: median and interquartile range over the repeats.
        repeats: timed calls.
        device: where the result was computed, as TensorFlow says it: `CPU:0`.
    """

    median_ms: float
    spread_ms: float
    repeats: int
    device: str


def time_forward(model: "keras.Model", x: np.ndarray, *, warmup: int, repeats: int, device: str) -> Timing:
    """Times the compiled forward pass in inference mode, input already on the device, result copied back.

    The threads are those that TensorFlow is set to in this process.

    Args:
        model: a Keras model (TensorFlow backend).
        x: the batch, `[batch, *input_shape]`.
        warmup: untimed calls, >= 1; the first compiles.
        repeats: timed calls, >= 3.
        device: `cpu`, `gpu` or `tpu`.

    Raises:
        ValueError: warmup or repeats is too small, TensorFlow has no such device in this process, or it computed the
            result on another.
    """
    import tensorflow as tf

    check_calls(warmup, repeats)
    with tf.device(logical_device(device)):
        batch = tf.constant(x)
        forward = tf.function(lambda rows: model(rows, training=False))
        for _ in range(warmup):
            logits = forward(batch)
        name = computed_on(logits, device)
        milliseconds = [_milliseconds(forward, batch) for _ in range(repeats)]
    low, median, high = np.percentile(milliseconds, [25, 50, 75])
    return Timing(float(median), float(high - low), repeats, name)


def best_pass(
    measure: Callable[[], Measured],
    *,
    disturbed_ms: Callable[[Measured], float],
    good: Callable[[Measured], bool],
    passes: int,
    pause_seconds: float = 0.0,
) -> Measured:
    """Measures once, and again while that isn't good; returns the pass that was disturbed least by other work.

    Args:
        measure: one pass.
        disturbed_ms: what other work makes larger in a pass, such as its median or its spread.
        good: whether no further pass is needed.
        passes: at most, >= 1.
        pause_seconds: before each further pass.
    """
    best = measure()
    for _ in range(passes - 1):
        if good(best):
            break
        time.sleep(pause_seconds)
        best = min(best, measure(), key=disturbed_ms)
    return best


def check_calls(warmup: int, repeats: int) -> None:
    """Raises ValueError where there are too few calls: less than one untimed, or three timed ones."""
    for name, value, least in (("warmup", warmup, 1), ("repeats", repeats, 3)):
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}. Received: {name}={value}.")


def computed_on(result: Any, device: str) -> str:
    """Returns where a tensor was computed, such as `CPU:0`.

    Args:
        result: the tensor.
        device: `cpu`, `gpu` or `tpu`.

    Raises:
        ValueError: it was computed on a device of another kind.
    """
    import tensorflow as tf

    place = tf.DeviceSpec.from_string(result.device)
    if place.device_type != device.upper():
        raise ValueError(
            f"`device` must be the one that the result is computed on ({place.device_type}). "
            f"Received: device={device!r}."
        )
    return f"{place.device_type}:{place.device_index}"


def compiled_multiply() -> "Multiply":
    """The matrix product of the library that runs the models, for `components.hardware.microbenchmark.measure_host`."""
    import tensorflow as tf

    product = tf.function(tf.linalg.matmul, reduce_retracing=True)
    return lambda left, right: product(tf.constant(left), tf.constant(right))


def logical_device(device: str) -> str:
    """TensorFlow's name of a device of a kind in this process: `cpu`, `gpu` or `tpu`.

    Raises:
        ValueError: there is none.
    """
    import tensorflow as tf

    logical = tf.config.list_logical_devices()
    for one in logical:
        if one.device_type == device.upper():
            return one.name
    seen = ", ".join(sorted({one.device_type.lower() for one in logical}))
    raise ValueError(f"`device` must be one that TensorFlow has in this process ({seen}). Received: device={device!r}.")


def _milliseconds(forward, batch) -> float:
    start = time.perf_counter()
    forward(batch).numpy()  # the copy waits for the device to finish
    return 1000 * (time.perf_counter() - start)
