"""The streams of random numbers that a trial draws from, all determined by its seed."""

from zlib import crc32

import numpy as np

WEIGHTS, ROWS, SHIFTS = 0, 1, 2
CHILDREN, POLICY, VALIDATION = 3, 4, 5  # of a shared network


def trial_seed(search_seed: int, *names: str) -> tuple[int, ...]:
    """Returns the seed of a trial, from that of its search and from what names it: round, candidate, variant."""
    return (search_seed, *(crc32(name.encode()) for name in names))


def weights_seed(seed: tuple[int, ...]) -> int:
    """Returns what Keras is seeded with before a trial's model is built, in [0, 2**32)."""
    return int(stream(seed, WEIGHTS).generate_state(1)[0])


def stream(seed: tuple[int, ...], purpose: int, index: int = 0) -> np.random.SeedSequence:
    """Returns the seed of one purpose and one index within it (an epoch, a step), independent of every other.

    Args:
        seed: whole numbers >= 0; seeds of different length differ, even where the longer one ends in zeros.
        purpose: one of the numbers above.
        index: >= 0.
    """
    return np.random.SeedSequence(entropy=(len(seed), *seed), spawn_key=(purpose, index))
