"""The small convolutional network in which update rules are tried."""

from components.search_spaces.networks.blocks import SMALLEST_HALVED, scaled_blocks, scaled_channels
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

CONVOLUTIONS, CHANNELS = 2, 32


def convnet(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations: 3x3 convolutions, ReLU and batch normalization after each, and a dense layer.

    Source: Neural Optimizer Search, section 4: "small two layer 3x3 ConvNet", 32 filters, "ReLU activations and batch
    normalization applied after each convolutional layer".
    NOTE: pooling, padding and head are not stated there. Here convolutions keep the size, images of 4 pixels and more
    are halved by 2x2 maxima after each, and one dense layer takes all that is left; depth multiplies the convolutions.
    """
    sketch = Sketch(row)
    x = 0
    for _ in range(scaled_blocks(CONVOLUTIONS, depth)):
        x = sketch.conv(x, scaled_channels(CHANNELS, width), kernel=3, bias=True)
        x = sketch.batch_norm(sketch.relu(x))
        if min(sketch.shape(x)[:2]) >= SMALLEST_HALVED:
            x = sketch.max_pool(x, kernel=2)
    sketch.dense(sketch.flatten(x), classes)
    return tuple(sketch.ops)
