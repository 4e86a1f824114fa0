"""How sure an ensemble is of each prediction, and how much its members disagree. All entropies are in nats.

Source: hyperparameter ensembles (arXiv 2006.13570), uncertainty of predictions.
"""

from typing import NamedTuple

import numpy as np

from components.objectives.metrics import clipped_log


class Uncertainty(NamedTuple):
    """Uncertainty of each row, all `[rows]`, in [0, ln classes] but for `disagreement`.

    Fields:
        predictive: entropy of the mean probability: all uncertainty.
        expected: mean of the members' entropies: what each member is unsure of by itself.
        mutual_information: predictive - expected: what the members disagree on.
        disagreement: sum over the members of KL(member || mean), = members * mutual_information.
    """

    predictive: np.ndarray
    expected: np.ndarray
    mutual_information: np.ndarray
    disagreement: np.ndarray


def uncertainty(probabilities: np.ndarray) -> Uncertainty:
    """Uncertainty of an ensemble's predictions.

    Args:
        probabilities: `[members, rows, classes]`, each row adding up to 1.

    Raises:
        ValueError: `probabilities` has another number of dimensions, or no member.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 3 or not len(probabilities):
        raise ValueError(
            f"`probabilities` must be [members, rows, classes], members >= 1. Received: shape {probabilities.shape}."
        )
    mean = probabilities.mean(axis=0)
    predictive, expected = _entropy(mean), _entropy(probabilities).mean(axis=0)
    divergence = np.sum(probabilities * (clipped_log(probabilities) - clipped_log(mean)), axis=2)  # [members, rows]
    return Uncertainty(
        predictive,
        expected,
        np.maximum(predictive - expected, 0.0),  # a difference of rounded numbers: -1e-16 where all members agree
        np.maximum(divergence.sum(axis=0), 0.0),
    )


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    """-sum p ln p over the last axis; p = 0 adds 0."""
    return -np.sum(probabilities * clipped_log(probabilities), axis=-1)
