"""Spaces of a few small decisions whose every design has a price: with a grammar, and without one."""

import itertools

import numpy as np

from components.search_spaces.space import Categorical

CHOICES = (3, 2, 4)


class PricedSpace:
    """All 24 words of three letters from 3, 2 and 4; its name is one that the table of controllers knows."""

    name = "norm_act_layer"
    independent = True
    lengths = (3,)

    def decisions(self):
        return tuple(Categorical(f"letter {at}", choices) for at, choices in enumerate(CHOICES))

    def allowed(self, prefix, length=None):
        return np.ones(CHOICES[len(prefix)], bool)

    def encode(self, spec):
        return np.array(spec)

    def decode(self, encoded):
        return tuple(encoded.tolist())

    def from_json(self, data):
        return tuple(data)

    def to_json(self, spec):
        return list(spec)

    def canonical(self, spec):
        return "".join(map(str, spec))


class PricedGrammar(PricedSpace):
    """Of those, words whose last letter is above the first one; after a 1 in the middle it is odd: 6 + 4 = 10 words."""

    independent = False

    def allowed(self, prefix, length=None):
        mask = super().allowed(prefix)
        if len(prefix) == 2:
            mask[: prefix[0] + 1] = False
            if prefix[1] == 1:
                mask[::2] = False
        return mask


def words(space):
    """All words that a space allows, in order."""
    found = []
    for word in itertools.product(*map(range, CHOICES)):
        if all(space.allowed(list(word[:at]))[letter] for at, letter in enumerate(word)):
            found.append(word)
    return found


def price(word):
    """4 for the first letter's number, 2 for the second's, 1 for the third's, and 1: in [1, 14]."""
    return 4 * word[0] + 2 * word[1] + word[2] + 1


class PriceLimits:
    """At most so high a price."""

    def __init__(self, limit):
        self.limit = limit

    def ratio(self, encoded):
        return (np.asarray(encoded) @ np.array([4, 2, 1]) + 1) / self.limit

    def within(self, encoded):
        return np.asarray(encoded) @ np.array([4, 2, 1]) + 1 <= self.limit
