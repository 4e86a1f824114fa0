"""Updates of a prefix of each weight, in place: what lies outside of it, weights and slots alike, stays as it is."""

from collections.abc import Sequence
from typing import Any, Protocol

from components.records.search import Training
from components.training.runtime import prepare_tensorflow
from components.training.update import ADAM, AdamConstants


class SliceUpdate(Protocol):
    """Moves prefixes of the variables of one network.

    Attributes:
        slots: TensorFlow variables that it keeps from step to step, from its making on.
    """

    slots: list[Any]

    def step_size(self, learning_rate: float, step: int) -> float:
        """Returns what a step, counted from 0, hands to `apply` as its rate."""

    def apply(self, parts: Sequence[Any], shapes: Sequence[Any], gradients: Sequence[Any], rate: Any) -> None:
        """Adds the operations of one step.

        Args:
            parts: the prefixes' present values.
            shapes: of the prefixes, each `[rank]` int32.
            gradients: of the loss by the prefixes, as dense tensors.
            rate: scalar tensor, `step_size` of the step.
        """


def slice_update(variables: Sequence[Any], training: Training) -> SliceUpdate:
    """Returns the training section's optimizer for prefixes of a network's variables."""
    if training.optimizer == "adam":
        return AdamSlices(variables, ADAM)
    return NesterovSlices(variables, training.momentum)


def prefix(variable: Any, shape: Any) -> Any:
    """Returns the part of a TensorFlow variable before an index on each axis, of the given shape `[rank]` int32."""
    tf = prepare_tensorflow()
    return tf.slice(variable, tf.zeros_like(shape), shape)


class NesterovSlices:
    """SGD with Nesterov momentum: m <- momentum m - rate g; w <- w + momentum m - rate g, within the prefix.

    NOTE: the source does not say what becomes of the momenta of weights that a child leaves out. Here they stay.

    Args:
        variables: the network's trainable Keras variables.
        momentum: in [0, 1).
    """

    def __init__(self, variables: Sequence[Any], momentum: float):
        self._weights, self._momentum = [one.value for one in variables], momentum
        self.slots = _zeros(self._weights) if momentum else []

    def step_size(self, learning_rate: float, step: int) -> float:
        """Returns the learning rate."""
        return learning_rate

    def apply(self, parts: Sequence[Any], shapes: Sequence[Any], gradients: Sequence[Any], rate: Any) -> None:
        """Adds the operations of one step."""
        for at, (part, shape, gradient) in enumerate(zip(parts, shapes, gradients, strict=True)):
            step = -rate * gradient
            if self.slots:
                momenta = self._momentum * prefix(self.slots[at], shape) + step
                _assign(self.slots[at], shape, momenta)
                step = self._momentum * momenta + step
            _assign(self._weights[at], shape, part + step)


class AdamSlices:
    """Adam, as `keras.optimizers.Adam` has it, within the prefix.

    NOTE: the source does not say what becomes of the moments of weights that a child leaves out. Here they stay, and
    the correction of their bias counts all steps, not those in which a weight took part.

    Args:
        variables: the network's trainable Keras variables.
        constants: decays and epsilon.
    """

    def __init__(self, variables: Sequence[Any], constants: AdamConstants):
        self._weights, self._constants = [one.value for one in variables], constants
        self._count = len(self._weights)
        self.slots = _zeros([*self._weights, *self._weights])

    def step_size(self, learning_rate: float, step: int) -> float:
        """Returns the learning rate with both corrections of bias."""
        beta_1, beta_2, _ = self._constants
        return learning_rate * (1 - beta_2 ** (step + 1)) ** 0.5 / (1 - beta_1 ** (step + 1))

    def apply(self, parts: Sequence[Any], shapes: Sequence[Any], gradients: Sequence[Any], rate: Any) -> None:
        """Adds the operations of one step."""
        tf = prepare_tensorflow()
        beta_1, beta_2, epsilon = self._constants
        for at, (part, shape, gradient) in enumerate(zip(parts, shapes, gradients, strict=True)):
            first, second = self.slots[at], self.slots[self._count + at]
            mean, square = prefix(first, shape), prefix(second, shape)
            mean += (gradient - mean) * (1 - beta_1)
            square += (tf.square(gradient) - square) * (1 - beta_2)
            _assign(first, shape, mean)
            _assign(second, shape, square)
            _assign(self._weights[at], shape, part - mean * rate / (tf.sqrt(square) + epsilon))


def _zeros(weights: Sequence[Any]) -> list[Any]:
    tf = prepare_tensorflow()
    return [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in weights]


def _assign(variable: Any, shape: Any, value: Any) -> None:
    tf = prepare_tensorflow()
    tf.raw_ops.ResourceStridedSliceAssign(
        ref=variable.handle,
        begin=tf.zeros_like(shape),
        end=shape,
        strides=tf.ones_like(shape),
        value=value,
    )
