"""The networks as data: their costs against the built models, and shapes for any size of image."""

import itertools

import keras
import numpy as np
import pytest

from components.records.results import Variant
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.table import network_ops
from components.search_spaces.registry import open_space

SPACE = open_space("norm_act_layer", {})
LAYERS = ["EvoNorm-S1", "EvoNorm-S0", "BN-ReLU"]  # with neither v0 nor v1, with v1, with both
SCALES = [(1.0, 1.0), (0.1, 0.1), (1.5, 2.0), (0.7, 1.2)]
SMALL = ["preact_resnet", "mobilenet_v2", "efficientnet"]
PUBLISHED = ["mobilenet_v2_full", "efficientnet_b0", "preact_resnet50"]
SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (7, 5, 2), (1, 1, 1), (3, 64, 1), (64, 65, 3)]


def built(layer, network, width, depth, shape=(8, 8, 1), classes=10):
    """The Keras model and the predicted costs of a known layer in a network."""
    variant = Variant(name=network, network=network, width=width, depth=depth)
    spec = SPACE.known[layer]
    costs = SPACE.costs(SPACE.encode(spec)[None], variant, shape, classes)
    return SPACE.build(spec, variant, shape, classes), {name: int(column[0]) for name, column in costs.items()}


def trainable(model):
    """Trainable scalars of a model."""
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


# Every small network at every scale with one layer, and every layer in every network at one scale.
CASES = [*itertools.product(["BN-ReLU"], SMALL, SCALES), *itertools.product(LAYERS[:2], SMALL, SCALES[:1])]


@pytest.mark.parametrize(("layer", "network", "scale"), CASES, ids=str)
def test_predicted_parameters_are_the_models(layer, network, scale):
    model, costs = built(layer, network, *scale)
    assert costs["parameters"] == trainable(model)


@pytest.mark.parametrize("network", [*SMALL, "preact_resnet50"])
def test_predicted_multiply_adds_are_those_of_the_models_layers(network):
    """Counted from the Keras layers' own output shapes and kernels; EvoNorm-S1 has 4 operations and the affine."""
    model, costs = built("EvoNorm-S1", network, 1.0, 2.0 if network in SMALL else 0.3, (9, 7, 2))
    expected = 0
    for layer in model.layers:
        kind, positions = type(layer).__name__, int(np.prod(layer.output.shape[1:-1]))
        if kind in ("Conv2D", "DepthwiseConv2D", "Dense"):
            expected += positions * int(np.prod(layer.kernel.shape))
        elif kind == "NormActLayer":
            expected += 5 * int(np.prod(layer.output.shape[1:]))
        elif kind in ("GlobalAveragePooling2D", "MaxPooling2D"):
            expected += int(np.prod(layer.input.shape[1:]))
        elif kind in ("Add", "Multiply", "Affine"):
            expected += int(np.prod(layer.output.shape[1:]))
        else:
            assert kind in ("InputLayer", "Reshape")
    assert costs["multiply_adds"] == expected


@pytest.mark.parametrize("network", SMALL)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_models_have_the_shapes_of_their_description(network, shape):
    ops = network_ops(Variant(name="v", network=network), shape, 3)
    model, _ = built("EvoNorm-S0", network, 1.0, 1.0, shape, 3)
    slots = [op.shape for op in ops if op.kind == "slot"]
    layers = [layer.output.shape[1:] for layer in model.layers if type(layer).__name__ == "NormActLayer"]
    assert sorted(slots) == sorted(layers)
    assert model.output.shape == (None, 3)
    assert np.isfinite(model(np.zeros((1, *shape), np.float32))).all()


def test_small_images_are_halved_only_while_they_can_be():
    def smallest(shape):
        return min(op.shape[:2] for op in network_ops(Variant(name="v", network="preact_resnet"), shape, 3)[:-2])

    assert smallest((8, 8, 1)) == (2, 2)
    assert smallest((28, 28, 1)) == (7, 7)
    assert smallest((32, 32, 3)) == (8, 8)
    assert smallest((7, 5, 1)) == (4, 3)  # 5 rounds up to 3, which is too small to halve again
    assert smallest((3, 3, 1)) == (3, 3)
    assert smallest((64, 64, 3)) == (8, 8)  # the stem halves large images


def test_proxies_are_small():
    costs = [network_costs(network_ops(variant, (8, 8, 1), 10)) for variant in SPACE.variants()]
    assert all(10_000 < cost.parameters < 60_000 for cost in costs)
    for variant in SPACE.variants():
        ops = network_ops(variant, (8, 8, 1), 10)
        assert 6 <= sum(op.kind == "slot" for op in ops) <= 10


def test_width_and_depth_scale_channels_and_blocks():
    def ops(width, depth):
        return network_ops(Variant(name="v", network="preact_resnet", width=width, depth=depth), (8, 8, 1), 10)

    assert {op.shape[2] for op in ops(2.0, 1.0) if op.kind == "conv"} == {32, 48, 64}
    assert {op.shape[2] for op in ops(0.1, 1.0) if op.kind == "conv"} == {4}
    assert [sum(op.kind == "add" for op in ops(1.0, depth)) for depth in (0.1, 1.0, 1.5, 2.0)] == [3, 3, 6, 6]


def test_places_with_normalization_only_get_an_affine():
    """Each block of MobileNetV2 projects without activation; the residual network has no such place."""
    counts = {
        network: sum(op.kind == "affine" for op in network_ops(Variant(name="v", network=network), (8, 8, 1), 10))
        for network in SMALL
    }
    assert counts == {"preact_resnet": 0, "mobilenet_v2": 3, "efficientnet": 3}


def published(network, width=1.0, shape=(224, 224, 3), classes=1000):
    return network_ops(Variant(name="v", network=network, width=width), shape, classes)


@pytest.mark.parametrize(
    ("network", "width", "reference"),
    [
        ("mobilenet_v2_full", 1.0, lambda: keras.applications.MobileNetV2(weights=None)),
        ("mobilenet_v2_full", 0.5, lambda: keras.applications.MobileNetV2(weights=None, alpha=0.5)),
        ("efficientnet_b0", 1.0, lambda: keras.applications.EfficientNetB0(weights=None)),
    ],
    ids=["mobilenet", "half", "efficientnet"],
)
def test_published_networks_are_those_of_keras_applications(network, width, reference):
    """Without the layer's own constants, its affine has the two parameters a channel of batch norm.

    Sizes of all convolutions' outputs are compared too, in order: Keras pads before it strides, to the same sizes.
    """
    ops, model = published(network, width), reference()
    costs = network_costs(ops)
    assert costs.parameters + 2 * costs.slot_channels == trainable(model)
    kinds = {"Conv2D": "conv", "DepthwiseConv2D": "depthwise"}
    theirs = [
        (kinds[type(layer).__name__], *layer.output.shape[1:])
        for layer in model.layers
        if type(layer).__name__ in kinds
    ]
    theirs = [one for one in theirs if one[1:3] != (1, 1)]  # squeeze and excitation, dense here
    assert [(op.kind, *op.shape) for op in ops if op.kind in kinds.values()] == theirs


def test_the_published_residual_network_has_the_kernels_of_keras_applications():
    """Keras gives its convolutions biases and strides last in a stage, so kernels and their number are compared."""
    model = keras.applications.ResNet50V2(weights=None)
    theirs = [tuple(layer.kernel.shape) for layer in model.layers if type(layer).__name__ == "Conv2D"]
    ops = published("preact_resnet50")
    ours = [(op.kernel, op.kernel, ops[op.inputs[0]].shape[2], op.shape[2]) for op in ops if op.kind == "conv"]
    assert sorted(ours) == sorted(theirs)
    assert sum(op.kind == "slot" for op in ops) == 3 * 16 + 1
    # He et al.: 4.1e9 multiply-adds for one crop of 224; the pools and sums make less than a percent
    assert network_costs(ops).multiply_adds == pytest.approx(4.1e9, rel=0.02)


@pytest.mark.parametrize("network", PUBLISHED)
def test_published_networks_keep_small_images_larger(network):
    """As in the authors' proxies: of five halvings those of the first two strided convolutions are left out."""
    last = {side: published(network, 0.25, (side, side, 3), 10)[-3].shape[:2] for side in (32, 224)}
    assert last == {32: (4, 4), 224: (7, 7)}


@pytest.mark.parametrize("network", PUBLISHED)
def test_published_networks_are_built_as_described(network):
    model, costs = built("EvoNorm-S0", network, 0.25, 0.3)
    assert costs["parameters"] == trainable(model)
    assert np.isfinite(model(np.zeros((1, 8, 8, 1), np.float32))).all()


def test_places_with_normalization_only_get_an_affine_in_the_published_networks_too():
    counts = {network: sum(op.kind == "affine" for op in published(network)) for network in PUBLISHED}
    assert counts == {"mobilenet_v2_full": 17, "efficientnet_b0": 16, "preact_resnet50": 0}  # blocks


def test_rows_that_are_no_images_are_refused():
    spec, variant = SPACE.known["BN-ReLU"], SPACE.variants()[0]
    message = r"`input_shape` must be \[height, width, channels\].* Received: input_shape=\(13,\)"
    with pytest.raises(ValueError, match=message):
        SPACE.costs(SPACE.encode(spec)[None], variant, (13,), 3)
    with pytest.raises(ValueError, match=message):
        SPACE.build(spec, variant, (13,), 3)


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match=r"must be one of preact_resnet, mobilenet_v2, .* Received: network='vgg'"):
        network_ops(Variant(name="v", network="vgg"), (8, 8, 1), 10)


def test_a_kernel_of_a_depthwise_convolution_keeps_the_scale():
    """Keras's own he_normal would give 1/sqrt(64) of the deviation sqrt(2/9) = 0.47 here."""
    keras.utils.set_random_seed(0)
    model, _ = built("BN-ReLU", "mobilenet_v2", 1.0, 1.0)
    kernels = [layer.kernel.numpy() for layer in model.layers if type(layer).__name__ == "DepthwiseConv2D"]
    assert [float(kernel.std()) for kernel in kernels] == pytest.approx([np.sqrt(2 / 9)] * 3, rel=0.15)
