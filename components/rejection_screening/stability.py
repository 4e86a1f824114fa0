"""The numerical stability test: does the gradient explode when the weights are moved to make it?"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from components.records.search import Stability
from components.training.losses import mean_loss
from components.training.runtime import prepare_tensorflow, without_graph_optimizer
from components.training.traced import Traced

if TYPE_CHECKING:
    import keras


def gradient_norm_ascent(model: "keras.Model", x: np.ndarray, y: np.ndarray, settings: Stability) -> list[float | None]:
    """Moves a model's weights uphill on the norm of their gradient and returns the norms on the way.

    A step adds `settings.rate` times the unit vector along d||g||/dw = H g / ||g||, where g is the gradient and H the
    Hessian of the batch's mean loss in training mode, w all trainable weights as one vector.

    Args:
        model: from rows to logits or, for regression, to `[batch, 1]`; its weights and moving averages are changed.
        x, y: one fixed batch, `[batch, ...]` float32 and `[batch]`, classes int32 or regression targets float32.
        settings: number and size of the steps, and the threshold.

    Returns:
        The norm before the first step and after each, at most `settings.steps` + 1 numbers. The list ends early with a
        norm above the threshold, or with None for one that is not finite.

    Source: EvoNorm, section on rejection: ascent along the gradient of the gradient's norm, 100 steps, threshold 1e8.
    NOTE: the paper gives no step size. Ours is normalised, so that a step is as long in every network and a vast
    gradient does not leap over the threshold into infinity.
    """
    ascend = Traced(_ascent_step(model, settings.rate))
    norms: list[float | None] = []
    batch = np.asarray(x, np.float32), np.asarray(y)
    with without_graph_optimizer():
        while len(norms) <= settings.steps:
            norm = float(ascend(*batch))
            norms.append(norm if math.isfinite(norm) else None)
            if not norm <= settings.threshold:
                break
    return norms


def _ascent_step(model: "keras.Model", rate: float) -> Callable[[Any, Any], Any]:
    """A step to be traced, from a batch to the norm before the weights moved."""
    tf = prepare_tensorflow()
    weights = [variable.value for variable in model.trainable_variables]

    def step(x, y):
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(weights)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(weights)
                loss = mean_loss(y, model(x, training=True))
            gradients = inner.gradient(loss, weights, unconnected_gradients="zero")
        norm, unit = _normalised(tf, gradients)
        # The Hessian is symmetric: the derivative of <g, unit> with unit held fixed is H g / ||g||.
        uphill = outer.gradient(gradients, weights, output_gradients=unit, unconnected_gradients="zero")
        for weight, direction in zip(weights, _normalised(tf, uphill)[1], strict=True):
            weight.assign_add(rate * direction)
        return norm

    return step


def _normalised(tf: Any, vector: list[Any]) -> tuple[Any, list[Any]]:
    """Global norm, and the vector divided by it; a zero vector stays. In float64, since squares overflow float32."""
    parts = [tf.cast(part, tf.float64) for part in vector]
    norm = tf.linalg.global_norm(parts)
    return norm, [tf.cast(tf.math.divide_no_nan(part, norm), tf.float32) for part in parts]
