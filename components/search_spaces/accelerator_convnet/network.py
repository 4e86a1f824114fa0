"""Networks of a skeleton as data: the operations of stem, stages and head for one size of image, width and depth.

Source: EfficientNet-X as released. In the first stage after space-to-depth, on half the image, channels are 4 times and
kernels half as large (rounded up); what follows is given 4 times the channels and expands as if it were not.

NOTE: neither drop-connect in the blocks nor dropout before the logits. The stem has the activation of the first stage,
and the head that of the last one, as in both published networks.
NOTE: of small images the first two strided convolutions don't halve, as in the other published networks here; an image
of fewer than 4 pixels isn't halved any more.
"""

from components.search_spaces.accelerator_convnet.skeleton import Skeleton
from components.search_spaces.accelerator_convnet.spec import Activation, ConvnetSpec, SpaceToDepth, StageSpec
from components.search_spaces.networks.blocks import (
    divisible_channels,
    head,
    published_strides,
    scaled_blocks,
    squeeze_excite,
    usable_stride,
)
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

SIDE = 2  # of the positions that space-to-depth makes one
DEEPER = SIDE**2


class Assembly:
    """Assembles networks.

    Args:
        skeleton: of the space.
        row: an image.
        outputs: classes, or 1 for regression.
        width, depth: multipliers of channels, in multiples of 8, and of blocks, rounded up.
    """

    def __init__(self, skeleton: Skeleton, row: Row, outputs: int, width: float, depth: float):
        self._skeleton, self._row, self._outputs = skeleton, row, outputs
        self._width, self._depth = width, depth
        strides = published_strides(Sketch(row), [2, *(stage.stride for stage in skeleton.stages)])
        self._stem_stride, self._strides = strides[0], strides[1:]
        self._undone = self._strides.index(2) if 2 in self._strides else None

    def network(self, spec: ConvnetSpec) -> tuple[Op, ...]:
        """Returns the operations of a network, from images to logits."""
        sketch = Sketch(self._row)
        self.head(sketch, self.features(sketch, spec), spec.stages[-1].activation)
        return tuple(sketch.ops)

    def features(self, sketch: Sketch, spec: ConvnetSpec) -> int:
        """Adds stem and stages to a sketch of an image; returns the place of the last stage's result."""
        x = self.stem(sketch, spec.space_to_depth, spec.stages[0].activation)
        given = self._skeleton.stem_channels
        for number, stage in enumerate(spec.stages):
            x = self.stage(sketch, x, number, stage, given, spec.space_to_depth)
            given = stage.channels
        return x

    def stem(self, sketch: Sketch, space_to_depth: SpaceToDepth, activation: Activation) -> int:
        """Adds the first convolution and space-to-depth; returns the place of the result."""
        channels = self._channels(self._skeleton.stem_channels)
        x = _activated(sketch, sketch.conv(0, channels, 3, self._stem_stride), activation)
        if space_to_depth == "convolution":
            return _activated(sketch, sketch.conv(x, DEEPER * channels, SIDE, SIDE), activation)
        return sketch.space_to_depth(x, SIDE) if space_to_depth == "memory" else x

    def stage(
        self, sketch: Sketch, x: int, number: int, stage: StageSpec, given: int, space_to_depth: SpaceToDepth
    ) -> int:
        """Adds a stage; returns the place of its result.

        Args:
            sketch: of the network, or of the stage alone.
            x: place of the stage's input.
            number: of the stage, from 0.
            stage: what it is.
            given: channels of the stage before it, or of the stem, at width 1 and without space-to-depth.
            space_to_depth: of the network.
        """
        reshaped = space_to_depth != "none"
        deeper = DEEPER if reshaped and number == 0 else 1
        stride = 1 if reshaped and number == self._undone else self._strides[number]
        for block in range(scaled_blocks(stage.blocks, self._depth)):
            before = self._channels(stage.channels if block else given)
            x = _block(sketch, x, stage, before, self._channels(stage.channels), 1 if block else stride, deeper)
        return x

    def head(self, sketch: Sketch, x: int, activation: Activation) -> None:
        """Adds the last convolution, the average over the image and the logits."""
        channels = self._channels(self._skeleton.head_channels)
        head(sketch, _activated(sketch, sketch.conv(x, channels), activation), self._outputs)

    def _channels(self, channels: int) -> int:
        return divisible_channels(channels, self._width) if self._width != 1 else channels


def _block(sketch: Sketch, x: int, stage: StageSpec, given: int, channels: int, stride: int, deeper: int) -> int:
    """Expansion, k x k convolution, squeeze-and-excitation, linear projection, and the shortcut."""
    stride = usable_stride(sketch, x, stride)
    kernel = stage.kernel if deeper == 1 else (stage.kernel + 1) // SIDE
    inside = deeper * given * stage.expansion
    if stage.operation == "fused":
        y = _activated(sketch, sketch.conv(x, inside, kernel, stride), stage.activation)
    else:
        y = x if stage.expansion == 1 else _activated(sketch, sketch.conv(x, inside), stage.activation)
        y = _activated(sketch, sketch.depthwise(y, kernel, stride), stage.activation)
    if stage.squeeze:
        squeezed = max(1, int(given * stage.squeeze))
        y = squeeze_excite(sketch, y, squeezed, "relu" if stage.activation == "relu" else "silu")
    y = sketch.batch_norm(sketch.conv(y, deeper * channels))
    skips = given == channels and sketch.shape(y) == sketch.shape(x)
    return sketch.add(y, x) if skips else y


def _activated(sketch: Sketch, x: int, activation: Activation) -> int:
    normalized = sketch.batch_norm(x)
    return sketch.relu(normalized) if activation == "relu" else sketch.silu(normalized)
