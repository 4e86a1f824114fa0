"""The networks without slots: their costs against the built models, their shape, and what they compute."""

import keras
import numpy as np
import pytest

from components.records.results import Variant
from components.records.search import Stability
from components.rejection_screening.stability import gradient_norm_ascent
from components.search_spaces.networks.build import build_network
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.table import network_ops
from components.training.runtime import prepare_tensorflow

tf = prepare_tensorflow()
VOCABULARY = 60
# (network, shape of a row): all kinds of rows, images of one pixel and of sides that can't be halved evenly
CASES = [
    ("convnet", (8, 8, 1)),
    ("convnet", (32, 32, 3)),
    ("convnet", (7, 5, 2)),
    ("convnet", (1, 1, 1)),
    ("mlp", (8, 8, 1)),
    ("mlp", (13,)),
    ("text_rnn", (1,)),
    ("text_rnn", (12,)),
]
SCALES = [(1.0, 1.0), (0.1, 0.1), (1.5, 2.0)]


def described(network, shape, width=1.0, depth=1.0, classes=10):
    """The operations of a network."""
    vocabulary = VOCABULARY if network == "text_rnn" else None
    return network_ops(
        Variant(name="v", network=network, width=width, depth=depth, vocabulary=vocabulary), shape, classes
    )


def built_costs(model):
    """Costs counted from a Keras model's layers, their kernels and the shapes that go in and out of them."""
    multiply_adds = written = read = 0
    for layer in model.layers[1:]:  # behind the input
        kind, inputs, out = type(layer).__name__, layer.input, layer.output.shape[1:]
        if kind in ("Flatten", "NotEqual"):  # the latter makes the mask, which Keras gives the GRU as a second input
            continue
        into = (inputs[0] if isinstance(inputs, list) else inputs).shape[1:]
        size, of_input = int(np.prod(out)), int(np.prod(into))
        read += of_input
        if kind == "GRU":
            cell = layer.cell
            weights = int(np.prod(cell.kernel.shape) + np.prod(cell.recurrent_kernel.shape))
            multiply_adds += into[0] * weights
            written += into[0] * (cell.units + cell.kernel.shape[1])  # a state and the gates at each position
            continue
        written += size
        if kind in ("Conv2D", "Dense"):
            multiply_adds += int(np.prod(out[:-1])) * int(np.prod(layer.kernel.shape))
        else:
            assert kind in ("ReLU", "BatchNormalization", "MaxPooling2D", "WordEmbedding")
            multiply_adds += size if kind == "WordEmbedding" else of_input
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "activation_bytes": 4 * written,
        "traffic_bytes": 4 * (written + read),
    }


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize(("network", "shape"), CASES, ids=str)
def test_predicted_costs_are_those_of_the_model(network, shape, scale):
    ops = described(network, shape, *scale)
    model = build_network(ops)
    costs = network_costs(ops)
    assert built_costs(model) == {name: getattr(costs, name) for name in built_costs(model)}
    assert (costs.slot_channels, costs.slot_elements) == (0, 0)
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, 10)
    assert np.isfinite(model(np.zeros((2, *shape), np.float32))).all()


def test_the_convnet_is_two_convolutions_each_with_relu_and_then_batch_norm():
    ops = described("convnet", (32, 32, 3))
    block = ["conv", "relu", "batch_norm", "max_pool"]
    assert [op.kind for op in ops] == ["image", *block, *block, "flatten", "dense"]
    assert [op.shape for op in ops if op.kind == "conv"] == [(32, 32, 32), (16, 16, 32)]
    # 3x3x3x32 + 32, 2x32, 3x3x32x32 + 32, 2x32, 8x8x32x10 + 10
    assert network_costs(ops).parameters == 896 + 64 + 9248 + 64 + 20490


def test_depth_multiplies_layers_and_width_their_channels():
    def counts(network, shape, kind, depth):
        return sum(op.kind == kind for op in described(network, shape, depth=depth))

    assert [counts("convnet", (8, 8, 1), "conv", depth) for depth in (0.5, 1.0, 1.5, 2.0)] == [1, 2, 3, 4]
    assert [counts("mlp", (13,), "dense", depth) for depth in (0.5, 1.0, 2.0)] == [2, 3, 5]
    assert [counts("text_rnn", (9,), "gru_sequence", depth) for depth in (1.0, 2.0, 3.0)] == [0, 1, 2]
    assert {op.shape[2] for op in described("convnet", (8, 8, 1), width=0.5) if op.kind == "conv"} == {16}
    assert {op.shape[2] for op in described("text_rnn", (9,), width=2.0) if op.kind in ("embedding", "gru")} == {64}


def test_small_images_are_not_halved():
    """8x8 is halved twice to 2x2, 3x3 not at all."""
    assert described("convnet", (8, 8, 1))[-3].shape == (2, 2, 32)
    assert "max_pool" not in [op.kind for op in described("convnet", (3, 3, 1))]


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def gru_by_hand(vectors, kernel, recurrent, bias):
    """Last state of a GRU (Cho et al. 2014, reset after the matrix product) over `[length, channels]`."""
    units = recurrent.shape[0]
    state = np.zeros(units)
    for vector in vectors:
        x, h = vector @ kernel + bias[0], state @ recurrent + bias[1]
        update, reset = sigmoid(x[:units] + h[:units]), sigmoid(x[units : 2 * units] + h[units : 2 * units])
        candidate = np.tanh(x[2 * units :] + reset * h[2 * units :])
        state = update * state + (1 - update) * candidate
    return state


def random_text_model(depth=1.0, length=7):
    """A text network with every weight drawn at random, biases too."""
    model = build_network(described("text_rnn", (length,), width=0.25, depth=depth, classes=3))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.dtype == "float32":
            weight.assign(rng.standard_normal(weight.shape) / 2)
    return model


def test_the_text_network_passes_over_padding():
    """Against a loop in NumPy over the words alone; a text without words keeps the initial state."""
    model = random_text_model()
    rows = np.array([[5, 3, 59, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 0, 0, 0]], np.float32)
    vectors, kernel, recurrent, bias, dense, offset = [weight.numpy().astype(np.float64) for weight in model.weights]
    expected = [
        gru_by_hand(vectors[row[row > 0].astype(int)], kernel, recurrent, bias) @ dense + offset for row in rows
    ]
    np.testing.assert_allclose(model(rows), expected, rtol=1e-4, atol=1e-5)


def test_more_padding_changes_nothing_in_a_deep_text_network():
    short, long = random_text_model(2.0, 4), random_text_model(2.0, 9)
    rows = np.array([[5, 3, 59, 2], [7, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(short(rows), long(np.pad(rows, ((0, 0), (0, 5)))), rtol=1e-5, atol=1e-6)


def test_gradients_of_the_text_network_are_arrays_and_zero_for_absent_words():
    model = random_text_model()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(np.array([[5, 3, 5, 0, 0, 0, 0]], np.float32)) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    assert all(isinstance(gradient, tf.Tensor) for gradient in gradients)
    assert np.flatnonzero(np.abs(gradients[0]).sum(axis=1)).tolist() == [3, 5]


def test_the_stability_test_runs_on_texts():
    """It takes a gradient of the gradient, here through the loop over the words; a small network stays calm."""
    rows = np.random.default_rng(0).integers(0, VOCABULARY, (8, 7)).astype(np.float32)
    model = build_network(described("text_rnn", (7,), classes=2))
    norms = gradient_norm_ascent(model, rows, np.arange(8) % 2, Stability(steps=3))
    assert len(norms) == 4
    assert all(norm is not None and 0 < norm < 1e3 for norm in norms)


@pytest.mark.parametrize(("network", "shape"), [CASES[0], CASES[5], CASES[7]], ids=str)
def test_keras_files_hold_the_networks(network, shape, tmp_path):
    model = build_network(described(network, shape))
    rows = np.random.default_rng(0).integers(0, VOCABULARY, (3, *shape)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(rows), model(rows))


@pytest.mark.parametrize(
    ("network", "shape", "vocabulary", "message"),
    [
        ("convnet", (13,), None, r"must be \[height, width, channels\] \(image\) for the network convnet\. .*\(13,\)"),
        ("mlp", (9,), 50, r"\(image\) or \[features\] \(table\) for the network mlp\. .*=\(9,\), vocabulary=50\."),
        ("mlp", (9, 2), None, r"for the network mlp\. Received: input_shape=\(9, 2\)\."),
        ("text_rnn", (9,), None, r"must be \[length\] with a vocabulary \(text\) for the network text_rnn"),
        ("text_rnn", (8, 8, 1), 50, r"for the network text_rnn\. Received: input_shape=\(8, 8, 1\), vocabulary=50"),
        ("preact_resnet", (9,), 50, r"\(image\) for the network preact_resnet"),
    ],
)
def test_rows_that_a_network_does_not_take_are_refused(network, shape, vocabulary, message):
    with pytest.raises(ValueError, match=message):
        network_ops(Variant(name="v", network=network, vocabulary=vocabulary), shape, 3)


def test_slots_must_be_filled():
    with pytest.raises(ValueError, match=r"`slot` must make the layers of the network's slots\. Received: slot=None"):
        build_network(described("preact_resnet", (8, 8, 1)))
