"""Stochastic gradient descent with Nesterov momentum, as operations of a traced step."""

from collections.abc import Sequence
from typing import Any

from components.training.runtime import prepare_tensorflow


def nesterov_step(
    weights: Sequence[Any], momenta: Sequence[Any], gradients: Sequence[Any], learning_rate: Any, momentum: float
) -> None:
    """Moves each weight once: m <- momentum m - rate g; w <- w + momentum m - rate g.

    A weight whose gradient is None (the loss does not depend on it) stays.

    Args:
        weights, momenta: variables, changed in place.
        gradients: one for each weight.
        learning_rate: scalar tensor.
        momentum: in [0, 1); 0 is plain gradient descent.
    """
    tf = prepare_tensorflow()
    for weight, slot, gradient in zip(weights, momenta, gradients, strict=True):
        if gradient is None:
            continue
        tf.raw_ops.ResourceApplyKerasMomentum(  # one fused kernel a weight
            var=weight.handle,
            accum=slot.handle,
            lr=learning_rate,
            grad=gradient,
            momentum=momentum,
            use_nesterov=True,
        )


def with_weight_decay(weights: Sequence[Any], gradients: Sequence[Any], decays: Sequence[float]) -> list[Any]:
    """Returns the gradients of the loss with (decay / 2) w^2 added for each weight: gradient + decay w; None stays.

    Args:
        weights: variables.
        gradients, decays: one for each weight.
    """
    return [
        gradient if gradient is None or not decay else gradient + decay * weight
        for weight, gradient, decay in zip(weights, gradients, decays, strict=True)
    ]
