"""The published networks at their full depth, in which the authors searched, at reduced width, and ranked layers again.

Images smaller than 64 pixels aren't halved by the first two strided convolutions, as in the authors' proxies for
CIFAR-10; nothing else differs. The width multiplier scales channels as the networks' own papers do, in multiples of 8.

Source: ResNet-50 (He et al. 2016) with pre-activation, MobileNetV2 (Sandler et al. 2018, table 2), EfficientNet-B0 (Tan
and Le 2019, table 1); EvoNorm's proxies are the first at width 0.25 and the others at 0.5.
"""

from typing import NamedTuple

from components.search_spaces.networks.blocks import (
    Stage,
    bottleneck,
    divisible_channels,
    head,
    inverted_residual,
    published_strides,
    scaled_blocks,
)
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

RESNET50 = (Stage(64, 3, 1), Stage(128, 4, 2), Stage(256, 6, 2), Stage(512, 3, 2))
MOBILENET_V2 = (
    Stage(16, 1, 1, expansion=1),
    Stage(24, 2, 2, expansion=6),
    Stage(32, 3, 2, expansion=6),
    Stage(64, 4, 2, expansion=6),
    Stage(96, 3, 1, expansion=6),
    Stage(160, 3, 2, expansion=6),
    Stage(320, 1, 1, expansion=6),
)
EFFICIENTNET_B0 = (
    Stage(16, 1, 1, expansion=1),
    Stage(24, 2, 2, expansion=6),
    Stage(40, 2, 2, kernel=5, expansion=6),
    Stage(80, 3, 2, expansion=6),
    Stage(112, 3, 1, kernel=5, expansion=6),
    Stage(192, 4, 2, kernel=5, expansion=6),
    Stage(320, 1, 1, expansion=6),
)
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280


class Inverted(NamedTuple):
    """A network of inverted residual blocks.

    Fields:
        stages: rows of its table.
        squeeze: whether its blocks squeeze and excite.
        narrow_head: whether the last convolution gets narrower below width 1.
    """

    stages: tuple[Stage, ...]
    squeeze: bool
    narrow_head: bool


def preact_resnet50(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations.

    NOTE: of small images the stem and the second stage keep the size, and the pool halves it: the text speaks of
    convolutions.
    """
    sketch = Sketch(row)
    strides = published_strides(sketch, [2, *(stage.stride for stage in RESNET50)])
    x = sketch.conv(0, divisible_channels(64, width), kernel=7, stride=strides[0])
    x = sketch.max_pool(x)
    for stage, stride in zip(RESNET50, strides[1:], strict=True):
        for block in range(scaled_blocks(stage.blocks, depth)):
            x = bottleneck(sketch, x, divisible_channels(stage.channels, width), 1 if block else stride)
    head(sketch, sketch.slot(x), classes)
    return tuple(sketch.ops)


def mobilenet_v2_full(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations."""
    return _inverted(Inverted(MOBILENET_V2, False, False), row, classes, width, depth)


def efficientnet_b0(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations."""
    return _inverted(Inverted(EFFICIENTNET_B0, True, True), row, classes, width, depth)


def _inverted(network: Inverted, row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    sketch = Sketch(row)
    strides = published_strides(sketch, [2, *(stage.stride for stage in network.stages)])
    x = sketch.slot(sketch.conv(0, divisible_channels(STEM_CHANNELS, width), kernel=3, stride=strides[0]))
    for stage, stride in zip(network.stages, strides[1:], strict=True):
        for block in range(scaled_blocks(stage.blocks, depth)):
            channels = divisible_channels(stage.channels, width)
            x = inverted_residual(sketch, x, channels, stage, 1 if block else stride, network.squeeze)
    channels = divisible_channels(HEAD_CHANNELS, width if network.narrow_head else max(1.0, width))
    head(sketch, sketch.slot(sketch.conv(x, channels)), classes)
    return tuple(sketch.ops)
