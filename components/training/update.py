"""How the weights move, as operations of a traced step: the training section's SGD or Adam, or any Keras optimizer."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from components.records.search import Training
from components.training.runtime import prepare_tensorflow
from components.training.sgd import nesterov_step

if TYPE_CHECKING:
    import keras

MakeOptimizer = Callable[[], "keras.optimizers.Optimizer"]


class AdamConstants(NamedTuple):
    """Decays of Adam's first and second moments, in [0, 1), and what is added to the root of the second, > 0."""

    beta_1: float
    beta_2: float
    epsilon: float


ADAM = AdamConstants(0.9, 0.999, 1e-7)  # Keras's defaults


class Update(Protocol):
    """Moves the trainable variables of one model.

    Attributes:
        slots: variables that it keeps from step to step, from its making on.
    """

    slots: list[Any]

    def apply(self, gradients: Sequence[Any], learning_rate: Any) -> None:
        """Adds the operations of one step; a variable whose gradient is None stays."""


class NesterovUpdate:
    """SGD with Nesterov momentum.

    Args:
        variables: the model's trainable variables.
        momentum: in [0, 1).
    """

    def __init__(self, variables: Sequence["keras.Variable"], momentum: float):
        tf = prepare_tensorflow()
        self._weights, self._momentum = [variable.value for variable in variables], momentum
        self.slots = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights]

    def apply(self, gradients: Sequence[Any], learning_rate: Any) -> None:
        """Adds the operations of one step."""
        nesterov_step(self._weights, self.slots, gradients, learning_rate, self._momentum)


class OptimizerUpdate:
    """A Keras optimizer, whose learning rate is set to that of each step.

    Args:
        variables: the model's trainable variables.
        optimizer: not yet built, with a plain learning rate.

    Raises:
        TypeError: when it is applied, where the optimizer's learning rate is a schedule.
    """

    def __init__(self, variables: Sequence["keras.Variable"], optimizer: "keras.optimizers.Optimizer"):
        optimizer.build(list(variables))
        self._variables, self._optimizer = variables, optimizer
        self.slots = optimizer.variables

    def apply(self, gradients: Sequence[Any], learning_rate: Any) -> None:
        """Adds the operations of one step."""
        self._optimizer.learning_rate = learning_rate
        pairs = [(g, v) for g, v in zip(gradients, self._variables, strict=True) if g is not None]
        self._optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])


def training_update(
    variables: Sequence["keras.Variable"], training: Training, make_optimizer: MakeOptimizer | None = None
) -> Update:
    """Returns how a training moves its weights: by an optimizer of its own, or else by the training section's.

    Args:
        variables: the model's trainable variables.
        training: the section, with `optimizer` and `momentum`.
        make_optimizer: makes an optimizer in the section's place, not yet built; None for none.
    """
    if make_optimizer is not None:
        return OptimizerUpdate(variables, make_optimizer())
    if training.optimizer == "adam":
        import keras

        return OptimizerUpdate(variables, keras.optimizers.Adam(training.learning_rate, *ADAM))
    return NesterovUpdate(variables, training.momentum)
