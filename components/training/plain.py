"""Plain training of one model: SGD with Nesterov momentum in one traced step."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from components.records.results import TrialResult
from components.records.search import Training
from components.training.checkpoint import load_weights, save_weights
from components.training.evaluation import Evaluation, Predictor, evaluate_logits
from components.training.feed import Feed
from components.training.runtime import prepare_tensorflow
from components.training.schedule import learning_rate
from components.training.seeds import weights_seed
from components.training.sgd import nesterov_step
from components.training.traced import Traced
from components.training.trial import run_program

if TYPE_CHECKING:
    import keras


class Plain:
    """The program that trains a classifier's weights by the cross-entropy of its logits.

    Attributes:
        model: from `init` on.
        compiled, parameters: as the protocol says.
    """

    def __init__(
        self,
        build: Callable[[], "keras.Model"],
        feed: Feed,
        training: Training,
        *,
        seed: tuple[int, ...],
        total_steps: int,
    ):
        self._build, self._feed, self._training = build, feed, training
        self._seed, self._total_steps = seed, total_steps
        self.compiled: Mapping[str, Traced] = {}
        self.parameters = 0

    def init(self, start: bytes | None) -> None:
        """Builds the model, with weights drawn from the seed or filled from a checkpoint.

        Raises:
            DamagedWeights: where the checkpoint is damaged or of another model.
        """
        tf = prepare_tensorflow()
        import keras

        keras.utils.set_random_seed(weights_seed(self._seed))
        self.model = self._build()
        weights = [variable.value for variable in self.model.trainable_variables]
        self.parameters = sum(weight.shape.num_elements() for weight in weights)
        self._momenta = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in weights]
        if start is not None:
            load_weights(self.model, start, self._momenta)
        self._predictor = Predictor(self.model)
        self.compiled = {"train": Traced(self._traced_step(weights)), "evaluate": self._predictor.forward}

    def step(self, step: int) -> float:
        """Takes a step, numbered from 0, and returns the mean cross-entropy of its batch before the weights moved."""
        x, y = self._feed.batch(self._seed, step, self._training.batch_size, self._training.shift_pixels)
        rate = np.float32(learning_rate(self._training, step, self._total_steps))
        return float(self.compiled["train"](x, y, rate))

    def evaluate(self) -> Evaluation:
        """Scores the model on the validation rows, in inference mode."""
        return evaluate_logits(self._predictor.logits(self._feed.validation_x), self._feed.validation_y)

    def export(self) -> bytes:
        """Returns weights, moving averages and momenta as safetensors bytes."""
        return save_weights(self.model, self._momenta)

    def _traced_step(self, weights: list[Any]) -> Callable[..., Any]:
        tf = prepare_tensorflow()
        model, momenta, training = self.model, self._momenta, self._training
        decays = [training.weight_decay if "kernel" in v.name else 0.0 for v in model.trainable_variables]

        def step(x, y, rate):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                logits = model(x, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
            nesterov_step(weights, momenta, tape.gradient(loss, weights), decays, rate, training.momentum)
            return loss

        return step


def run_trial(
    build: Callable[[], "keras.Model"],
    feed: Feed,
    training: Training,
    *,
    variant: str,
    seed: tuple[int, ...],
    first_step: int,
    last_step: int,
    total_steps: int,
    start: bytes | None = None,
    deadline: float | None = None,
) -> tuple[TrialResult, bytes | None]:
    """Trains one variant of a candidate over the steps in [first_step, last_step) and evaluates it.

    Two calls, the second from the bytes of the first, give what one call gives, bit for bit, in any two processes.

    Args:
        build: makes the model, from rows to logits `[batch, classes]`.
        feed: the process's rows.
        training: batch size, rate, momentum, weight decay, schedule.
        variant: name of the variant, for the result.
        seed: determines the initial weights and every batch.
        first_step, last_step: the steps of this phase, numbered from 0.
        total_steps: horizon of the schedule, >= last_step.
        start: bytes that an earlier phase returned, which ended at first_step.
        deadline: in seconds of `time.monotonic`; no step begins after it.

    Returns:
        The result, and the trained state as safetensors bytes; None where no step was done or the loss
        was not finite.

    Raises:
        ValueError: where the steps go beyond the horizon.
        DamagedWeights: where `start` is damaged or of another model.
    """
    if not 0 <= first_step < last_step <= total_steps:
        raise ValueError(
            "`first_step` < `last_step` <= `total_steps` must hold. "
            f"Received: first_step={first_step}, last_step={last_step}, total_steps={total_steps}."
        )
    return run_program(
        lambda: Plain(build, feed, training, seed=seed, total_steps=total_steps),
        variant=variant,
        first_step=first_step,
        last_step=last_step,
        start=start,
        deadline=deadline,
    )
