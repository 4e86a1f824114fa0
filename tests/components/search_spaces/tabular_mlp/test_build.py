"""The models of tabular networks: what they compute, against NumPy, and what they cost, against their layers."""

import keras
import numpy as np
import pytest

from components.records.results import Variant
from components.search_spaces.registry import open_space
from components.search_spaces.tabular_mlp.spec import MlpSpec
from components.training.runtime import prepare_tensorflow

tf = prepare_tensorflow()
VARIANT = Variant(name="tabular_mlp", network="tabular_mlp")
WIDTHS = [[3, 7, 5], [2, 4], [6, 1]]
ROWS = [((5,), 2), ((5,), 3), ((5,), 1), ((4, 3, 2), 10), ((2, 2, 1), 2)]  # (shape of a row, outputs)
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def opened(**settings):
    return open_space("tabular_mlp", {"widths": WIDTHS, **settings})


def drawn_weights(model, seed=0):
    """Fills a model's weights with other numbers than zeros, biases too, and returns them."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=one.shape).astype(np.float32) for one in model.trainable_variables]
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)
    return weights


def by_hand(weights, x, activation, outputs):
    """Forward pass in float64."""
    x = x.reshape(len(x), -1).astype(np.float64)
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = ACTIVATIONS[activation](x @ kernel + bias)
    x = x @ weights[-2] + weights[-1]
    return np.concatenate([np.zeros_like(x), x], axis=1) if outputs == 2 else x


def built_costs(model):
    """Costs counted from a model's dense layers."""
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    kernels = [layer.kernel.shape for layer in dense]
    read, written = sum(shape[0] for shape in kernels), sum(shape[1] for shape in kernels)
    return {
        "parameters": sum(int(np.prod(one.shape)) for one in model.trainable_weights),
        "multiply_adds": sum(int(np.prod(shape)) for shape in kernels),
        "activation_bytes": 4 * written,
        "traffic_bytes": 4 * (read + written),
    }


@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_predicted_costs_are_those_of_the_model(shape, outputs):
    space = opened()
    every = [space.decode(np.array([i, j, k])) for i in range(3) for j in range(2) for k in range(2)]
    costs = space.costs(np.stack([space.encode(spec) for spec in every]), VARIANT, shape, outputs)
    for at, spec in enumerate(every):
        model = space.build(spec, VARIANT, shape, outputs)
        assert built_costs(model) == {name: column[at] for name, column in costs.items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_a_model_computes_dense_layers(shape, outputs, activation):
    model = opened(activation=activation).build(MlpSpec((7, 2, 6)), VARIANT, shape, outputs)
    weights, x = drawn_weights(model), np.random.default_rng(1).normal(size=(9, *shape)).astype(np.float32)
    assert model.input_shape == (None, *shape) and model.output_shape == (None, outputs)
    np.testing.assert_allclose(model(x), by_hand(weights, x, activation, outputs), rtol=1e-4, atol=1e-4)


def test_gelu_is_x_times_the_normal_distribution_function():
    from math import erf

    x = np.linspace(-3, 3, 13).astype(np.float32)
    (layer,) = (
        open_space("tabular_mlp", {"layers": 1, "widths": [1], "activation": "gelu"})
        .parts(MlpSpec((1,)))["backbone"]
        .layers
    )
    expected = [one * (1 + erf(one / 2**0.5)) / 2 for one in x]
    np.testing.assert_allclose(layer.activation(x), expected, atol=1e-6)


def test_two_classes_have_one_logit_beside_a_zero():
    model = opened().build(MlpSpec((3, 2, 1)), VARIANT, (5,), 2)
    drawn_weights(model)
    logits = model(np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)).numpy()
    assert np.all(logits[:, 0] == 0) and np.all(logits[:, 1] != 0)
    assert model.trainable_variables[-1].shape == (1,)


def test_the_model_is_loaded_by_keras_alone(tmp_path):
    model = opened().build(MlpSpec((3, 2, 1)), VARIANT, (5,), 2)
    x = np.ones((2, 5), np.float32)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(x), model(x))


def test_the_backbone_takes_rows_of_any_number_of_features():
    backbone = opened().parts(MlpSpec((7, 2, 6)))["backbone"]
    assert backbone(np.ones((4, 11), np.float32)).shape == (4, 6)
    assert [layer.units for layer in backbone.layers] == [7, 2, 6]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_a_child_computes_what_a_model_of_its_widths_computes_with_its_part_of_the_weights(shape, outputs, activation):
    space = opened(activation=activation)
    network = space.shared_network(VARIANT, shape, outputs)
    for variable, value in zip(network.variables, drawn_weights(space.build(space.largest, VARIANT, shape, outputs))):
        variable.assign(value)
    x = np.random.default_rng(2).normal(size=(4, *shape)).astype(np.float32)
    for encoded in np.ndindex(3, 2, 2):
        spec = space.decode(np.array(encoded))
        alone = space.build(spec, VARIANT, shape, outputs)
        for own, shared in zip(alone.trainable_variables, network.variables, strict=True):
            own.assign(np.asarray(shared)[tuple(slice(size) for size in own.shape)])
        np.testing.assert_allclose(network(x, np.array(encoded, np.int32)), alone(x), rtol=1e-5, atol=1e-5)


def test_the_shared_network_begins_as_the_largest_model_would():
    space = opened()
    keras.utils.set_random_seed(3)
    network = space.shared_network(VARIANT, (5,), 3)
    keras.utils.set_random_seed(3)
    model = space.build(space.largest, VARIANT, (5,), 3)
    assert space.decode(network.largest) == space.largest == MlpSpec((7, 4, 6))
    for own, other in zip(network.variables, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(own, other)


def test_one_trace_serves_every_child():
    space = opened(activation="tanh")
    network, traces = space.shared_network(VARIANT, (5,), 3), []

    @tf.function
    def outputs(x, encoded):
        traces.append(1)
        return network(x, encoded)

    x = np.ones((2, 5), np.float32)
    given = [outputs(x, np.array(one, np.int32)).numpy() for one in np.ndindex(3, 2, 2)]
    assert len(traces) == 1
    assert len({one.tobytes() for one in given}) == 12  # all children differ
