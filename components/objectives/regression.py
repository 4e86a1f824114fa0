"""How good predicted numbers are: root mean squared error, mean absolute error, R², and how sure an ensemble is.

Everywhere `predictions` and `labels` are `[rows]` in the label's unit. Every function raises ValueError where they
aren't.
"""

from typing import NamedTuple

import numpy as np

NORMAL_95 = 1.959964  # the normal distribution's 97.5 % quantile


class Spread(NamedTuple):
    """Standard deviations of an ensemble's predictive distribution, all `[rows]` in the label's unit.

    The members' predictions are the centres of normal distributions whose deviations are the members' own errors; the
    ensemble is their mixture, so predictive**2 = expected**2 + disagreement**2.

    Fields:
        predictive: of the mixture: all uncertainty.
        expected: root of the members' mean variance: what they err by themselves; the same for each row.
        disagreement: of the members' predictions around their mean.
    """

    predictive: np.ndarray
    expected: np.ndarray
    disagreement: np.ndarray


def root_mean_squared_error(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Root of the mean squared difference, in the label's unit, [0, inf)."""
    predictions, labels = checked_numbers(predictions, labels)
    return float(np.sqrt(np.mean((predictions - labels) ** 2)))


def mean_absolute_error(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Mean absolute difference, in the label's unit, [0, inf)."""
    predictions, labels = checked_numbers(predictions, labels)
    return float(np.mean(np.abs(predictions - labels)))


def r_squared(predictions: np.ndarray, labels: np.ndarray) -> float:
    """1 - sum of squared errors / sum of squared distances of the labels to their mean, (-inf, 1].

    Where all labels are equal, it is 1 for perfect predictions and 0 for any others, as in scikit-learn.
    """
    predictions, labels = checked_numbers(predictions, labels)
    errors, distances = np.sum((predictions - labels) ** 2), np.sum((labels - labels.mean()) ** 2)
    if not distances:
        return 0.0 if errors else 1.0
    return float(1 - errors / distances)


def spread(predictions: np.ndarray, errors: np.ndarray) -> Spread:
    """How sure an ensemble is of each row.

    Args:
        predictions: of each member, `[members, rows]`.
        errors: each member's root mean squared error on rows that it wasn't trained on, `[members]`, >= 0.

    Raises:
        ValueError: where there is no member, or not one error for each.
    """
    predictions, errors = np.asarray(predictions, np.float64), np.asarray(errors, np.float64)
    if predictions.ndim != 2 or not len(predictions) or errors.shape != predictions.shape[:1]:
        raise ValueError(
            "`predictions` and `errors` must be [members, rows] and [members], members >= 1. "
            f"Received: shapes {predictions.shape} and {errors.shape}."
        )
    disagreement = predictions.std(axis=0)
    expected = np.full(predictions.shape[1], np.sqrt(np.mean(errors**2)))
    return Spread(np.hypot(expected, disagreement), expected, disagreement)


def coverage(predictions: np.ndarray, labels: np.ndarray, deviations: np.ndarray) -> float:
    """Share of the rows whose label lies within the 95 % interval, prediction ± 1.96 deviations, [0, 1].

    Args:
        predictions, labels, deviations: `[rows]`.
    """
    predictions, labels = checked_numbers(predictions, labels)
    return float(np.mean(np.abs(predictions - labels) <= NORMAL_95 * np.asarray(deviations, np.float64)))


def checked_numbers(predictions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arguments as float64 arrays.

    Raises:
        ValueError: there is no row, shapes don't fit, or a number is not finite.
    """
    predictions, labels = np.asarray(predictions, np.float64), np.asarray(labels, np.float64)
    if predictions.ndim != 1 or labels.shape != predictions.shape or not labels.size:
        raise ValueError(
            "`predictions` and `labels` must both be [rows], rows >= 1. "
            f"Received: shapes {predictions.shape} and {labels.shape}."
        )
    for name, values in (("predictions", predictions), ("labels", labels)):
        if not np.isfinite(values).all():
            raise ValueError(f"`{name}` must be finite. Received: {values[~np.isfinite(values)][0]}.")
    return predictions, labels
