"""Greedy forward selection of ensemble members by the loss of their mean prediction on validation rows.

Source: hyperparameter ensembles (arXiv 2006.13570), `hyper_ens`; Caruana et al. 2004.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from components.objectives.metrics import checked, clipped_log
from components.objectives.regression import checked_numbers


class Selection(NamedTuple):
    """What was selected.

    Fields:
        picks: model indices in the order of their picks; an index that was picked twice stands twice.
        loss: the ensemble's loss after each pick: its NLL in nats, or its mean squared error.
    """

    picks: tuple[int, ...]
    loss: tuple[float, ...]


def greedy_selection(
    probabilities: np.ndarray, labels: np.ndarray, members: int, *, replacement: bool, stop_early: bool
) -> Selection:
    """Adds, one at a time, the model that makes the ensemble's NLL smallest; of equal ones the first.

    | replacement | stop_early | ends |
    |---|---|---|
    | no | no | with `members` distinct models |
    | no | yes | there, or before the pick that wouldn't lower the NLL |
    | yes | yes | with `members` distinct models, or before the pick that wouldn't lower the NLL: `hyper_ens` |
    | yes | no | with `members` picks, distinct or not (else one best model could be picked for ever) |

    Args:
        probabilities: `[models, rows, classes]`, each row adding up to 1.
        labels: `[rows]`, integers in [0, classes).
        members: [1, models].
        replacement: whether a model can be picked again, which gives it weight.
        stop_early: whether a pick must lower the NLL.

    Raises:
        ValueError: `members` is out of range, or probabilities and labels aren't as above.
    """
    of_label = np.stack([_label_probability(one, labels) for one in probabilities])  # [models, rows]
    return _selected(
        of_label,
        lambda means: -clipped_log(means).mean(axis=1),
        members,
        replacement=replacement,
        stop_early=stop_early,
    )


def greedy_selection_of_numbers(
    predictions: np.ndarray, labels: np.ndarray, members: int, *, replacement: bool, stop_early: bool
) -> Selection:
    """The same for models that predict numbers: the loss is the mean squared error of the members' mean prediction.

    Args:
        predictions: `[models, rows]`, finite.
        labels: `[rows]`, finite, in the predictions' unit.
        members, replacement, stop_early: as in `greedy_selection`.

    Raises:
        ValueError: as there.
    """
    values = np.stack([checked_numbers(one, labels)[0] for one in predictions])
    return _selected(
        values,
        lambda means: ((means - labels) ** 2).mean(axis=1),
        members,
        replacement=replacement,
        stop_early=stop_early,
    )


def _selected(
    values: np.ndarray,
    losses_of: Callable[[np.ndarray], np.ndarray],
    members: int,
    *,
    replacement: bool,
    stop_early: bool,
) -> Selection:
    """Adds the model that makes the loss of the picks' mean smallest.

    Args:
        values: what is averaged, of each model, `[models, rows]`.
        losses_of: from means `[models, rows]` to their losses `[models]`.
        members, replacement, stop_early: as in `greedy_selection`.
    """
    models = len(values)
    if not 1 <= members <= models:
        raise ValueError(f"`members` must be in [1, {models}], the number of models. Received: members={members}.")
    total = np.zeros(values.shape[1])  # of the picks
    picks: list[int] = []
    reached: list[float] = []
    while (len(set(picks)) if replacement and stop_early else len(picks)) < members:
        losses = losses_of((total + values) / (len(picks) + 1))  # [models], each added to the picks
        if not replacement:
            losses[picks] = np.inf
        best = int(np.argmin(losses))
        if stop_early and reached and losses[best] >= reached[-1]:
            break
        picks.append(best)
        reached.append(float(losses[best]))
        total += values[best]
    return Selection(tuple(picks), tuple(reached))


def _label_probability(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The probability of each row's label, `[rows]`: all that an NLL needs."""
    probabilities, labels = checked(probabilities, labels)
    return probabilities[np.arange(len(labels)), labels]
