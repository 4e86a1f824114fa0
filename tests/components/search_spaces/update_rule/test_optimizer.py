"""What Keras asks of an optimizer: serialization, files, mixed precision, its other arguments, and the JAX backend."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from components.search_spaces.update_rule.build import UpdateRule
from components.search_spaces.update_rule.spec import RuleSpec
from tests.components.search_spaces.update_rule.course_by_backend import everything

PROGRAM = Path(__file__).with_name("course_by_backend.py")
DRAWING = [["noise", "m", "identity", "drop_0.3", "add"], ["#1", "noise_t", "identity", "drop_0.5", "add"]]


def problem():
    """Three classes that a small network can tell apart, from a fixed start."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 96)
    x = (rng.normal(size=(96, 6)) + 2 * np.eye(6)[y]).astype(np.float32)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3)])
    return model, x, y


def fitted(optimizer, epochs=3, model=None, **arguments):
    fresh, x, y = problem()
    model = model or fresh
    if optimizer is not None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], **arguments)
    history = model.fit(x, y, batch_size=16, epochs=epochs, shuffle=False, verbose=0)
    return model, history.history


def assert_equal_weights(one, other):
    """Up to rounding, which isn't always the same in another process; a draw is 0.01."""
    for mine, theirs in zip(one.trainable_variables, other.trainable_variables, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    ("name", "rate"), [("SGD", 0.1), ("Adam", 0.01), ("PowerSign-cd", 0.05), ("AddSign-rd_10", 0.05)]
)
def test_fit_learns(name, rate, fused):
    rule = UpdateRule.known(name, learning_rate=rate, total_steps=120, fused=fused)
    _, history = fitted(rule, epochs=20)
    assert history["accuracy"][-1] > 0.9  # chance is a third


@pytest.mark.parametrize(
    "arguments",
    [
        {"weight_decay": 0.1},
        {"clipnorm": 0.05},
        {"global_clipnorm": 0.05},
        {"clipvalue": 0.01},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
        {"gradient_accumulation_steps": 2},
        {"loss_scale_factor": 64.0},
        {"learning_rate": optimizers.schedules.CosineDecay(0.2, 18)},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
@pytest.mark.parametrize("fused", [False, True])
def test_what_keras_does_for_every_optimizer_it_does_here(arguments, fused):
    arguments = {"learning_rate": 0.1, **arguments}
    ours, _ = fitted(UpdateRule.known("SGD", fused=fused, **arguments))
    theirs, _ = fitted(optimizers.SGD(**arguments))
    plain, _ = fitted(optimizers.SGD(0.1))
    assert_equal_weights(ours, theirs)
    if "loss_scale_factor" not in arguments:  # which cancels out
        with pytest.raises(AssertionError):
            assert_equal_weights(plain, theirs)


def test_fused_and_separate_weights_move_alike():
    rule = [["adam", "m", "exp", "sign", "mul"], ["#1", "1e-2w", "clip_1e-3", "identity", "add"]]
    models = [fitted(UpdateRule(rule, 0.01, fused=fused))[0] for fused in (False, True)]
    assert_equal_weights(*models)


def test_a_weight_without_a_gradient_stays():
    for fused in (False, True):
        variables = [keras.Variable(np.ones(3), dtype="float32") for _ in range(2)]
        rule = UpdateRule([["m", "noise", "identity", "identity", "add"]], 1.0, fused=fused, seed=0)
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            rule.apply([None, keras.ops.ones(3)], variables)
        np.testing.assert_array_equal(variables[0], np.ones(3))
        assert (np.asarray(variables[1]) < 0.1).all()  # m is 1 after the correction; noise is 0.01


def test_rows_of_an_embedding_get_dense_updates():
    x = np.array([[0, 2], [2, 3]], np.int32)
    for fused in (False, True):
        models = []
        for optimizer in (UpdateRule.known("Momentum", learning_rate=0.1, fused=fused), optimizers.SGD(0.1)):
            keras.utils.set_random_seed(0)
            inputs = keras.Input((2,), dtype="int32")
            model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.Embedding(5, 3)(inputs))))
            model.compile(optimizer, "mse")
            model.train_on_batch(x, np.ones((2, 2)))
            models.append(model)
        assert_equal_weights(*models)  # the first corrected average is the gradient


def test_config_round_trip():
    made = UpdateRule(
        DRAWING, optimizers.schedules.CosineDecay(0.1, 5), total_steps=7, behaviour={"beta1": 0.5}, fused=True,
        weight_decay=0.1, clipnorm=2.0,
    )  # fmt: skip
    config = json.loads(json.dumps(optimizers.serialize(made)))
    again = optimizers.deserialize(config)
    assert isinstance(again, UpdateRule) and again.get_config() == made.get_config()
    assert again.rule == RuleSpec.from_json(DRAWING) and again.seed == made.seed and again.behaviour.beta1 == 0.5
    assert isinstance(again._learning_rate, optimizers.schedules.CosineDecay)


@pytest.mark.parametrize("fused", [False, True])
def test_training_goes_on_from_a_file_as_if_unbroken(tmp_path, fused):
    """With draws in it: those of a step depend on nothing before it."""
    unbroken, _ = fitted(UpdateRule(DRAWING, 0.01, fused=fused, seed=4), epochs=4)
    half, _ = fitted(UpdateRule(DRAWING, 0.01, fused=fused, seed=4), epochs=2)
    half.save(tmp_path / "half.keras")
    code = "import sys, keras; import components.search_spaces.update_rule.build; from tests.components.search_spaces.update_rule.test_optimizer import fitted; model = keras.models.load_model(sys.argv[1]); fitted(None, 2, model); model.save(sys.argv[2])"  # noqa: E501
    command = [sys.executable, "-c", code, tmp_path / "half.keras", tmp_path / "whole.keras"]
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TF_CPP_MIN_LOG_LEVEL": "3"}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    whole = keras.models.load_model(tmp_path / "whole.keras")
    assert_equal_weights(whole, unbroken)
    assert int(whole.optimizer.iterations) == 4 * 6
    with pytest.raises(AssertionError):
        assert_equal_weights(half, unbroken)


def test_another_seed_draws_otherwise_and_keras_seed_decides_where_none_is_given():
    (first, _), (again, _), (other, _) = (fitted(UpdateRule(DRAWING, 0.01, seed=seed)) for seed in (4, 4, 5))
    assert_equal_weights(first, again)
    with pytest.raises(AssertionError):
        assert_equal_weights(first, other)
    drawn = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        drawn.append(UpdateRule(DRAWING).seed)
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("fused", [False, True])
def test_mixed_float16_wraps_it_in_a_loss_scale(fused):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        rule = UpdateRule.known("PowerSign", learning_rate=0.05, fused=fused)
        model, history = fitted(rule, epochs=20)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert isinstance(model.optimizer, optimizers.LossScaleOptimizer) and model.optimizer.inner_optimizer is rule
    assert history["accuracy"][-1] > 0.9
    assert int(rule.iterations) > 100  # of 120 steps few overflow


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_averages_of_weights_of_16_bits_have_32(dtype, fused):
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=(4,)), dtype=dtype), keras.Variable(np.ones(2), dtype="float32")]
    rule = UpdateRule.known("Adam", learning_rate=0.125, fused=fused)
    for _ in range(20):
        rule.apply([keras.ops.full(v.shape, 0.5, v.dtype) for v in variables], variables)
    assert {slot.dtype for slot in rule.variables[2:]} == {"float32"}
    # v is 1 - 0.999^20 of 0.25; in bfloat16 it would be 0, as 0.999 is 1
    v = [slot for slot in rule.variables if slot.name.startswith("v")]
    np.testing.assert_allclose(np.concatenate([np.ravel(slot) for slot in v]), 0.25 * (1 - 0.999**20), rtol=1e-4)
    assert variables[0].dtype == dtype
    np.testing.assert_allclose(variables[1], 1 - 20 * 0.125, rtol=1e-4)  # each corrected update is 1


def test_updates_that_are_not_finite_make_a_loss_that_is_not_and_raise_nothing():
    explosive = [["g", "1", "exp", "identity", "left"], ["#1", "2", "exp", "identity", "left"]]
    for fused in (False, True):
        _, history = fitted(UpdateRule([*explosive, ["#2", "#2", "exp", "identity", "mul"]], 10.0, fused=fused))
        assert not np.isfinite(history["loss"][-1])


def test_rules_move_alike_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    child = subprocess.run([sys.executable, PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    theirs, ours = json.loads(child.stdout.strip().splitlines()[-1]), everything()
    assert (ours["backend"], theirs["backend"]) == ("tensorflow", "jax")
    for name, weights in ours["exact"].items():
        for mine, other in zip(weights, theirs["exact"][name], strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5, err_msg=name)
    for said in (ours, theirs):  # each backend draws numbers of its own
        first, again = said["drawn"]
        assert first == again and np.isfinite(np.concatenate(first)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": [["g", "g", "identity", "identity", "times"]]}, "Group 1 must have one of .* binary='times'"),
        ({"groups": []}, "`groups` must have 1 to 4 groups. Received: 0 groups"),
        ({"total_steps": 0}, r"`total_steps` must be a whole number in \[1, 2147483647\]. Received: total_steps=0"),
        ({"total_steps": 2.5}, "`total_steps` must be .* Received: total_steps=2.5"),
        ({"seed": -1}, r"`seed` must be a whole number in \[0, 4294967295\]. Received: seed=-1"),
        ({"seed": True}, "`seed` must be a whole number"),
        ({"behaviour": {"beta1": 1.0}}, r"`behaviour` must have the fields of RuleBehaviour: .*beta1"),
        ({"behaviour": {"beta": 0.5}}, r"`behaviour` must have .*unknown field `beta`"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        UpdateRule(**{"groups": [["g", "g", "identity", "identity", "left"]], **arguments})


def test_a_decay_asks_for_the_total_steps_when_it_is_built():
    rule = UpdateRule.known("PowerSign-ld")
    variable = keras.Variable(np.ones(2), dtype="float32")
    with pytest.raises(
        ValueError, match="`total_steps` must be given for a rule that uses ld. Received: total_steps=None"
    ):
        rule.build([variable])
    rule.total_steps = 10
    rule.apply([keras.ops.ones(2)], [variable])
    with pytest.raises(ValueError, match="`name` must be one of SGD, Momentum, .* Received: name='SGDM'"):
        UpdateRule.known("SGDM")
