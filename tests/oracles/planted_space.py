"""A search space small enough to know everything about: strings of digits, one of which is the planted answer.

The fitness of a string is the share of its digits that are the answer's, for each half of the string: two "networks".
"""

import numpy as np

from components.search_spaces.space import Categorical, Change

LENGTH, CHOICES = 16, 4
ANSWER = (2, 0, 3, 1, 1, 3, 0, 2, 0, 0, 1, 2, 3, 3, 1, 2)


class PlantedSpace:
    """What controllers need of a space; its name is one that the table of controllers knows."""

    independent = True
    lengths = (LENGTH,)

    def __init__(self, name="norm_act_layer"):
        self.name = name

    def decisions(self):
        return tuple(Categorical(str(place), CHOICES) for place in range(LENGTH))

    def encode(self, spec):
        return np.array(spec)

    def decode(self, encoded):
        return tuple(encoded.tolist())

    def allowed(self, prefix, length=None):
        return np.ones(CHOICES, bool)

    def sample(self, rng):
        return tuple(int(digit) for digit in rng.integers(CHOICES, size=LENGTH))

    def mutate(self, spec, rng):
        """Draws one digit anew; it may stay what it was."""
        place, digit = int(rng.integers(LENGTH)), int(rng.integers(CHOICES))
        return (*spec[:place], digit, *spec[place + 1 :]), Change("digit", f"{place} = {digit}")

    def to_json(self, spec):
        return list(spec)

    def from_json(self, data):
        return tuple(data)

    def canonical(self, spec):
        return "".join(map(str, spec))


def planted_fitness(spec):
    """Share of right digits in the first and in the second half."""
    right = np.array(spec) == np.array(ANSWER)
    half = LENGTH // 2
    return float(right[:half].mean()), float(right[half:].mean())
