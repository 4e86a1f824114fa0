"""Training one network of given widths alone, and drawing the networks that a limit lets in."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.search_rows import evaluate_on_test, feed_of
from components.records.store import open_search
from components.rounds.context import SearchContext
from components.rounds.limits import limits_of
from components.training.runtime import prepare_tensorflow

ALONE = 1000  # follows the seed of a training alone: other weights and batches than the search's


def train_alone(searched: str, widths: Sequence[int], seed: int, steps: int) -> dict[str, Any]:
    """Trains a network as the search's file says, but by itself, and returns how good it is.

    Args:
        searched: the search directory, for its rows and its file.
        widths: of the hidden layers.
        seed: of weights and batches.
        steps: of the training.

    Returns:
        `validation_loss`, `validation`, `test_loss` and `test`: mean cross-entropy in nats, and accuracy, on the rows
        that guided the search and on those that nothing has seen.
    """
    prepare_tensorflow()
    from components.training.plain import run_trial
    from components.training.recipe import Recipe

    context = _opened(searched)
    space, manifest = context.space, context.manifest
    spec, (variant,) = space.from_json(list(widths)), space.variants()
    recipe = Recipe(
        lambda: space.build(spec, variant, manifest.input_shape, manifest.outputs),
        feed_of(searched),
        context.search.training,
        seed=(seed, ALONE),
        total_steps=steps,
    )
    result, weights = run_trial(recipe, variant="alone")
    assert weights is not None
    test = evaluate_on_test(searched, recipe.build, weights)
    return {
        "validation_loss": result.nll,
        "validation": result.accuracy,
        "test_loss": test.nll,
        "test": test.accuracy,
        "parameters": result.parameters,
    }


def designs_within(searched: str, count: int, seed: int) -> list[list[int]]:
    """Returns different designs within the search's limit, drawn uniformly; all of them where there are fewer."""
    context = _opened(searched)
    limits = limits_of(context)
    assert limits is not None
    inside = _every_design(context)
    inside = inside[limits.within(inside)]
    rows = np.random.default_rng([seed, ALONE]).permutation(len(inside))[:count]
    return [context.space.to_json(context.space.decode(row)) for row in inside[rows]]


def share_within(searched: str) -> tuple[int, int]:
    """Returns how many designs the limit lets in, of how many."""
    context = _opened(searched)
    limits, every = limits_of(context), _every_design(context)
    assert limits is not None
    return int(limits.within(every).sum()), len(every)


def _every_design(context: SearchContext) -> np.ndarray:
    """All encodings, `[designs, decisions]`."""
    choices = [np.arange(decision.choices) for decision in context.space.decisions()]  # type: ignore[union-attr]
    return np.stack(np.meshgrid(*choices, indexing="ij"), axis=-1).reshape(-1, len(choices))


@cache
def _opened(searched: str) -> SearchContext:
    return SearchContext(open_search(searched))
