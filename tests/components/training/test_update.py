"""The training section's optimizers against formulas in NumPy, and one of a trial's own in their place."""

import msgspec
import numpy as np
import pytest

from components.records.search import Training
from components.training.feed import Feed
from components.training.plain import Plain, run_trial
from components.training.recipe import Recipe
from components.training.schedule import learning_rate
from components.training.update import ADAM, NesterovUpdate, OptimizerUpdate, training_update
from tests.oracles import masked_mlp

STEPS, SEED = 30, (1, 2)
TRAINING = Training(batch_size=8, optimizer="adam", learning_rate=0.02, weight_decay=0.01, warmup_steps=3)


def build():
    """Softmax regression of 5 features and 3 classes."""
    import keras

    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


def feed():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 5)).astype(np.float32), rng.integers(0, 3, 50)
    return Feed(x, y, x, y)


def test_steps_of_adam_equal_those_of_numpy():
    data = feed()
    program = Plain(Recipe(build, data, TRAINING, seed=SEED, total_steps=STEPS))
    program.init(None)
    before = [np.array(one) for one in program.model.trainable_variables]
    losses = [program.step(step) for step in range(STEPS)]
    steps = [(*data.batch(SEED, step, 8), [5, 3], learning_rate(TRAINING, step, STEPS)) for step in range(STEPS)]
    expected, weights, _ = masked_mlp.train(before, steps, [5, 3], decay=0.01, move=masked_mlp.adam)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for ours, oracle in zip(program.model.trainable_variables, weights, strict=True):
        np.testing.assert_allclose(ours, oracle, rtol=1e-4, atol=1e-5)


def test_training_by_adam_cut_in_two_equals_unbroken_training_bit_for_bit():
    def run(first, last, start=None):
        recipe = Recipe(build, feed(), TRAINING, seed=SEED, total_steps=STEPS)
        return run_trial(recipe, variant="v", first_step=first, last_step=last, start=start)[1]

    assert run(11, STEPS, run(0, 11)) == run(0, STEPS)


@pytest.mark.parametrize(("optimizer", "kind"), [("sgd", NesterovUpdate), ("adam", OptimizerUpdate)])
def test_the_section_names_the_optimizer(optimizer, kind):
    update = training_update(build().trainable_variables, msgspec.structs.replace(TRAINING, optimizer=optimizer))
    assert type(update) is kind


def test_an_optimizer_of_its_own_takes_the_sections_place():
    import keras

    update = training_update(build().trainable_variables, TRAINING, lambda: keras.optimizers.Lion())
    assert isinstance(update._optimizer, keras.optimizers.Lion)


def test_the_constants_are_those_of_keras():
    import keras

    adam = keras.optimizers.Adam()
    assert ADAM == (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.999, 1e-7)
