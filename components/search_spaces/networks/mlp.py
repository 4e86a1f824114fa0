"""A small multi-layer perceptron, for tables and for images as vectors."""

from components.search_spaces.networks.blocks import scaled_blocks, scaled_channels
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Op, Sketch

HIDDEN_LAYERS, UNITS = 2, 64


def mlp(row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    """Returns the network's operations: dense layers with ReLU, and one that gives the logits.

    NOTE: no source describes it; two hidden layers of 64 units train in a second on tables of some hundred rows.
    """
    sketch = Sketch(row)
    x = sketch.flatten(0) if row.kind == "image" else 0
    for _ in range(scaled_blocks(HIDDEN_LAYERS, depth)):
        x = sketch.dense(x, scaled_channels(UNITS, width), "relu")
    sketch.dense(x, classes)
    return tuple(sketch.ops)
