"""What an ensemble predicts and how that is judged: probabilities of classes, or numbers in their own unit."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from components.ensemble_assembly.greedy import Selection, greedy_selection, greedy_selection_of_numbers
from components.objectives.metrics import (
    accuracy,
    area_under_roc,
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
)
from components.objectives.regression import mean_absolute_error, r_squared, root_mean_squared_error
from components.records.manifest import DataManifest
from components.records.summary import PartQuality


class Judge(Protocol):
    """How models of one learning task are judged. `predictions` of a model are `[rows, ...]`, and can be averaged."""

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Returns what a model's outputs `[rows, outputs]` predict."""

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """Returns stored labels `[rows]` as what predictions are compared with."""

    def quality(self, predictions: np.ndarray, labels: np.ndarray) -> PartQuality:
        """Returns how good predictions are."""

    def loss(self, quality: PartQuality) -> float:
        """Returns what the single best model has least of."""

    def select(self, predictions: np.ndarray, labels: np.ndarray, members: int) -> Sequence[int]:
        """Returns the indices of distinct members, greedily chosen of `[models, rows, ...]`."""


class OfClasses(NamedTuple):
    """Predictions are class probabilities, `[rows, classes]`."""

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The softmax of logits."""
        from components.training.evaluation import softmax

        return softmax(outputs)

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """Class indices, as they are stored."""
        return labels

    def quality(self, predictions: np.ndarray, labels: np.ndarray) -> PartQuality:
        """Accuracy, log loss, calibration error and Brier score; of two classes the AUC, too."""
        return PartQuality(
            accuracy=accuracy(predictions, labels),
            nll=negative_log_likelihood(predictions, labels),
            ece=expected_calibration_error(predictions, labels),
            brier=brier_score(predictions, labels),
            auc=area_under_roc(predictions, labels),
        )

    def loss(self, quality: PartQuality) -> float:
        """The negative log-likelihood."""
        assert quality.nll is not None
        return quality.nll

    def select(self, predictions: np.ndarray, labels: np.ndarray, members: int) -> Sequence[int]:
        """By the NLL of the mean probability."""
        return _picks(greedy_selection(predictions, labels, members, replacement=False, stop_early=False))


class OfNumbers(NamedTuple):
    """Predictions are numbers in the label's unit, `[rows]`.

    Fields:
        mean, deviation: by which the stored labels were standardised.
    """

    mean: float
    deviation: float

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """The model's one output, which is standardised, in the label's unit."""
        return outputs[:, 0].astype(np.float64) * self.deviation + self.mean

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """Stored labels, which are standardised, in their own unit."""
        return labels.astype(np.float64) * self.deviation + self.mean

    def quality(self, predictions: np.ndarray, labels: np.ndarray) -> PartQuality:
        """Root mean squared and mean absolute error, and R²."""
        return PartQuality(
            rmse=root_mean_squared_error(predictions, labels),
            mae=mean_absolute_error(predictions, labels),
            r_squared=r_squared(predictions, labels),
        )

    def loss(self, quality: PartQuality) -> float:
        """The root mean squared error."""
        assert quality.rmse is not None
        return quality.rmse

    def select(self, predictions: np.ndarray, labels: np.ndarray, members: int) -> Sequence[int]:
        """By the squared error of the mean prediction."""
        return _picks(greedy_selection_of_numbers(predictions, labels, members, replacement=False, stop_early=False))


def judge_of(manifest: DataManifest) -> Judge:
    """Returns how models of these data are judged."""
    if manifest.label_mean is None or manifest.label_deviation is None:
        return OfClasses()
    return OfNumbers(manifest.label_mean, manifest.label_deviation)


def _picks(selection: Selection) -> Sequence[int]:
    return list(selection.picks)
