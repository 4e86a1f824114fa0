"""Greedy forward selection of ensemble members by the validation NLL of the members' mean probability.

Source: hyperparameter ensembles (arXiv 2006.13570), `hyper_ens`; Caruana et al. 2004.
"""

from typing import NamedTuple

import numpy as np

from components.objectives.metrics import checked, clipped_log


class Selection(NamedTuple):
    """What was selected.

    Fields:
        picks: model indices in the order of their picks; an index that was picked twice stands twice.
        nll: the ensemble's NLL in nats after each pick.
    """

    picks: tuple[int, ...]
    nll: tuple[float, ...]


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
    models = len(probabilities)
    if not 1 <= members <= models:
        raise ValueError(f"`members` must be in [1, {models}], the number of models. Received: members={members}.")
    of_label = np.stack([_label_probability(one, labels) for one in probabilities])  # [models, rows]
    total = np.zeros(of_label.shape[1])  # of the picks
    picks: list[int] = []
    reached: list[float] = []
    while (len(set(picks)) if replacement and stop_early else len(picks)) < members:
        nll = -clipped_log((total + of_label) / (len(picks) + 1)).mean(axis=1)  # [models], each added to the picks
        if not replacement:
            nll[picks] = np.inf
        best = int(np.argmin(nll))
        if stop_early and reached and nll[best] >= reached[-1]:
            break
        picks.append(best)
        reached.append(float(nll[best]))
        total += of_label[best]
    return Selection(tuple(picks), tuple(reached))


def _label_probability(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The probability of each row's label, `[rows]`: all that an NLL needs."""
    probabilities, labels = checked(probabilities, labels)
    return probabilities[np.arange(len(labels)), labels]
