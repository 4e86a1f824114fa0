"""Plain training of one model by the mean loss of its outputs, in one traced step."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from components.records.results import TrialResult
from components.records.search import Training
from components.training.checkpoint import load_weights, save_weights
from components.training.evaluation import Evaluation, Predictor, evaluate_logits
from components.training.feed import Feed
from components.training.losses import mean_loss
from components.training.runtime import prepare_tensorflow
from components.training.schedule import learning_rate
from components.training.scoring import evaluated_steps, trial_accuracy
from components.training.seeds import weights_seed
from components.training.sgd import with_weight_decay
from components.training.traced import Traced
from components.training.trial import Course, run_program
from components.training.update import MakeOptimizer, Update, training_update

if TYPE_CHECKING:
    import keras


class Plain:
    """The program that trains a model's weights by `mean_loss` of its outputs.

    The optimizer is the training section's, or one that is given.

    Attributes:
        model: from `init` on.
        peak_rate: peak learning rate of the steps to come; None for the training section's.
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
        optimizer: MakeOptimizer | None = None,
        evaluations: int = 1,
    ):
        """Takes what `run_trial` takes, and how often it is expected to be evaluated."""
        self._build, self._feed, self._training = build, feed, training
        self._seed, self._total_steps = seed, total_steps
        self._optimizer, self._evaluations = optimizer, evaluations
        self.peak_rate: float | None = None
        self._kept: Sequence[np.ndarray] = ()
        self.compiled: Mapping[str, Traced] = {}
        self.parameters = 0

    def init(self, start: bytes | None) -> None:
        """Builds the model, with weights drawn from the seed or filled from a checkpoint.

        Raises:
            DamagedWeights: where the checkpoint is damaged or of another model.
        """
        prepare_tensorflow()
        import keras

        keras.utils.set_random_seed(weights_seed(self._seed))
        self.model = self._build()
        variables = self.model.trainable_variables
        self.parameters = sum(variable.value.shape.num_elements() for variable in variables)
        self._update: Update = training_update(variables, self._training, self._optimizer)
        if start is not None:
            load_weights(self.model, start, self._update.slots)
        self._predictor = Predictor(self.model, self._evaluations)
        self.compiled = {"train": Traced(self._traced_step()), "evaluate": self._predictor.forward}

    def keep(self) -> None:
        """Keeps a copy of the present state, to which `restart` goes back."""
        self._kept = [np.array(variable) for variable in self._variables()]

    def restart(self, start: bytes | None) -> None:
        """Goes back to the state that was kept, or to a checkpoint.

        Raises:
            DamagedWeights: where the checkpoint is damaged or of another model.
        """
        if start is not None:
            load_weights(self.model, start, self._update.slots)
            return
        for variable, value in zip(self._variables(), self._kept, strict=True):
            variable.assign(value)

    def step(self, step: int) -> float:
        """Takes a step, numbered from 0, and returns the mean loss of its batch before the weights moved."""
        x, y = self._feed.batch(self._seed, step, self._training.batch_size, self._training.shift_pixels)
        rate = np.float32(learning_rate(self._training, step, self._total_steps, self.peak_rate))
        return float(self.compiled["train"](x, y, rate))

    def evaluate(self) -> Evaluation:
        """Scores the model on the validation rows, in inference mode."""
        return evaluate_logits(self._predictor.logits(self._feed.validation_x), self._feed.validation_y)

    def export(self) -> bytes:
        """Returns weights, moving averages and the optimizer's variables as safetensors bytes."""
        return save_weights(self.model, self._update.slots)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self._update.slots]

    def _traced_step(self) -> Callable[..., Any]:
        tf = prepare_tensorflow()
        model, update = self.model, self._update
        weights = [variable.value for variable in model.trainable_variables]
        decays = [self._training.weight_decay if "kernel" in v.name else 0.0 for v in model.trainable_variables]

        def step(x, y, rate):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                outputs = model(x, training=True)
                loss = mean_loss(y, outputs)
            gradients = [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, weights)]
            update.apply(with_weight_decay(weights, gradients, decays), rate)
            return loss

        return step


def trial_course(
    feed: Feed, training: Training, first_step: int, last_step: int, total_steps: int, deadline: float | None
) -> Course:
    """Returns the course of a trial over the steps in [first_step, last_step), evaluated as the training section says.

    Raises:
        ValueError: where the steps go beyond the horizon.
    """
    if not 0 <= first_step < last_step <= total_steps:
        raise ValueError(
            "`first_step` < `last_step` <= `total_steps` must hold. "
            f"Received: first_step={first_step}, last_step={last_step}, total_steps={total_steps}."
        )
    evaluated = evaluated_steps(training, len(feed.train_x), first_step, last_step)
    return Course(first_step, last_step, evaluated, lambda values: trial_accuracy(training, values), deadline)


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
    optimizer: MakeOptimizer | None = None,
) -> tuple[TrialResult, bytes | None]:
    """Trains one variant of a candidate over the steps in [first_step, last_step) and evaluates it.

    Two calls, the second from the bytes of the first, give what one call gives, bit for bit, in any two processes.

    Args:
        build: makes the model, from rows to logits `[batch, classes]`, or for regression to `[batch, 1]`.
        feed: the process's rows.
        training: batch size, rate, momentum, weight decay, schedule; what is evaluated.
        variant: name of the variant, for the result.
        seed: determines the initial weights and every batch.
        first_step, last_step: the steps of this phase, numbered from 0.
        total_steps: horizon of the schedule, >= last_step.
        start: bytes that an earlier phase returned, which ended at first_step.
        deadline: in seconds of `time.monotonic`; no step begins after it.
        optimizer: makes the optimizer, with any plain learning rate, in whose place the training section's comes; None
            for the section's own.

    Returns:
        The result, and the trained state as safetensors bytes; None where no step was done or the loss
        was not finite.

    Raises:
        ValueError: where the steps go beyond the horizon.
        DamagedWeights: where `start` is damaged or of another model.
    """
    course = trial_course(feed, training, first_step, last_step, total_steps, deadline)
    return run_program(
        lambda: Plain(
            build,
            feed,
            training,
            seed=seed,
            total_steps=total_steps,
            optimizer=optimizer,
            evaluations=len(course.evaluated),
        ),
        course,
        variant=variant,
        start=start,
    )
