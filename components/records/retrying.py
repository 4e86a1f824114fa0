"""Asking again what a busy server or a broken connection left unanswered."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.25  # at most, before the second attempt; each later one may wait twice as long
LONGEST_PAUSE_SECONDS = 30.0  # so that all pauses together take at most 92 s, 46 s in the mean

# Not the `random` module's own generator, which training seeds alike in every worker: they would all come back at once.
_chance = random.SystemRandom()


def retried(request: Callable[[], T], passes: Callable[[Exception], bool]) -> T:
    """Returns what a request returns, asked again while it fails for a reason that passes.

    The pauses are capped exponential backoff with full jitter: uniform in [0, min(longest, first * 2^failures)].

    Args:
        request: safe to be made several times.
        passes: whether an error may be gone at the next attempt.

    Raises:
        Exception: the request's, where it doesn't pass or where it was the last attempt's.
    """
    for failures in range(ATTEMPTS - 1):
        try:
            return request()
        except Exception as error:
            if not passes(error):
                raise
        time.sleep(_chance.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**failures)))
    return request()
