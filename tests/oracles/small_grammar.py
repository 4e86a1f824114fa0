"""A language small enough to count: words of two or four letters, some of which forbid others.

A word is decisions for a number in [3, 5], a letter of 4, a number in [3, 5], a letter of 4. A letter is not the one
before it; after a 5 only letters 0 and 1 may stand; and in a word of two, the last letter is never 3.
"""

import numpy as np

from components.search_spaces.space import Categorical, Integer

LOW, HIGH, LETTERS = 3, 5, 4


class SmallGrammar:
    """What a policy needs of a space; its name is one that the table of controllers knows."""

    name = "norm_act_layer"
    independent = False
    lengths = (2, 4)

    def decisions(self):
        number, letter = Integer("number", LOW, HIGH), Categorical("letter", LETTERS)
        return (number, letter, number, letter, letter)  # the last one stands for what a policy never draws

    def encode(self, spec):
        return np.array([*spec, *[-1] * (5 - len(spec))])

    def decode(self, encoded):
        return tuple(value for value in encoded.tolist() if value != -1)

    def from_json(self, data):
        return tuple(data)

    def canonical(self, spec):
        return "".join(map(str, spec))

    def allowed(self, prefix, length=None):
        if len(prefix) % 2 == 0:
            return np.ones(HIGH - LOW + 1, bool)
        mask = np.ones(LETTERS, bool)
        if prefix[-1] == 5:
            mask[2:] = False
        if len(prefix) == 3:
            mask[prefix[1]] = False
        if len(prefix) == 1 and length == 2:
            mask[3] = False
        return mask


def words(length):
    """All words of a length, by the rules as they are written above."""
    letters = [(n, a) for n in range(LOW, HIGH + 1) for a in range(LETTERS) if n < 5 or a < 2]
    if length == 2:
        return [(n, a) for n, a in letters if a != 3]
    return [(n, a, m, b) for n, a in letters for m, b in letters if b != a]
