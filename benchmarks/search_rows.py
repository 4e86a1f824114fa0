"""The rows of a search's split, for training by itself what the search found."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from components.records.rows import read_part
from components.records.store import open_search

if TYPE_CHECKING:
    import keras

    from components.training.evaluation import Evaluation
    from components.training.feed import Feed

MEMORY_MIB = 2048


@cache
def feed_of(searched: str, scored: Literal["validation", "test"] = "validation") -> "Feed":
    """Returns the training rows of a search, and those that a training on them is evaluated on.

    Args:
        searched: the search directory.
        scored: the part that stands in the place of the validation rows.
    """
    from components.training.feed import Feed

    return Feed(*_part(searched, "train"), *_part(searched, scored))


def evaluate_on_test(searched: str, build: Callable[[], "keras.Model"], weights: bytes) -> "Evaluation":
    """Evaluates a trained model on the test rows of a search, which took no part in it.

    Args:
        searched: the search directory.
        build: makes the model.
        weights: what its training returned.
    """
    from components.training.evaluation import evaluate_logits, predict_logits

    x, y = _part(searched, "test")
    return evaluate_logits(predict_logits(build, weights, x), y)


@cache
def _part(searched: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    return read_part(open_search(searched), part, MEMORY_MIB)
