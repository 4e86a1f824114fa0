"""The published networks: their sizes against other libraries' and the paper's, and their stages against its table."""

import keras
import msgspec
import pytest

from components.records.results import Variant
from components.search_spaces.accelerator_convnet.known import B0, KNOWN
from components.search_spaces.accelerator_convnet.network import Assembly
from components.search_spaces.accelerator_convnet.spec import ConvnetSpec
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.row import Row
from components.search_spaces.registry import open_space

SPACE = open_space("accelerator_convnet", {})
CLASSES = 1000
# (width, depth, side of the image) of the EfficientNet family, and the parameters that torchvision states.
FAMILY = {
    "B0": (1.0, 1.0, 224, 5_288_548),
    "B1": (1.0, 1.1, 240, 7_794_184),
    "B2": (1.1, 1.2, 260, 9_109_994),
    "B3": (1.2, 1.4, 300, 12_233_232),
    "B4": (1.4, 1.8, 380, 19_341_616),
    "B5": (1.6, 2.2, 456, 30_389_784),
    "B6": (1.8, 2.6, 528, 43_040_704),
    "B7": (2.0, 3.1, 600, 66_347_960),
}


def costs(spec, width=1.0, depth=1.0, side=224):
    variant = Variant(name="v", network=SPACE.name, width=width, depth=depth)
    return {
        name: int(of[0]) for name, of in SPACE.costs(SPACE.encode(spec)[None], variant, (side, side, 3), 1000).items()
    }


def operations(spec, width=1.0, depth=1.0, side=224):
    return Assembly(B0, Row((side, side, 3)), CLASSES, width, depth).network(spec)


def products(ops):
    """Multiply-adds of convolutions and dense layers alone, as papers count them."""
    total = 0
    for op in ops:
        if op.kind in ("conv", "depthwise", "dense"):
            given = 1 if op.kind == "depthwise" else ops[op.inputs[0]].shape[2]
            total += op.shape[0] * op.shape[1] * op.shape[2] * op.kernel**2 * given
    return total


@pytest.mark.parametrize("name", FAMILY)
def test_efficientnet_scales_to_the_published_family(name):
    width, depth, side, parameters = FAMILY[name]
    assert costs(KNOWN["EfficientNet-B0"], width, depth, side)["parameters"] == parameters


def test_efficientnet_b0_is_that_of_keras():
    theirs = keras.applications.EfficientNetB0(weights=None, input_shape=(224, 224, 3), classes=CLASSES)
    trainable = sum(one.shape.num_elements() for one in theirs.trainable_variables)
    assert costs(KNOWN["EfficientNet-B0"])["parameters"] == trainable
    kernels = [layer.kernel.shape for layer in theirs.layers if isinstance(layer, keras.layers.Conv2D)]
    ours = operations(KNOWN["EfficientNet-B0"])
    convolutions = [
        (op.kernel, op.kernel, ours[op.inputs[0]].shape[2], op.shape[2]) for op in ours if op.kind == "conv"
    ]
    # Keras squeezes and excites by 1x1 convolutions, which are dense layers here.
    dense = [(1, 1, ours[op.inputs[0]].shape[2], op.shape[2]) for op in ours if op.kind == "dense"][:-1]
    assert sorted(map(tuple, kernels)) == sorted([*convolutions, *dense])


def test_efficientnet_x_b0_has_its_size():
    """7.58 million parameters and 0.92 thousand million multiply-adds follow from the released definition."""
    spec = KNOWN["EfficientNet-X-B0"]
    assert costs(spec)["parameters"] == pytest.approx(7.58e6, abs=0.005e6)
    assert products(operations(spec)) == pytest.approx(0.92e9, abs=0.005e9)


def test_efficientnet_x_b7_has_its_published_size():
    """73 million parameters and 91 thousand million multiply-adds; from B2 on a quarter is squeezed."""
    spec = KNOWN["EfficientNet-X-B0"]
    quarter = ConvnetSpec(
        spec.space_to_depth, tuple(msgspec.structs.replace(stage, squeeze=0.25) for stage in spec.stages)
    )
    width, depth, side, _ = FAMILY["B7"]
    assert costs(quarter, width, depth, side)["parameters"] == pytest.approx(73e6, abs=0.5e6)
    assert products(operations(quarter, width, depth, side)) == pytest.approx(91e9, abs=1e9)


def test_the_stages_of_efficientnet_x_b0_have_their_shapes():
    """On half the image the first stage has 4 times its 16 channels, and a kernel of 2 for 3."""
    spec = KNOWN["EfficientNet-X-B0"]
    ops = operations(spec)
    ends = [op for at, op in enumerate(ops) if op.kind in ("batch_norm", "add") and _ends_a_block(ops, at)]
    found = list(dict.fromkeys((op.shape[0], op.shape[2]) for op in ends))
    assert found == [(56, 64), (56, 24), (28, 40), (14, 80), (14, 112), (7, 192), (7, 320)]
    assert next(op.kernel for op in ops if op.kind == "depthwise") == 2
    assert [(op.kernel, op.stride, op.shape) for op in ops if op.kind == "conv"][:2] == [
        (3, 2, (112, 112, 32)),
        (2, 2, (56, 56, 128)),
    ]


def _ends_a_block(ops, at):
    """Whether nothing but the next block, the shortcut or the head follows: no activation does."""
    return not any(op.kind in ("relu", "silu") and at in op.inputs for op in ops)


def test_space_to_depth_and_fused_blocks_raise_the_operational_intensity():
    """The point of the paper: more than twice the work, at a multiple of the FLOP a byte of traffic."""
    work, intensity = {}, {}
    for name, spec in KNOWN.items():
        found = network_costs(operations(spec), fused=True)
        work[name] = products(operations(spec))
        intensity[name] = work[name] / found.traffic_bytes
    assert 2.2 < work["EfficientNet-X-B0"] / work["EfficientNet-B0"] < 2.5
    assert 2.5 < intensity["EfficientNet-X-B0"] / intensity["EfficientNet-B0"] < 3.5
