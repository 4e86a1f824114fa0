"""A small network of inverted residual blocks with squeeze-and-excitation, like EfficientNet."""

from components.search_spaces.networks.blocks import (
    Stage,
    head,
    inverted_residual,
    scaled_blocks,
    scaled_channels,
    stem,
)
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

STEM_CHANNELS, HEAD_CHANNELS = 16, 96
STAGES = (Stage(16, 1, 1, expansion=1), Stage(24, 1, 2), Stage(32, 1, 2, kernel=5))


def efficientnet(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations. Source: EfficientNet (Tan and Le 2019)."""
    sketch = Sketch(row)
    x = sketch.slot(stem(sketch, scaled_channels(STEM_CHANNELS, width)))
    for stage in STAGES:
        for block in range(scaled_blocks(stage.blocks, depth)):
            channels, stride = scaled_channels(stage.channels, width), 1 if block else stage.stride
            x = inverted_residual(sketch, x, channels, stage, stride, squeeze=True)
    head(sketch, sketch.slot(sketch.conv(x, scaled_channels(HEAD_CHANNELS, width))), classes)
    return tuple(sketch.ops)
