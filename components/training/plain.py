"""Plain training of one model by the mean loss of its outputs, in one traced step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from components.records.results import TrialResult
from components.training.checkpoint import load_weights, save_weights
from components.training.evaluation import Evaluation, Predictor, evaluate_logits
from components.training.losses import mean_loss
from components.training.recipe import Recipe
from components.training.runtime import prepare_tensorflow
from components.training.schedule import learning_rate
from components.training.seeds import weights_seed
from components.training.sgd import with_weight_decay
from components.training.traced import Traced
from components.training.trial import run_program
from components.training.update import Update, training_update


class Plain:
    """The program that trains a model's weights by `mean_loss` of its outputs.

    Attributes:
        model: from `init` on.
        peak_rate: peak learning rate of the steps to come; None for that of the recipe's training section.
        compiled, parameters: as the protocol says.
    """

    def __init__(self, recipe: Recipe, evaluations: int = 1):
        """Takes a recipe, and how often it is expected to be evaluated."""
        self._recipe, self._evaluations = recipe, evaluations
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

        keras.utils.set_random_seed(weights_seed(self._recipe.seed))
        self.model = self._recipe.build()
        variables = self.model.trainable_variables
        self.parameters = sum(variable.value.shape.num_elements() for variable in variables)
        self._update: Update = training_update(variables, self._recipe.training, self._recipe.optimizer)
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
        recipe, training = self._recipe, self._recipe.training
        x, y = recipe.feed.batch(recipe.seed, step, training.batch_size, training.shift_pixels)
        rate = np.float32(learning_rate(training, step, recipe.total_steps, self.peak_rate))
        return float(self.compiled["train"](x, y, rate))

    def evaluate(self) -> Evaluation:
        """Scores the model on the validation rows, in inference mode."""
        feed = self._recipe.feed
        return evaluate_logits(self._predictor.logits(feed.validation_x), feed.validation_y)

    def export(self) -> bytes:
        """Returns weights, moving averages and the optimizer's variables as safetensors bytes."""
        return save_weights(self.model, self._update.slots)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self._update.slots]

    def _traced_step(self) -> Callable[..., Any]:
        tf = prepare_tensorflow()
        model, update = self.model, self._update
        weights = [variable.value for variable in model.trainable_variables]
        decays = [self._recipe.training.weight_decay if "kernel" in v.name else 0.0 for v in model.trainable_variables]

        def step(x, y, rate):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                outputs = model(x, training=True)
                loss = mean_loss(y, outputs)
            gradients = [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, weights)]
            update.apply(with_weight_decay(weights, gradients, decays), rate)
            return loss

        return step


def run_trial(
    recipe: Recipe,
    *,
    variant: str,
    first_step: int = 0,
    last_step: int | None = None,
    start: bytes | None = None,
    deadline: float | None = None,
) -> tuple[TrialResult, bytes | None]:
    """Trains one variant of a candidate over the steps in [first_step, last_step) and evaluates it.

    Two calls, the second from the bytes of the first, give what one call gives, bit for bit, in any two processes.

    Args:
        recipe: what is trained.
        variant: name of the variant, for the result.
        first_step, last_step: the steps of this phase, numbered from 0; None for all that the recipe has.
        start: bytes that an earlier phase returned, which ended at first_step.
        deadline: in seconds of `time.monotonic`; no step begins after it.

    Returns:
        The result, and the trained state as safetensors bytes; None where no step was done or the loss
        was not finite.

    Raises:
        ValueError: where the steps go beyond the horizon.
        DamagedWeights: where `start` is damaged or of another model.
    """
    course = recipe.course(first_step, last_step, deadline)
    return run_program(lambda: Plain(recipe, len(course.evaluated)), course, variant=variant, start=start)
