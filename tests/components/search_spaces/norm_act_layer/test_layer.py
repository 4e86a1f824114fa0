"""The layer in anyone's model: precisions, XLA, any rank and size, files, both backends, and what it refuses."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.search_spaces.networks.build import Affine
from components.search_spaces.norm_act_layer.build import NormActLayer
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.primitives import INDEX_SETS, STATISTICS
from tests.oracles import norm_act as oracle


@pytest.fixture
def rng():
    """The same draws whichever tests run."""
    return np.random.default_rng(0)


def rows(rng, *shape):
    """Unit-normal rows, a little off zero."""
    return rng.normal(0.3, 1.5, size=shape).astype(np.float32)


# policy -> (dtype of the output, of weights, of averages; error allowed, some spacings of the output's type near 4)
POLICIES = {
    "float32": ("float32", "float32", "float32", 1e-4),
    "float64": ("float64", "float64", "float64", 1e-6),
    "mixed_bfloat16": ("bfloat16", "float32", "float32", 0.03),
    "bfloat16": ("bfloat16", "bfloat16", "float32", 0.03),
    "mixed_float16": ("float16", "float32", "float32", 0.004),
    "float16": ("float16", "float16", "float32", 0.004),
}


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ["BN-ReLU", "LN-GELU-like", "EvoNorm-B1", "EvoNorm-S0"])
def test_precisions_and_xla(name, policy, jit, rng):
    """Twelve training steps on one batch, whose averages end at 0.9**12 of the start; then inference."""
    output, weight, average, error = POLICIES[policy]
    layer = NormActLayer.known(name, groups=4, dtype=policy)
    x = rows(rng, 8, 4, 4, 8)
    call = tf.function(lambda x, training: layer(x, training=training), jit_compile=jit)
    layer.build(x.shape)
    for _ in range(12):
        trained = call(x, True)
    v0, v1, left = np.zeros(8), np.ones(8), 0.9**12
    batch = (x.mean((0, 1, 2)) * (1 - left), x.var((0, 1, 2)) * (1 - left) + left)
    np.testing.assert_allclose(
        tf.cast(trained, "float64"), oracle.known(name, x, v0, v1, groups=4), rtol=error, atol=error
    )
    expected = oracle.known(name, x, v0, v1, groups=4, batch=batch)
    np.testing.assert_allclose(tf.cast(call(x, False), "float64"), expected, rtol=error, atol=error)
    assert trained.dtype.name == output
    assert {str(variable.dtype) for variable in layer.trainable_variables} == {weight}
    assert {str(variable.dtype) for variable in layer.non_trainable_variables} <= {average}


def test_averages_move_in_float32_under_bfloat16(rng):
    """In bfloat16 an average near 1 could not move by less than 1/256."""
    layer = NormActLayer.known("BN-ReLU", dtype="mixed_bfloat16", decay=0.999)
    layer(rows(rng, 64, 2, 2, 4), training=True)
    variance = next(np.asarray(one) for one in layer.non_trainable_variables if "std" in one.name)
    assert (variance - 1 > 0.0002).all() and (variance - 1 < 0.004).all()


def test_divisors_near_zero_stay_finite_in_every_precision():
    """x / max(x, 0) * 1e-5: the divisor is zero for half of the inputs, and 1 / eps is more than float16 holds."""
    nodes = [["max", [0, 1]], ["div", [0, 4]], ["std_wh", [1]], ["square", [6]], ["mul", [5, 7]]]
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(1, 2, 2, 2)
    for policy in POLICIES:
        output = tf.cast(NormActLayer(nodes, dtype=policy)(x), "float32")
        np.testing.assert_allclose(output, np.minimum(x, 0), atol=0.01, err_msg=policy)


def test_numbers_as_operands(rng):
    """Numbers that are known beforehand: as divisor (zero is eps), as dividend, in a maximum, as the output."""
    x = rows(rng, 2, 2, 2, 3)
    half = [["sigmoid", [1]], ["neg", [4]]]
    cases = [
        ([["div", [0, 1]], ["tanh", [4]]], np.tanh(x / 1e-5)),
        ([*half, ["div", [5, 1]], ["add", [6, 0]]], -0.5 / 1e-5 + x),
        ([["std_wh", [1]], ["square", [4]], ["neg", [5]], ["div", [0, 6]], ["tanh", [7]]], np.tanh(x / -2e-5)),
        ([*half, ["div", [5, 0]]], -0.5 / (x + np.sign(x) * 1e-5)),
        ([*half, ["max", [0, 5]], ["square", [0]], ["mul", [6, 7]]], np.maximum(x, -0.5) * x**2),
        ([["neg", [1]]], 0 * x),
        ([["sigmoid", [1]]], 0 * x + 0.5),
        ([["mean_wh", [3]]], 0 * x + 1),  # v1 itself
        ([["max", [0, 1]]], np.maximum(x, 0)),
        ([["max", [1, 0]]], np.maximum(x, 0)),
        ([["neg", [0]], ["max", [1, 4]]], np.maximum(-x, 0)),
        ([["neg", [0]], ["max", [4, 1]]], np.maximum(-x, 0)),
    ]
    for nodes, expected in cases:
        np.testing.assert_allclose(NormActLayer(nodes)(x), expected, rtol=1e-4, atol=1e-6, err_msg=str(nodes))


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_what_is_not_a_number_stays_so_in_a_maximum(jit):
    """A search stops a candidate at a loss that is not finite; a rectifier must not hide it."""
    layer = NormActLayer([["max", [0, 1]]])
    output = tf.function(layer, jit_compile=jit)(tf.constant([[[[np.nan, 1.0, -1.0]]]]))
    np.testing.assert_array_equal(output, [[[[np.nan, 1.0, 0.0]]]])


def every_aggregation():
    """Graphs of each statistic over each index set."""
    return [
        [[f"{statistic}_{index_set}", [0]], ["div", [0, 4]]] for statistic in STATISTICS for index_set in INDEX_SETS
    ]


@pytest.mark.parametrize("shape", [(2, 6, 8), (2, 2, 3, 2, 8)], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_one_and_three_spatial_axes_are_as_two_of_their_size(shape, training, rng):
    flat = (shape[0], int(np.prod(shape[1:-1])), 1, shape[-1])
    x = rows(rng, *shape)
    for nodes in [*every_aggregation(), *(spec.to_json() for spec in KNOWN.values())]:
        layers = NormActLayer(nodes, groups=2), NormActLayer(nodes, groups=2)
        found, expected = (
            layer(x.reshape(to), training=training).numpy() for layer, to in zip(layers, (shape, flat), strict=True)
        )
        assert found.shape == shape
        np.testing.assert_allclose(found.reshape(flat), expected, rtol=1e-5, atol=1e-6, err_msg=str(nodes))


def test_rows_without_spatial_axes_are_as_images_of_one_pixel(rng):
    x = rows(rng, 16, 8)
    for nodes in [*every_aggregation(), *(spec.to_json() for spec in KNOWN.values())]:
        if any(op.endswith("_wh") for op, _ in nodes):
            continue
        found = NormActLayer(nodes, groups=2)(x, training=True)
        expected = NormActLayer(nodes, groups=2)(x[:, None, None], training=True)
        assert found.shape == (16, 8)
        np.testing.assert_allclose(found, expected[:, 0, 0], rtol=1e-5, atol=1e-6, err_msg=str(nodes))


NO_AXES = [
    ([["exp", [1]], ["neg", [0]], ["std_wh", [5]], ["div", [0, 6]]], 2, r"Node 6 \(std_wh\) .*no spatial axes\. "),
    ([["rms_whcg", [0]], ["div", [0, 4]]], 8, r"Node 4 \(rms_whcg\) .*no spatial axes and a channel in each group\. "),
]


@pytest.mark.parametrize(("nodes", "groups", "message"), NO_AXES, ids=lambda value: str(value)[:40])
def test_an_index_set_that_the_input_does_not_have_is_refused(nodes, groups, message, rng):
    with pytest.raises(ValueError, match=message + r"Received: input_shape=\(16, 8\)"):
        NormActLayer(nodes, groups=groups)(rows(rng, 16, 8))
    assert np.isfinite(NormActLayer(nodes, groups=groups)(rows(rng, 2, 4, 8))).all()


def test_what_the_output_does_not_need_is_not_refused(rng):
    dead = NormActLayer([["std_wh", [0]], ["rms_wh", [3]], ["mul", [0, 5]]])
    assert dead(rows(rng, 16, 8)).shape == (16, 8)


BAD_ARGUMENTS = [
    ({"groups": 0}, r"`groups` must be a whole number, at least 1, for node 7 \(std_whcg\). Received: groups=0."),
    ({"groups": -3}, r"`groups` must be .*Received: groups=-3."),
    ({"groups": 2.0}, r"`groups` must be a whole number.*Received: groups=2.0."),
    ({"groups": True}, r"`groups` must be .*Received: groups=True."),
    ({"groups": None}, r"`groups` must be .*Received: groups=None."),
    ({"decay": 1.0}, r"`decay` must be in \[0, 1\). Received: decay=1.0."),
    ({"decay": -0.1}, r"`decay` must be in \[0, 1\). Received: decay=-0.1."),
    ({"decay": float("nan")}, r"`decay` must be in \[0, 1\). Received: decay=nan."),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS, ids=str)
def test_a_bad_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormActLayer.known("EvoNorm-S0", **arguments)


def test_an_unknown_name_and_a_bad_input_are_refused(rng):
    with pytest.raises(ValueError, match=r"`name` must be one of BN-ReLU, .*, EvoNorm-S2. Received: name='EvoNorm-S9'"):
        NormActLayer.known("EvoNorm-S9")
    for shape in ((8,), (None, 4, 4, None)):
        with pytest.raises(ValueError, match=r"`input_shape` must be \(batch, ..., channels\). Received: input_shape="):
            NormActLayer.known("EvoNorm-S0").build(shape)
    layer = NormActLayer.known("EvoNorm-S0")
    layer(rows(rng, 2, 4, 4, 8))
    with pytest.raises(ValueError, match=r"expected axis -1 of input shape to have value 8"):
        layer(rows(rng, 2, 4, 4, 6))


@pytest.mark.parametrize(
    ("groups", "channels", "count"), [(32, 16, 16), (32, 48, 24), (4, 10, 2), (5, 7, 1), (1, 6, 1)]
)
def test_a_group_count_is_lowered_until_it_divides_the_channels(groups, channels, count, rng):
    x = rows(rng, 2, 3, 3, channels)
    found = NormActLayer.known("EvoNorm-S2", groups=groups)(x)
    np.testing.assert_allclose(found, oracle.known("EvoNorm-S2", x, 0, 1, groups=count), rtol=1e-4, atol=1e-5)


def test_a_frozen_layer_infers_and_keeps_its_averages(rng):
    """As Keras's own batch normalization does."""
    layer = NormActLayer.known("BN-ReLU")
    x = rows(rng, 8, 2, 2, 4)
    layer(x, training=True)
    layer.trainable = False
    before = [np.asarray(one) for one in layer.variables]
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    assert all((np.asarray(one) == old).all() for one, old in zip(layer.variables, before, strict=True))


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_a_model_of_unknown_sizes_trains_by_fit(jit, rng):
    """Four known layers in one model, batch and image size unknown; then rows of another size."""
    keras.utils.set_random_seed(0)
    y = inputs = keras.Input((None, None, 3))
    for name in list(KNOWN)[::3]:
        y = NormActLayer.known(name, groups=2)(keras.layers.Conv2D(4, 1)(y))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(y)))
    labels = rng.integers(2, size=40)
    x = rows(rng, 40, 6, 6, 3) + 3 * labels[:, None, None, None]
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=jit)
    losses = model.fit(x, labels, batch_size=16, epochs=12, verbose=0).history["loss"]  # the last batch has 8 rows
    assert losses[-1] < 0.9 * losses[0]
    assert model.predict(rows(rng, 3, 5, 7, 3), verbose=0).shape == (3, 2)


PROGRAM = """
import json
import sys

import keras
import numpy as np

import components.search_spaces.norm_act_layer.build

model = keras.saving.load_model("model.keras")
rows = np.load("rows.npy")
before = [np.asarray(keras.ops.convert_to_numpy(one)) for one in model.non_trainable_variables]
found = [keras.ops.convert_to_numpy(model(rows, training=training)).tolist() for training in (False, True)]
after = [np.asarray(keras.ops.convert_to_numpy(one)) for one in model.non_trainable_variables]
moved = sum(bool((one != other).all()) for one, other in zip(before, after))
json.dump([keras.backend.backend(), moved, found], sys.stdout)
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_keras_file_is_the_same_model_in_a_process_of_its_own(backend, rng, tmp_path):
    """All known layers, trained a little, and an affine alone; the averages are in the file, and move there as here."""
    inputs = keras.Input((None, 4, 3))
    layers = [NormActLayer.known(name, groups=2, decay=0.7, name=name) for name in KNOWN]
    layers.append(Affine())
    model = keras.Model(inputs, keras.layers.Concatenate()([layer(inputs) for layer in layers]))
    for _ in range(3):
        model(rows(rng, 8, 4, 4, 3), training=True)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(1, 0.3, size=variable.shape))
    x = rows(rng, 5, 6, 4, 3)
    np.save(tmp_path / "rows.npy", x)
    model.save(tmp_path / "model.keras")
    environment = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, **environment, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    where, moved, found = json.loads(process.stdout)
    assert where == backend
    assert moved == len(model.non_trainable_variables) == 7  # mean and variance of two, variance of three
    for values, training in zip(found, (False, True), strict=True):
        np.testing.assert_allclose(values, model(x, training=training), rtol=1e-4, atol=1e-5)
