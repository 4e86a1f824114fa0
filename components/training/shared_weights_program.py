"""The program that trains a shared network and a policy over its children, in steps that alternate."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from components.records.search import Training
from components.records.training_section import WeightSharing
from components.search_spaces.shared_network import SharedNetwork
from components.training.checkpoint import load_weights, read_beside, read_metadata, save_weights
from components.training.evaluation import Evaluation, evaluate_logits
from components.training.feed import Feed
from components.training.losses import mean_loss
from components.training.runtime import prepare_tensorflow
from components.training.schedule import learning_rate
from components.training.seeds import CHILDREN, POLICY, VALIDATION, stream, weights_seed
from components.training.sgd import with_weight_decay
from components.training.shared_weights_policy import SharingPolicy
from components.training.shared_weights_slices import prefix, slice_update
from components.training.traced import Traced

POLICY_ARRAYS = "policy."  # what the names of the policy's arrays begin with among the network's
NO_CHILD = Evaluation(0.0, None)


class SharedWeights:
    """A shared network in training; see `components.training.program.TrainingProgram` for what each method promises.

    Each kind of step is traced once: a child's widths are numbers of the step, not of the trace.

    NOTE: a policy step draws again what it can't learn from, `draws` times at most; the source skips the step.

    NOTE: the weight step draws from the policy without rejection, as the source's text has it; whether the published
    system rejects there, too, is not known.

    Attributes:
        compiled, parameters: as the protocol says; `evaluate` is the pass of policy steps, too.
    """

    def __init__(
        self,
        build: Callable[[], SharedNetwork],
        feed: Feed,
        training: Training,
        sharing: WeightSharing,
        policy: SharingPolicy,
        *,
        seed: tuple[int, ...],
        total_steps: int,
    ):
        """Takes what `components.training.shared_weights.run_sharing` takes."""
        self._build, self._feed, self._training = build, feed, training
        self._sharing, self._policy = sharing, policy
        self._seed, self._total_steps = seed, total_steps
        self._warmup_steps = round(sharing.warmup * total_steps)
        self._rows = min(sharing.policy_batch_size or training.batch_size, len(feed.validation_x))
        self.compiled: Mapping[str, Traced] = {}
        self.parameters = 0

    def init(self, start: bytes | None) -> None:
        """Builds the network and the policy's first state, or fills both from a checkpoint.

        Raises:
            DamagedWeights: where the checkpoint is damaged or of another network.
        """
        prepare_tensorflow()
        import keras

        keras.utils.set_random_seed(weights_seed(self._seed))
        self._network = self._build()
        self.parameters = sum(one.value.shape.num_elements() for one in self._network.variables)
        self._update = slice_update(self._network.variables, self._training)
        self._state = self._policy.initial(self._rng(POLICY, 0))
        if start is not None:
            load_weights(self._network, start, self._update.slots)
            about = read_metadata(start)["policy"]
            self._state = self._policy.decode_state(about, read_beside(start, POLICY_ARRAYS))
        self.compiled = {"train": Traced(self._traced_step()), "evaluate": Traced(self._network)}

    def step(self, step: int) -> float:
        """Takes a weight step and, after the warm-up, a policy step; NaN where the latter's outputs are not finite."""
        loss = self._weight_step(step, self.weight_child(step))
        if step < self._warmup_steps or not math.isfinite(loss):
            return loss
        return loss if self._policy_step(step) else math.nan

    def weight_child(self, step: int) -> np.ndarray:
        """Returns the child of a weight step, `[decisions]` int32.

        In the warm-up each of its layers, or the whole, is the largest with a probability that falls from 1 to 0.
        """
        rng = self._rng(CHILDREN, step)
        child = self._policy.draw(self._state, rng, 1)[0]
        if step >= self._warmup_steps:
            return child.astype(np.int32)
        coins = rng.random(len(child) if self._sharing.warmup_of == "layer" else 1)
        return np.where(coins < 1 - step / self._warmup_steps, self._network.largest, child).astype(np.int32)

    def evaluate(self) -> Evaluation:
        """Scores the most probable feasible child on the validation rows; 0 and None where the policy knows none."""
        chosen = self.most_probable(1)
        return self.evaluate_child(chosen[0][0]) if chosen else NO_CHILD

    def evaluate_child(self, encoded: np.ndarray) -> Evaluation:
        """Scores a child on all validation rows with the shared weights."""
        x, encoded = self._feed.validation_x, np.asarray(encoded, np.int32)
        parts = [self._outputs(x[start : start + self._rows], encoded) for start in range(0, len(x), self._rows)]
        return evaluate_logits(np.concatenate(parts), self._feed.validation_y)

    def most_probable(self, count: int) -> list[tuple[np.ndarray, float]]:
        """Returns the policy's most probable feasible children with their log-probabilities."""
        return self._policy.most_probable(self._state, count)

    def controller_steps(self) -> dict[str, int]:
        """Returns how many of the policy's steps had each outcome so far."""
        return self._policy.counts(self._state)

    def export(self) -> bytes:
        """Returns weights, the optimizer's slots and the policy's state as safetensors bytes."""
        data, tensors = self._policy.encode_state(self._state)
        beside = {} if tensors is None else {POLICY_ARRAYS: tensors}
        return save_weights(self._network, self._update.slots, {"policy": data}, beside)

    def _weight_step(self, step: int, child: np.ndarray) -> float:
        training = self._training
        x, y = self._feed.batch(self._seed, step, training.batch_size, training.shift_pixels)
        rate = self._update.step_size(learning_rate(training, step, self._total_steps), step)
        return float(self.compiled["train"](x, y, child, np.float32(rate)))

    def _policy_step(self, step: int) -> bool:
        rng = self._rng(POLICY, step + 1)
        children = self._policy.draw(self._state, rng, self._sharing.draws)
        judged = self._policy.judges(children)
        at = int(judged.argmax()) if judged.any() else len(children) - 1
        quality = self._quality(step, children[at]) if judged[at] else 0.0
        if not math.isfinite(quality):
            return False
        self._state = self._policy.learn(self._state, children[at], quality, rng, passed_over=at)
        return True

    def _quality(self, step: int, child: np.ndarray) -> float:
        every = len(self._feed.validation_x)
        rows = np.sort(self._rng(VALIDATION, step).choice(every, self._rows, replace=False, shuffle=False))
        scored = evaluate_logits(
            self._outputs(self._feed.validation_x[rows], child.astype(np.int32)), self._feed.validation_y[rows]
        )
        if scored.nll is None:
            return math.nan
        return scored.accuracy if self._sharing.reward_of == "accuracy" else 1 - scored.nll

    def _outputs(self, x: np.ndarray, child: np.ndarray) -> np.ndarray:
        """Outputs of at most `_rows` rows, which are filled up: one trace."""
        rows = np.asarray(x, np.float32)
        return self.compiled["evaluate"](np.resize(rows, (self._rows, *rows.shape[1:])), child)[: len(rows)]

    def _rng(self, purpose: int, index: int) -> np.random.Generator:
        return np.random.default_rng(stream(self._seed, purpose, index))

    def _traced_step(self) -> Callable[..., Any]:
        tf = prepare_tensorflow()
        network, update = self._network, self._update
        weights = [one.value for one in network.variables]
        decays = [self._training.weight_decay if "kernel" in one.name else 0.0 for one in network.variables]

        def step(x, y, child, rate):
            shapes = network.shapes(child)
            parts = [prefix(weight, shape) for weight, shape in zip(weights, shapes, strict=True)]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(parts)
                loss = mean_loss(y, network.outputs(parts, x))
            gradients = with_weight_decay(parts, tape.gradient(loss, parts), decays)
            update.apply(parts, shapes, gradients, rate)
            return loss

        return step
