"""Training the target network with an update rule, at each of several learning rates, and its accuracy on test rows."""

from functools import cache
from typing import Any

from components.records.results import Variant
from components.records.rows import read_part
from components.records.search import Training
from components.records.store import open_search
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

EPOCHS = 20
BATCH = 64
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
TARGET = Variant(name="target", network="convnet")  # at twice the width that rules are searched at
SHAPE, CLASSES = (8, 8, 1), 10
MEMORY_MIB = 2048


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
    from components.training.evaluation import evaluate_logits, predict_logits
    from components.training.sweep import Rate, run_sweep

    space = open_space("update_rule", {})
    rule = space.from_json(spec)
    feed, test_x, test_y = _rows(searched)
    steps = EPOCHS * len(feed.train_x) // BATCH

    def build():  # type: ignore[no-untyped-def]
        return space.build(rule, TARGET, SHAPE, CLASSES)

    trained = list(
        run_sweep(
            build,
            feed,
            Training(batch_size=BATCH, schedule=schedule, weight_decay=0.0),  # type: ignore[arg-type]
            [Rate(f"{rate:g}", rate) for rate in RATES],
            optimizer=lambda: space.optimizer(rule, 1.0, steps),
            seed=(seed,),
            first_step=0,
            last_step=steps,
            total_steps=steps,
        )
    )
    usable = [(result, data) for result, data in trained if data is not None and result.nll is not None]
    if not usable:
        return {"learning_rate": None, "validation": None, "test": None}
    best, weights = max(usable, key=lambda one: (one[0].accuracy, -one[0].nll))  # type: ignore[operator, return-value]
    test = evaluate_logits(predict_logits(build, weights, test_x), test_y)
    return {"learning_rate": float(best.variant), "validation": best.accuracy, "test": test.accuracy}


def known_rule(name: str) -> Any:
    """Returns a published rule as JSON data."""
    space = open_space("update_rule", {})
    return space.to_json(space.known[name])


def formula(spec: Any) -> str:
    """Returns a rule as a formula."""
    space = open_space("update_rule", {})
    return space.formula(space.from_json(spec))


@cache
def _rows(searched: str):  # type: ignore[no-untyped-def]
    """Rows to train on and to choose the rate by, and the test rows."""
    from components.training.feed import Feed

    store = open_search(searched)
    guiding = (*read_part(store, "train", MEMORY_MIB), *read_part(store, "validation", MEMORY_MIB))
    return Feed(*guiding), *read_part(store, "test", MEMORY_MIB)
