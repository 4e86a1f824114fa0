"""The Keras layer against independent NumPy formulas: values and gradients, training and inference, small shapes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from components.search_spaces.norm_act_layer.build import ELEMENT_WISE, NormActLayer
from components.search_spaces.norm_act_layer.graph import uses_batch
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.primitives import ELEMENT_WISE as ELEMENT_WISE_ROWS
from components.search_spaces.norm_act_layer.primitives import NAMES
from components.search_spaces.norm_act_layer.sampling import Sampler
from components.search_spaces.norm_act_layer.screen import static_screen
from components.search_spaces.norm_act_layer.spec import LayerSpec
from components.search_spaces.registry import open_space
from tests.oracles import norm_act as oracle

# The third has 10 channels, which 4 groups don't divide: 2 groups are taken.
SHAPES = [(5, 4, 3, 8), (1, 4, 4, 8), (4, 3, 3, 10), (4, 1, 1, 8), (1, 1, 1, 3)]


@pytest.fixture
def rng():
    """The same draws whichever tests run."""
    return np.random.default_rng(0)


def layer_and_weights(spec, channels, rng, groups=4, **arguments):
    """A built layer whose weights are random, and those weights by name."""
    layer = NormActLayer(spec.to_json(), groups=groups, **arguments)
    layer.build((None, 4, 4, channels))
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(1, 0.3, size=variable.shape))
    weights = {"v0": np.zeros(channels), "v1": np.ones(channels)}
    for variable in layer.variables:
        weights[variable.name] = variable.numpy().reshape(-1).astype(np.float64)
    return layer, weights


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", KNOWN)
def test_known_layers_in_training_are_the_published_formulas(name, shape, rng):
    layer, weights = layer_and_weights(KNOWN[name], shape[-1], rng)
    x = rng.normal(0.3, 2, size=shape)
    expected = oracle.known(name, x, weights["v0"], weights["v1"], groups=4) * weights["gamma"] + weights["beta"]
    found = layer(x.astype(np.float32), training=True).numpy()
    assert np.isfinite(found).all()
    # Where the spread is zero, rounding is divided by sqrt(eps) = 0.003.
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-3 if min(shape[:3]) == 1 else 2e-5)


@pytest.mark.parametrize("name", KNOWN)
def test_known_layers_in_inference_take_moving_averages(name, rng):
    """Two training steps at decay 0.9 leave 0.81 of the start, 0.09 of the first batch and 0.1 of the second."""
    layer, weights = layer_and_weights(KNOWN[name], 8, rng)
    batches = [rng.normal(center, 2, size=(6, 4, 4, 8)) for center in (0, 3)]
    mean, variance = np.zeros(8), np.ones(8)
    for batch in batches:
        layer(batch.astype(np.float32), training=True)
        mean = 0.9 * mean + 0.1 * batch.mean((0, 1, 2))
        variance = 0.9 * variance + 0.1 * batch.var((0, 1, 2))
    x = rng.normal(size=(2, 4, 4, 8))
    plain = oracle.known(name, x, weights["v0"], weights["v1"], groups=4, batch=(mean, variance))
    expected = plain * weights["gamma"] + weights["beta"]
    before = [variable.numpy() for variable in layer.variables]
    np.testing.assert_allclose(layer(x.astype(np.float32)).numpy(), expected, rtol=2e-4, atol=2e-5)
    alone = layer(x[:1].astype(np.float32), training=False).numpy()
    np.testing.assert_allclose(alone, expected[:1], rtol=2e-4, atol=2e-5)
    for variable, value in zip(layer.variables, before):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", KNOWN)
def test_values_and_gradients_are_those_of_the_formula(name, shape, training, rng):
    """In float64; central differences of the formula in 6 random directions of (x, v0, v1, gamma, beta)."""
    layer, weights = layer_and_weights(KNOWN[name], shape[-1], rng, dtype="float64")
    moving = {variable.name.split("_")[1]: variable for variable in layer.non_trainable_variables}
    for variable in moving.values():
        variable.assign(rng.uniform(0.5, 2, size=variable.shape))
    batch = tuple(np.asarray(moving[key]).ravel() if key in moving else 0 for key in ("mean", "std"))
    x, cotangent = rng.normal(size=shape), rng.normal(size=shape)
    tensor = tf.constant(x)
    variables = [variable.value for variable in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        output = layer(tensor, training=training)
        loss = tf.reduce_sum(output * cotangent)
    found = dict(zip(["x", *(v.name for v in layer.trainable_variables)], tape.gradient(loss, [tensor, *variables])))

    def formula(point):
        y = oracle.known(name, point["x"], point["v0"], point["v1"], groups=4, batch=None if training else batch)
        return y * point["gamma"] + point["beta"]

    point = {"x": x, **weights}
    np.testing.assert_allclose(output, formula(point), rtol=1e-9, atol=1e-11)
    for _ in range(6):
        direction = {key: rng.normal(size=point[key].shape) for key in found}
        moved = [formula({**point, **{k: point[k] + s * 1e-6 * d for k, d in direction.items()}}) for s in (1, -1)]
        slope = np.sum((moved[0] - moved[1]) * cotangent) / 2e-6
        expected = sum(np.sum(found[key].numpy().reshape(d.shape) * d) for key, d in direction.items())
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("op", ["std_bwh", "std_whc", "std_wh", "std_whcg"])
def test_second_derivatives_of_a_spread_are_right(op, rng):
    """The stability test needs them: a Hessian times a vector against differences of the gradient, in float64."""
    layer, _ = layer_and_weights(LayerSpec.from_json([[op, [0]], ["mul", [0, 4]]]), 6, rng, dtype="float64")
    x, vector, cotangent = rng.normal(size=(3, 2, 3, 2, 6))

    def gradient(point):
        with tf.GradientTape() as tape:
            tape.watch(point)
            loss = tf.reduce_sum(layer(point, training=True) * cotangent)
        return tape.gradient(loss, point)

    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        along = tf.reduce_sum(gradient(tensor) * vector)
    expected = (gradient(tf.constant(x + 1e-6 * vector)) - gradient(tf.constant(x - 1e-6 * vector))) / 2e-6
    np.testing.assert_allclose(tape.gradient(along, tensor), expected, rtol=1e-6, atol=1e-7)


def test_random_graphs_infer_with_the_statistics_of_a_batch(rng):
    """At decay 0 the averages are those of the last batch, so inference is the interpreter with that batch."""
    sampler, compared = Sampler(8, measure="concrete"), 0
    x, batch = (
        rng.normal(size=(2, 3, 2, 6)).astype(np.float32),
        rng.normal(0.5, 2, size=(5, 3, 2, 6)).astype(np.float32),
    )
    while compared < 60:
        spec = sampler.sample(rng)
        if static_screen(spec, 2) or not uses_batch(spec):
            continue
        layer, weights = layer_and_weights(spec, 6, rng, decay=0.0)
        expected = oracle.interpret(spec.nodes, x, weights["v0"], weights["v1"], groups=4, batch=batch)
        layer(batch, training=True)
        if np.abs(expected).max() < 100:
            compared += 1
            np.testing.assert_allclose(
                layer(x), expected * weights["gamma"] + weights["beta"], rtol=5e-3, atol=5e-3, err_msg=str(spec)
            )


def test_random_graphs_compute_what_the_interpreter_does(rng):
    sampler, compared = Sampler(8, measure="table"), 0
    x = rng.normal(size=(3, 4, 3, 6)).astype(np.float32)
    while compared < 60:
        spec = sampler.sample(rng)
        layer, weights = layer_and_weights(spec, 6, rng)
        expected = oracle.interpret(spec.nodes, x, weights["v0"], weights["v1"], groups=4)
        if static_screen(spec, 2) or not np.abs(expected).max() < 100:
            continue
        compared += 1
        found = layer(x, training=True).numpy()
        assert found.shape == x.shape
        np.testing.assert_allclose(
            found, expected * weights["gamma"] + weights["beta"], rtol=5e-3, atol=5e-3, err_msg=str(spec)
        )


def test_every_primitive_has_a_keras_meaning(rng):
    assert {*ELEMENT_WISE, "div"} == {row.name for row in ELEMENT_WISE_ROWS}
    x = rng.normal(size=(2, 3, 3, 6))
    for name in NAMES:
        inputs = (0, 2) if name in ("add", "mul", "div", "max") else (0,)
        layer, weights = layer_and_weights(LayerSpec.from_json([[name, inputs]]), 6, rng)
        expected = oracle.interpret([(name, inputs)], x, weights["v0"], weights["v1"], groups=4)
        found = layer(x.astype(np.float32), training=True).numpy()
        np.testing.assert_allclose(found, expected * weights["gamma"] + weights["beta"], 1e-4, 1e-4, err_msg=name)


def test_a_statistic_of_what_has_no_rows_keeps_no_moving_average(rng):
    """mean[bwh](v1) is v1 itself, also in inference, where v1 has moved on since the last batch."""
    layer, weights = layer_and_weights(LayerSpec.from_json([["mean_bwh", [3]], ["mul", [0, 4]]]), 4, rng)
    assert not layer.non_trainable_variables
    x = rng.normal(size=(2, 2, 2, 4)).astype(np.float32)
    np.testing.assert_allclose(layer(x), x * weights["v1"] * weights["gamma"] + weights["beta"], rtol=1e-5, atol=1e-6)


def test_weights_are_those_that_the_output_needs(rng):
    dead = LayerSpec.from_json([["mul", [0, 3]], ["std_bwh", [0]], ["tanh", [0]]])
    layer, _ = layer_and_weights(dead, 4, rng)
    assert [variable.name for variable in layer.variables] == ["gamma", "beta"]


def test_the_configuration_makes_the_layer_again():
    layer = NormActLayer(KNOWN["EvoNorm-B0"].to_json(), groups=7, decay=0.5, name="slot")
    again = NormActLayer.from_config(layer.get_config())
    assert (again.spec, again.groups, again.decay, again.name) == (KNOWN["EvoNorm-B0"], 7, 0.5, "slot")
    with pytest.raises(ValueError, match=r"Node 4 must be one of .*Received: op='relu'"):
        NormActLayer([["relu", [0]]])


def test_the_functional_model_is_made_without_running_the_graph(monkeypatch):
    calls = []
    monkeypatch.setattr(NormActLayer, "call", lambda self, x, training=False: calls.append(x))
    output = NormActLayer(KNOWN["BN-ReLU"].to_json())(keras.Input((4, 4, 3)))
    assert output.shape == (None, 4, 4, 3)
    assert not calls


@pytest.mark.parametrize("network", open_space("norm_act_layer", {}).networks)
def test_models_learn_and_use_the_layer_in_every_slot(network):
    space = open_space("norm_act_layer", {"networks": [network], "groups": 8})
    keras.utils.set_random_seed(0)
    model = space.build(space.known["EvoNorm-S0"], space.variants()[0], (8, 8, 1), 10)
    assert [layer.groups for layer in model.layers if isinstance(layer, NormActLayer)] == [8] * 7
    digits = load_digits()
    x, y = (digits.images[:64, ..., None] / 16).astype(np.float32), digits.target[:64]
    variables = [variable.value for variable in model.trainable_variables]
    losses = []
    for _ in range(15):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        losses.append(float(loss))
        for variable, gradient in zip(variables, tape.gradient(loss, variables)):
            assert gradient is not None
            variable.assign_sub(0.1 * gradient)
    assert losses[0] == pytest.approx(np.log(10), abs=0.2)  # logits start small
    assert losses[-1] < losses[0] - 0.1
