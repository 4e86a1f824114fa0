"""Training a layer in the three networks on the digits, and its accuracy on the test rows."""

from functools import cache
from typing import Any

from components.records.results import Variant
from components.records.rows import read_part
from components.records.search import Training
from components.records.store import open_search
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

EPOCHS = 30
RATE_AT_128 = 0.1  # peak learning rate at a batch of 128; it is scaled with the batch size
MEMORY_MIB = 2048
NETWORKS = ("preact_resnet", "mobilenet_v2", "efficientnet")
SETTINGS = {"groups": 8}


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

    feed = _feed(searched)
    space = open_space("norm_act_layer", SETTINGS)
    layer, variant = space.from_json(spec), Variant(name=network, network=network)
    steps = EPOCHS * len(feed.train_x) // batch_size
    result, _ = run_trial(
        lambda: space.build(layer, variant, (8, 8, 1), 10),
        feed,
        Training(batch_size=batch_size, learning_rate=RATE_AT_128 * batch_size / 128),
        variant=network,
        seed=(seed,),
        first_step=0,
        last_step=steps,
        total_steps=steps,
    )
    seconds = result.build_seconds + result.trace_seconds + result.step_seconds
    return {"accuracy": result.accuracy, "status": result.status, "steps": result.steps, "seconds": seconds}


def known_layer(name: str) -> Any:
    """Returns a published layer as JSON data."""
    space = open_space("norm_act_layer", SETTINGS)
    return space.to_json(space.known[name])


def formula(spec: Any) -> str:
    """Returns a layer as a formula."""
    space = open_space("norm_act_layer", SETTINGS)
    return space.formula(space.from_json(spec))


@cache
def _feed(searched: str):  # type: ignore[no-untyped-def]
    """Training rows, and the test rows in the place of the validation rows."""
    from components.training.feed import Feed

    store = open_search(searched)
    return Feed(*read_part(store, "train", MEMORY_MIB), *read_part(store, "test", MEMORY_MIB))
