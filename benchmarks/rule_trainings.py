"""Training the target network with an update rule, at each of several learning rates, and its accuracy on test rows."""

from typing import Any

from benchmarks.search_rows import evaluate_on_test, feed_of
from components.records.results import Variant
from components.records.search import Training
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

EPOCHS = 20
BATCH = 64
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
TARGET = Variant(name="target", network="convnet")  # at twice the width that rules are searched at
SHAPE, CLASSES = (8, 8, 1), 10
SPACE = open_space("update_rule", {})


def train_with(searched: str, spec: Any, schedule: str, seed: int) -> dict[str, Any]:
    """Trains the target network with a rule at each rate and returns the best one's accuracies.

    Args:
        searched: a search directory, for its split of the rows.
        spec: the rule, as JSON data.
        schedule: of the learning rate, `constant` or `cosine`.
        seed: of weights and batches.

    Returns:
        `learning_rate` of the highest validation accuracy, `validation` and `test` accuracy with it; None each where
        every rate diverged.
    """
    prepare_tensorflow()
    from components.training.recipe import Recipe
    from components.training.sweep import Rate, run_sweep

    rule, feed = SPACE.from_json(spec), feed_of(searched)
    steps = EPOCHS * len(feed.train_x) // BATCH
    recipe = Recipe(
        lambda: SPACE.build(rule, TARGET, SHAPE, CLASSES),
        feed,
        Training(batch_size=BATCH, schedule=schedule, weight_decay=0.0),  # type: ignore[arg-type]
        seed=(seed,),
        total_steps=steps,
        optimizer=lambda: SPACE.optimizer(rule, 1.0, steps),
    )
    trained = list(run_sweep(recipe, [Rate(f"{rate:g}", rate) for rate in RATES]))
    usable = [(result, data) for result, data in trained if data is not None and result.nll is not None]
    if not usable:
        return {"learning_rate": None, "validation": None, "test": None}
    best, weights = max(usable, key=lambda one: (one[0].accuracy, -one[0].nll))  # type: ignore[operator, return-value]
    test = evaluate_on_test(searched, recipe.build, weights)
    return {"learning_rate": float(best.variant), "validation": best.accuracy, "test": test.accuracy}
