"""How good predicted probabilities are: accuracy, negative log-likelihood, Brier score, AUC, calibration.

Everywhere `probabilities` is `[rows, classes]`, each row adding up to 1, and `labels` is `[rows]`, integers in
[0, classes). Every function raises ValueError where they aren't.
"""

from typing import NamedTuple

import numpy as np

SMALLEST_PROBABILITY = 1e-12  # what a probability counts as at least in a logarithm: 27.6 nats at most
SUM_TOLERANCE = 1e-3  # float32 softmax sums are within 1e-5, bfloat16 ones within 1e-2 / classes
CALIBRATION_BINS = 15


class Reliability(NamedTuple):
    """The bins of a reliability diagram, all `[bins]`; mean confidence and accuracy of an empty bin are NaN.

    Fields:
        lower, upper: a bin holds confidences in (lower, upper].
        rows: how many rows fall into it.
        confidence: their mean confidence, the largest probability of a row.
        accuracy: the share of them that is predicted right.
    """

    lower: np.ndarray
    upper: np.ndarray
    rows: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of the rows whose most probable class (the first of equal ones) is the label, [0, 1]."""
    probabilities, labels = checked(probabilities, labels)
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -ln p(label) over the rows, in nats, with p at least `SMALLEST_PROBABILITY`."""
    probabilities, labels = checked(probabilities, labels)
    return float(-np.mean(clipped_log(probabilities[np.arange(len(labels)), labels])))


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the rows of the squared distance to the one-hot label, summed over the classes, [0, 2]."""
    probabilities, labels = checked(probabilities, labels)
    one_hot = np.eye(probabilities.shape[1])[labels]
    return float(np.mean(np.sum((probabilities - one_hot) ** 2, axis=1)))


def area_under_roc(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Share of the pairs of a row of class 1 and one of class 0 in which the former has more of class 1, [0, 1].

    Equal ones count half. None where there are other than two classes, or no row of one of them.
    """
    probabilities, labels = checked(probabilities, labels)
    if probabilities.shape[1] != 2 or len(np.unique(labels)) < 2:
        return None
    from sklearn.metrics import roc_auc_score  # a second of import that most callers needn't pay

    return float(roc_auc_score(labels, probabilities[:, 1]))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = CALIBRATION_BINS) -> Reliability:
    """Rows sorted by confidence into bins of equal width over (0, 1]; `bins` >= 1."""
    probabilities, labels = checked(probabilities, labels)
    edges = np.linspace(0.0, 1.0, bins + 1)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    index = np.digitize(confidence, edges[1:-1], right=True)
    rows = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 of an empty bin is the NaN that the contract promises
        return Reliability(
            edges[:-1],
            edges[1:],
            rows,
            np.bincount(index, weights=confidence, minlength=bins) / rows,
            np.bincount(index, weights=right, minlength=bins) / rows,
        )


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """sum_b rows_b / rows * |accuracy_b - confidence_b| over the bins of `reliability`, [0, 1].

    Source: Guo et al. 2017 (arXiv 1706.04599); 15 bins as in hyperparameter ensembles (arXiv 2006.13570).
    """
    diagram = reliability(probabilities, labels, bins)
    gap = np.nan_to_num(np.abs(diagram.accuracy - diagram.confidence))
    return float(np.sum(diagram.rows * gap) / np.sum(diagram.rows))


def clipped_log(probabilities: np.ndarray) -> np.ndarray:
    """Natural logarithm with probabilities counted as at least `SMALLEST_PROBABILITY`; any shape."""
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def checked(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arguments as float64 and int64 arrays.

    Raises:
        ValueError: there is no row, shapes don't fit, a row isn't a distribution, or a label isn't a class.
    """
    probabilities, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise ValueError(
            "`probabilities` and `labels` must be [rows, classes] and [rows], rows >= 1. "
            f"Received: shapes {probabilities.shape} and {labels.shape}."
        )
    sums = probabilities.sum(axis=1)
    if not (np.all(probabilities >= 0) and np.all(np.abs(sums - 1) <= SUM_TOLERANCE)):
        raise ValueError(
            "`probabilities` must be non-negative and add up to 1 in each row (logits don't). "
            f"Received: values from {probabilities.min()} and sums from {sums.min()} to {sums.max()}."
        )
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(
            f"`labels` must be integers in [0, {probabilities.shape[1]}). "
            f"Received: {labels.dtype} from {labels.min()} to {labels.max()}."
        )
    return probabilities, labels.astype(np.int64)
