"""Greedy selection by building every next ensemble in full and asking scikit-learn for its loss."""

import numpy as np
from sklearn.metrics import log_loss


def nll(probabilities, picks, labels):
    """Loss of the mean probability of the picked models."""
    mean = np.mean([probabilities[pick] for pick in picks], axis=0)
    return log_loss(labels, mean, labels=range(probabilities.shape[2]))


def greedy(probabilities, labels, picks, distinct):
    """The first `picks` picks of a greedy selection."""
    chosen = []
    for _ in range(picks):
        allowed = [model for model in range(len(probabilities)) if not (distinct and model in chosen)]
        chosen.append(min(allowed, key=lambda model: nll(probabilities, [*chosen, model], labels)))
    return chosen
