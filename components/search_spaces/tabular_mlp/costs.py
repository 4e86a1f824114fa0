"""Costs of multi-layer perceptrons, for many encodings at once and without Keras.

Counted as `components.search_spaces.networks.costs` counts dense layers: activations and flattening cost nothing, and
neither does the constant 0 beside the one logit of two classes.
"""

from collections.abc import Sequence
from math import prod

import numpy as np

from components.records.results import Variant
from components.search_spaces.networks.costs import FLOAT_BYTES
from components.search_spaces.networks.row import SHAPES, Row

TWO_CLASSES = 2


def units_of(outputs: int) -> int:
    """Returns the units of the last layer: one for two classes, as their logits are [0, z], else one for each output.

    Source: the published parameter counts, which have one logit for two classes.
    """
    return 1 if outputs == TWO_CLASSES else outputs


def features_of(variant: Variant, input_shape: Sequence[int]) -> int:
    """Returns the numbers of a row: those of an image stand in one vector.

    Raises:
        ValueError: where a row is neither a table's nor an image, or the variant is wider or deeper than its design: a
            limit on a design's cost would then say nothing about what is built.
    """
    for name in ("width", "depth"):
        value = getattr(variant, name)
        if value != 1:
            raise ValueError(f"`{name}` must be 1, as a design says its widths itself. Received: {name}={value}.")
    row = Row(tuple(input_shape), variant.vocabulary)
    if row.kind not in ("table", "image"):
        raise ValueError(f"`input_shape` must be {SHAPES['table']} or {SHAPES['image']}. Received: {row}.")
    return prod(row.shape)


def mlp_costs(widths: np.ndarray, features: int, outputs: int) -> dict[str, np.ndarray]:
    """Returns parameters, multiply-adds, activation and traffic bytes, each `[n]`.

    Args:
        widths: units of the hidden layers, `[n, layers]`.
        features: numbers of a row.
        outputs: of the model: classes, or 1 for regression.

    Source: TabNAS, parameters are the sum over layers of inputs * outputs + outputs.
    """
    ends = [np.full((len(widths), 1), size, np.int64) for size in (features, units_of(outputs))]
    sizes = np.concatenate([ends[0], widths.astype(np.int64), ends[1]], axis=1)
    multiply_adds = (sizes[:, :-1] * sizes[:, 1:]).sum(axis=1)
    read, written = sizes[:, :-1].sum(axis=1), sizes[:, 1:].sum(axis=1)
    return {
        "parameters": multiply_adds + written,
        "multiply_adds": multiply_adds,
        "activation_bytes": FLOAT_BYTES * written,
        "traffic_bytes": FLOAT_BYTES * (read + written),
    }
