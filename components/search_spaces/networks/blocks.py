"""The blocks that the networks are made of, and the rules by which they scale."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from components.search_spaces.networks.sketch import Activation, Sketch

LARGE_IMAGE = 64  # from this size on the stem halves the image
KEPT_LARGE = 2  # of a published network's strided convolutions: so many don't halve small images
SMALLEST_HALVED = 4  # an image smaller than this isn't halved any more


class Stage(NamedTuple):
    """A row of a network's table: channels and blocks before scaling, stride of the first block, and its shape.

    Fields:
        channels, blocks: scaled by width and depth.
        stride: of the first block, 1 or 2.
        kernel, expansion: of an inverted residual block.
    """

    channels: int
    blocks: int
    stride: int
    kernel: int = 3
    expansion: int = 4


def scaled_channels(channels: int, width: float) -> int:
    """Returns the channels at a width multiplier: the nearest multiple of 4, at least 4."""
    return max(4, 4 * round(channels * width / 4))


def divisible_channels(channels: int, width: float) -> int:
    """Returns the channels at a width multiplier: the nearest multiple of 8, at least 8 and 0.9 of the exact number."""
    exact = channels * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * exact else rounded + 8


def scaled_blocks(blocks: int, depth: float) -> int:
    """Returns the blocks at a depth multiplier: rounded up, at least 1."""
    return max(1, math.ceil(blocks * depth))


def is_large(sketch: Sketch) -> bool:
    """Returns whether a network's images are large, which the stem halves."""
    return min(sketch.shape(0)[:2]) >= LARGE_IMAGE


def published_strides(sketch: Sketch, strides: Sequence[int]) -> list[int]:
    """Returns the strides of a published network's stem and stages for the images of a sketch.

    Of small images the first two that halve don't. Source: EvoNorm's proxies for 32x32 images.
    """
    halving = [place for place, stride in enumerate(strides) if stride > 1]
    kept = () if is_large(sketch) else halving[:KEPT_LARGE]
    return [1 if place in kept else stride for place, stride in enumerate(strides)]


def stem(sketch: Sketch, channels: int) -> int:
    """A 3x3 convolution; it keeps the size of small images. Source: EvoNorm's proxies for 32x32 images."""
    return sketch.conv(0, channels, kernel=3, stride=2 if is_large(sketch) else 1)


def usable_stride(sketch: Sketch, x: int, stride: int) -> int:
    """Returns the stride, or 1 where the image is too small to be halved."""
    return stride if min(sketch.shape(x)[:2]) >= SMALLEST_HALVED else 1


def preactivated_residual(sketch: Sketch, x: int, channels: int, stride: int) -> int:
    """Layer, 3x3 convolution, layer, 3x3 convolution, and the shortcut; projected where the shape changes."""
    stride = usable_stride(sketch, x, stride)
    y = sketch.slot(x)
    shortcut = _shortcut(sketch, x, y, channels, stride)
    y = sketch.conv(y, channels, kernel=3, stride=stride)
    y = sketch.conv(sketch.slot(y), channels, kernel=3)
    return sketch.add(y, shortcut)


def bottleneck(sketch: Sketch, x: int, channels: int, stride: int) -> int:
    """Layer before each of a 1x1, a 3x3 and a 1x1 convolution to 4 times the channels, and the shortcut."""
    stride = usable_stride(sketch, x, stride)
    y = sketch.slot(x)
    shortcut = _shortcut(sketch, x, y, 4 * channels, stride)
    y = sketch.slot(sketch.conv(y, channels))
    y = sketch.slot(sketch.conv(y, channels, kernel=3, stride=stride))
    return sketch.add(sketch.conv(y, 4 * channels), shortcut)


def _shortcut(sketch: Sketch, x: int, normalized: int, channels: int, stride: int) -> int:
    """The block's input itself, or projected from after the first layer where the shape changes."""
    if stride == 1 and sketch.shape(x)[2] == channels:
        return x
    return sketch.conv(normalized, channels, stride=stride)


def inverted_residual(sketch: Sketch, x: int, channels: int, stage: Stage, stride: int, squeeze: bool) -> int:
    """Expansion, depthwise convolution, optional squeeze-and-excitation, linear projection, and the shortcut."""
    stride = usable_stride(sketch, x, stride)
    narrow = sketch.shape(x)[2]
    y = x if stage.expansion == 1 else sketch.slot(sketch.conv(x, stage.expansion * narrow))
    y = sketch.slot(sketch.depthwise(y, stage.kernel, stride))
    if squeeze:
        y = squeeze_excite(sketch, y, max(1, narrow // 4))
    y = sketch.affine(sketch.conv(y, channels))
    return sketch.add(y, x) if sketch.shape(y) == sketch.shape(x) else y


def squeeze_excite(sketch: Sketch, x: int, channels: int, activation: Activation = "silu") -> int:
    """Gates the channels by two dense layers on their averages, the first of which has an activation of its own."""
    gates = sketch.dense(sketch.pool(x), channels, activation)
    return sketch.gate(x, sketch.dense(gates, sketch.shape(x)[2], "sigmoid"))


def head(sketch: Sketch, x: int, classes: int) -> None:
    """Average over the image and logits."""
    sketch.dense(sketch.pool(x), classes)
