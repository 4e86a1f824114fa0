"""The streams of random numbers that a trial draws from, all determined by its seed."""

import numpy as np

WEIGHTS, ROWS, SHIFTS = 0, 1, 2


def stream(seed: tuple[int, ...], purpose: int, index: int = 0) -> np.random.SeedSequence:
    """Returns the seed of one purpose and one index within it (an epoch, a step), independent of every other.

    Args:
        seed: whole numbers >= 0; seeds of different length differ, even where the longer one ends in zeros.
        purpose: `WEIGHTS`, `ROWS` or `SHIFTS`.
        index: >= 0.
    """
    return np.random.SeedSequence(entropy=(len(seed), *seed), spawn_key=(purpose, index))
