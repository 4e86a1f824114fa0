"""A trial that several tests share; run as a program it continues one in a process of its own."""

import sys
from pathlib import Path

import numpy as np

from components.records.search import Training
from components.training.feed import Feed
from components.training.plain import run_trial
from components.training.recipe import Recipe
from components.training.runtime import prepare_tensorflow

STEPS = 12
SEED = (7, 0, 3)
TRAINING = Training(batch_size=16, learning_rate=0.1, warmup_steps=2, shift_pixels=1)


def build():
    """A convnet with every kind of state: weights, moving averages and a seed that dropout counts up."""
    from keras import Input, Model, layers

    image = x = Input((6, 6, 1))
    x = layers.Conv2D(4, 3, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.Dropout(0.2)(layers.ReLU()(x))
    return Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def rows(count=40, seed=0):
    """Images of three classes: noise, brighter in the class's rows."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    x = rng.normal(size=(count, 6, 6, 1)).astype(np.float32)
    for image, label in zip(x, y, strict=True):
        image[2 * label : 2 * label + 2] += 2
    return x, y.astype(np.int32)


def feed():
    """40 training rows, so that 12 batches of 16 cross epochs, and 30 validation rows."""
    return Feed(*rows(), *rows(30, seed=1))


def run(first_step=0, last_step=STEPS, start=None, **changes):
    """Runs steps of the shared trial."""
    recipe = Recipe(
        **{"feed": feed(), "training": TRAINING, "seed": SEED, "build": build, "total_steps": STEPS} | changes
    )
    return run_trial(recipe, variant="small", first_step=first_step, last_step=last_step, start=start)


def main(start_file: str, end_file: str, first_step: str) -> None:
    """Continues from a checkpoint file to the last step; prints how TensorFlow stands."""
    tf = prepare_tensorflow()
    _, checkpoint = run(first_step=int(first_step), start=Path(start_file).read_bytes())
    Path(end_file).write_bytes(checkpoint)
    threading = tf.config.threading
    print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())


if __name__ == "__main__":
    main(*sys.argv[1:])
