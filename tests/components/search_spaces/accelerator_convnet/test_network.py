"""Built networks: costs against the model's own layers, shapes for any image, and what the blocks compute."""

import keras
import msgspec
import numpy as np
import pytest

from components.search_spaces.accelerator_convnet.network import Assembly
from components.search_spaces.accelerator_convnet.skeleton import Skeleton
from components.search_spaces.accelerator_convnet.spec import ConvnetSpec, StageSpec
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.row import Row
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

prepare_tensorflow()
SKELETON = {
    "stem_channels": 8,
    "head_channels": 24,
    "stages": [{"channels": 8, "blocks": 2}, {"channels": 16, "stride": 2}, {"channels": 24, "blocks": 2, "stride": 2}],
}
SPACE = open_space("accelerator_convnet", {"skeleton": SKELETON})
SHAPES = [(8, 8, 1), (28, 28, 1), (7, 5, 2), (1, 1, 1), (64, 65, 3)]


def designs(count):
    rng = np.random.default_rng(7)
    return [SPACE.sample(rng) for _ in range(count)]


def counted(model):
    """Costs from Keras's own layers; batch normalization and activations are fused into what they follow."""
    found = {"parameters": 0, "multiply_adds": 0, "activation_bytes": 0, "traffic_bytes": 0}
    found["parameters"] = sum(int(np.prod(one.shape)) for one in model.trainable_variables)
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("InputLayer", "Reshape"):
            continue
        outputs = int(np.prod(layer.output.shape[1:]))
        given = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = sum(int(np.prod(one.shape[1:])) for one in given)
        found["activation_bytes"] += 4 * outputs
        if kind in ("Conv2D", "DepthwiseConv2D", "Dense"):
            found["multiply_adds"] += int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape))
        elif kind in ("GlobalAveragePooling2D",):
            found["multiply_adds"] += inputs
        elif kind != "SpaceToDepth":
            found["multiply_adds"] += outputs
        if kind not in ("BatchNormalization", "ReLU", "Activation"):
            found["traffic_bytes"] += 4 * (inputs + outputs)
    return found


@pytest.mark.parametrize("number", range(8))
def test_predicted_costs_are_those_of_the_models_layers(number):
    spec = designs(8)[number]
    shape = SHAPES[number % len(SHAPES)]
    variant = msgspec.structs.replace(SPACE.variants()[0], width=[1.0, 1.5][number % 2], depth=[1.0, 2.0][number // 4])
    model = SPACE.build(spec, variant, shape, 10)
    predicted = SPACE.costs(SPACE.encode(spec)[None], variant, shape, 10)
    assert {name: int(of[0]) for name, of in predicted.items()} == counted(model)


def test_the_sum_of_the_parts_is_the_whole():
    specs, variant = designs(30), SPACE.variants()[0]
    together = SPACE.costs(np.stack([SPACE.encode(one) for one in specs]), variant, (32, 32, 3), 5)
    skeleton = msgspec.convert(SKELETON, Skeleton)
    for at, spec in enumerate(specs):
        whole = network_costs(Assembly(skeleton, Row((32, 32, 3)), 5, 1.0, 1.0).network(spec), fused=True)
        assert {name: int(of[at]) for name, of in together.items()} == {name: getattr(whole, name) for name in together}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("space_to_depth", ["none", "convolution", "memory"])
def test_networks_take_images_of_any_size(shape, space_to_depth):
    spec = msgspec.structs.replace(designs(1)[0], space_to_depth=space_to_depth)
    model = SPACE.build(spec, SPACE.variants()[0], shape, 3)
    assert model.output.shape == (None, 3)
    assert np.isfinite(model(np.ones((2, *shape), np.float32))).all()


def sizes(space_to_depth, shape):
    """Height of what each block gives."""
    stages = tuple(StageSpec("mbconv", 3, 4, 0.0, "relu", one["channels"], 1) for one in SKELETON["stages"])
    ops = Assembly(msgspec.convert(SKELETON, Skeleton), Row(shape), 3, 1.0, 1.0).network(
        ConvnetSpec(space_to_depth, stages)
    )
    return [op.shape[0] for op in ops if op.kind == "depthwise"]


def test_space_to_depth_halves_the_image_earlier_and_no_more_often():
    assert sizes("none", (64, 64, 3)) == [32, 16, 8]
    assert sizes("convolution", (64, 64, 3)) == sizes("memory", (64, 64, 3)) == [16, 16, 8]


def test_small_images_keep_their_size_twice():
    """The stem's stride and the second stage's don't halve them; space-to-depth stands for the third's."""
    assert sizes("none", (32, 32, 3)) == [32, 32, 16]
    assert sizes("memory", (32, 32, 3)) == [16, 16, 16]


def test_a_fused_block_is_the_published_one():
    """By hand: convolution, normalization, activation, squeeze-and-excitation, projection, and the shortcut."""
    skeleton = {"stem_channels": 8, "head_channels": 8, "stages": [{"channels": 8}]}
    space = open_space("accelerator_convnet", {"skeleton": skeleton, "channel_factors": [1], "block_steps": [0]})
    spec = ConvnetSpec("none", (StageSpec("fused", 3, 4, 0.25, "swish", 8, 1),))
    model = space.build(spec, space.variants()[0], (6, 6, 3), 5)
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 1.0, one.shape) * 0.2 for one in model.get_weights()])
    kinds = (keras.layers.Conv2D, keras.layers.BatchNormalization, keras.layers.Dense)
    used = [layer for layer in model.layers if isinstance(layer, kinds)]
    stem, stem_norm, expand, norm, squeeze, excite, project, last_norm, head, head_norm, logits = used
    x = rng.normal(size=(2, 6, 6, 3)).astype(np.float32)
    swish = keras.ops.silu
    block = given = swish(stem_norm(stem(x)))
    block = swish(norm(expand(block)))
    gates = keras.ops.sigmoid(_dense(excite, swish(_dense(squeeze, keras.ops.mean(block, (1, 2))))))
    block = last_norm(project(block * gates[:, None, None])) + given
    expected = logits(keras.ops.mean(swish(head_norm(head(block))), (1, 2)))
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)


def _dense(layer, x):
    return x @ layer.kernel + layer.bias
