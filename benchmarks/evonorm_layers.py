"""Training a layer in the three networks on the digits, and its accuracy on the test rows."""

from typing import Any

from benchmarks.search_rows import feed_of
from components.records.results import Variant
from components.records.search import Training
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

EPOCHS = 30
RATE_AT_128 = 0.1  # peak learning rate at a batch of 128; it is scaled with the batch size
NETWORKS = ("preact_resnet", "mobilenet_v2", "efficientnet")
SPACE = open_space("norm_act_layer", {"groups": 8})


def train_layer(searched: str, spec: Any, network: str, batch_size: int, seed: int) -> dict[str, Any]:
    """Trains a layer in a network at width 1 for `EPOCHS`, and returns its test accuracy and seconds.

    Args:
        searched: a search directory, for its split of the rows.
        spec: the layer, as JSON data.
        network: one of `NETWORKS`.
        batch_size: rows of a step.
        seed: of weights and batches.
    """
    prepare_tensorflow()
    from components.training.plain import run_trial
    from components.training.recipe import Recipe

    feed = feed_of(searched, "test")
    layer, variant = SPACE.from_json(spec), Variant(name=network, network=network)
    recipe = Recipe(
        lambda: SPACE.build(layer, variant, (8, 8, 1), 10),
        feed,
        Training(batch_size=batch_size, learning_rate=RATE_AT_128 * batch_size / 128),
        seed=(seed,),
        total_steps=EPOCHS * len(feed.train_x) // batch_size,
    )
    result, _ = run_trial(recipe, variant=network)
    seconds = result.build_seconds + result.trace_seconds + result.step_seconds
    return {"accuracy": result.accuracy, "status": result.status, "steps": result.steps, "seconds": seconds}
