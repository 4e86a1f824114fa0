"""A small pre-activation residual network."""

from components.search_spaces.networks.blocks import (
    Stage,
    head,
    preactivated_residual,
    scaled_blocks,
    scaled_channels,
    stem,
)
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

STAGES = (Stage(16, 1, 1), Stage(24, 1, 2), Stage(32, 1, 2))


def preact_resnet(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations. Source: pre-activation ResNet (He et al. 2016), with basic blocks."""
    sketch = Sketch(row)
    x = stem(sketch, scaled_channels(STAGES[0].channels, width))
    for stage in STAGES:
        for block in range(scaled_blocks(stage.blocks, depth)):
            x = preactivated_residual(sketch, x, scaled_channels(stage.channels, width), 1 if block else stage.stride)
    head(sketch, sketch.slot(x), classes)
    return tuple(sketch.ops)
