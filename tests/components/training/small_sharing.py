"""A shared network that several tests train; run as a program it continues one in a process of its own."""

import sys
from pathlib import Path

import numpy as np

from components.records.search import Training
from components.records.training_section import WeightSharing
from components.search_spaces.registry import open_space
from components.training.feed import Feed
from components.training.shared_weights import run_sharing
from components.training.shared_weights_program import SharedWeights
from tests.components.training.small_policy import SmallPolicy

STEPS = 24
SEED = (7, 0, 3)
WIDTHS = [3, 12, 6, 9]  # of three layers
FEATURES = 5
TRAINING = Training(batch_size=16, learning_rate=0.05, warmup_steps=2)
SHARING = WeightSharing(draws=1)
SPACE = open_space("tabular_mlp", {"layers": 3, "widths": WIDTHS})
VARIANT = SPACE.variants()[0]


def rows(count, seed, classes):
    """Noise whose first features say the class; for `classes` 1, a number that follows from them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, FEATURES)).astype(np.float32)
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=count)
    if classes == 1:
        return x, score.astype(np.float32)
    return x, np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(np.int32)


def feed(classes=3):
    """60 training rows, so that 24 batches of 16 cross epochs, and 50 validation rows."""
    return Feed(*rows(60, 0, classes), *rows(50, 1, classes))


def policy(**changes):
    """A policy that may choose any design but those whose last layer is the largest."""
    return SmallPolicy(**{"decisions": 3, "choices": 4, "feasible": lambda one: one[2] != 1, **changes})


def network(classes=3, space=SPACE):
    """Makes the shared network."""
    return lambda: space.shared_network(VARIANT, (FEATURES,), classes)


def program(classes=3, *, training=TRAINING, sharing=SHARING, total_steps=STEPS, space=SPACE, **changes):
    """The program, initialised."""
    arguments = {"feed": feed(classes), "policy": policy(), **changes}
    made = SharedWeights(
        network(classes, space), training=training, sharing=sharing, seed=SEED, total_steps=total_steps, **arguments
    )
    made.init(None)
    return made


def run(first_step=0, last_step=STEPS, start=None, **changes):
    """Trains the shared network."""
    arguments = {
        "build": network(), "feed": feed(), "training": TRAINING, "sharing": SHARING, "policy": policy(),
        "seed": SEED, "children": 5, "total_steps": STEPS, **changes,
    }  # fmt: skip
    return run_sharing(variant="tabular_mlp", first_step=first_step, last_step=last_step, start=start, **arguments)


def main(start_file: str, end_file: str, first_step: str, optimizer: str) -> None:
    """Continues from a file to the last step."""
    training = Training(batch_size=16, learning_rate=0.05, warmup_steps=2, optimizer=optimizer)
    _, data = run(first_step=int(first_step), start=Path(start_file).read_bytes(), training=training)
    Path(end_file).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
