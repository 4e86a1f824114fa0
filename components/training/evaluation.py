"""Outputs of a model on many rows, and how good they are: accuracy and NLL, or R² and squared error."""

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from components.objectives.metrics import negative_log_likelihood
from components.objectives.regression import r_squared
from components.training.checkpoint import load_weights
from components.training.runtime import prepare_tensorflow
from components.training.traced import Traced

if TYPE_CHECKING:
    import keras

MOST_ROWS = 256  # of one batch; beyond it small convnets gain nothing
FEWEST_TRACED = 5  # batches; of a small convnet a trace costs 90-130 ms, an eager batch 15-20 ms more than a traced one


class Evaluation(NamedTuple):
    """How good outputs are; quality and loss, whatever the labels are.

    Fields:
        accuracy: share of right classes; for regression targets max(0, R²) on these rows. [0, 1], more is better.
        nll: mean negative log-likelihood in nats; for regression targets half the mean squared error of the
            standardised ones. None where an output is not finite.
    """

    accuracy: float
    nll: float | None


class Predictor:
    """A model's forward pass in inference mode, for any number of rows.

    Args:
        model: a built model.
        uses: how often it is expected to be used.

    Attributes:
        forward: the compiled pass of one batch; a few batches in all uses go without it.
    """

    def __init__(self, model: "keras.Model", uses: int = 1):
        self._model, self._uses = model, uses
        self.forward = Traced(lambda x: model(x, training=False))

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Returns the logits of rows, `[rows, classes]` float32.

        They are cut into the fewest batches, all of one size and the last filled up with rows of its own: one trace.
        """
        batches = -(-len(x) // MOST_ROWS)
        size = -(-len(x) // batches)
        forward = self.forward if batches * self._uses >= FEWEST_TRACED else self._eager
        parts = []
        for start in range(0, len(x), size):
            rows = np.asarray(x[start : start + size], np.float32)
            parts.append(forward(np.resize(rows, (size, *rows.shape[1:])))[: len(rows)])
        return np.concatenate(parts)

    def _eager(self, x: np.ndarray) -> np.ndarray:
        return self._model(x, training=False).numpy()


def evaluate_logits(logits: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Scores outputs against labels; a row with a logit that is not finite counts as wrong.

    Args:
        logits: `[rows, classes]`; `[rows, 1]` where labels are regression targets.
        labels: `[rows]`, classes in [0, classes) or, where they are floating, standardised regression targets, of
            which one output that is not finite leaves a quality of 0.
    """
    if np.issubdtype(labels.dtype, np.floating):
        return _evaluate_targets(logits[:, 0].astype(np.float64), labels.astype(np.float64))
    finite = np.isfinite(logits).all(axis=1)
    accuracy = float(np.mean(finite & (logits.argmax(axis=1) == labels)))
    nll = negative_log_likelihood(softmax(logits), labels) if finite.all() else None
    return Evaluation(accuracy, nll)


def _evaluate_targets(outputs: np.ndarray, targets: np.ndarray) -> Evaluation:
    if not np.isfinite(outputs).all():
        return Evaluation(0.0, None)
    return Evaluation(max(0.0, r_squared(outputs, targets)), float(np.mean((outputs - targets) ** 2)) / 2)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns the probabilities of finite logits, both `[rows, classes]`, float64."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def predict_logits(build: Callable[[], "keras.Model"], weights: bytes, x: np.ndarray) -> np.ndarray:
    """Builds a model, fills it with stored weights and returns its logits of rows, `[rows, classes]` float32.

    Raises:
        DamagedWeights: where the weights are damaged or of another model.
    """
    prepare_tensorflow()
    try:
        return _predict(build(), weights, x)
    finally:
        release()


def release() -> None:
    """Frees what Keras and TensorFlow still hold of models that are no longer used."""
    import keras

    keras.backend.clear_session()
    gc.collect()


def _predict(model: "keras.Model", weights: bytes, x: np.ndarray) -> np.ndarray:
    load_weights(model, weights)
    return Predictor(model).logits(x)
