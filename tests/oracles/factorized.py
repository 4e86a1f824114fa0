"""A factorized policy written out slowly: log P(y | V) design by design, and its derivatives by differences."""

import math

import numpy as np


def log_probability(space, logits, word):
    """log P of an encoding whose decisions are counted from 0, each softmax over what the space allows there."""
    total = 0.0
    for at, choice in enumerate(word):
        allowed = np.flatnonzero(space.allowed(list(word[:at])))
        total += logits[at][choice] - math.log(sum(math.exp(logits[at][other]) for other in allowed))
    return total


def conditional(space, logits, word, inside):
    """log P(word) / P(V), with V the words `inside`."""
    mass = sum(math.exp(log_probability(space, logits, other)) for other in inside)
    return log_probability(space, logits, word) - math.log(mass)


def slope(function, logits, step=1e-5):
    """The derivatives of a function by each logit, as central differences: exact to about 1e-10 here."""
    found = np.zeros_like(logits)
    for index in np.ndindex(logits.shape):
        moved = [logits.copy(), logits.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        found[index] = (function(moved[0]) - function(moved[1])) / (2 * step)
    return found
