"""The networks by name: small ones of the published blocks, the published ones, and plain ones without slots.

The first two groups stand cheapest first.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from components.records.results import Variant
from components.search_spaces.networks.convnet import convnet
from components.search_spaces.networks.efficientnet import efficientnet
from components.search_spaces.networks.mlp import mlp
from components.search_spaces.networks.mobilenet_v2 import mobilenet_v2
from components.search_spaces.networks.preact_resnet import preact_resnet
from components.search_spaces.networks.published import efficientnet_b0, mobilenet_v2_full, preact_resnet50
from components.search_spaces.networks.row import SHAPES, Row, RowKind
from components.search_spaces.networks.sketch import Op
from components.search_spaces.networks.text_rnn import text_rnn


class Network(NamedTuple):
    """A network.

    Fields:
        ops: gives the operations for a row, a number of classes, and width and depth multipliers.
        takes: what its rows may be.
    """

    ops: Callable[[Row, int, float, float], tuple[Op, ...]]
    takes: tuple[RowKind, ...] = ("image",)


NETWORKS: dict[str, Network] = {
    "preact_resnet": Network(preact_resnet),
    "mobilenet_v2": Network(mobilenet_v2),
    "efficientnet": Network(efficientnet),
    "mobilenet_v2_full": Network(mobilenet_v2_full),
    "efficientnet_b0": Network(efficientnet_b0),
    "preact_resnet50": Network(preact_resnet50),
    "convnet": Network(convnet),
    "mlp": Network(mlp, ("image", "table")),
    "text_rnn": Network(text_rnn, ("text",)),
}

TAKES: dict[str, tuple[RowKind, ...]] = {name: network.takes for name, network in NETWORKS.items()} | {
    "tabular_mlp": ("table", "image"),  # this and the next of the spaces of their names
    "accelerator_convnet": ("image",),
}


def network_ops(variant: Variant, input_shape: Sequence[int], classes: int) -> tuple[Op, ...]:
    """Returns the operations of a variant's network.

    Args:
        variant: its network, width and depth, and the vocabulary of texts.
        input_shape: shape of one row, `[height, width, channels]`, `[features]` or `[length]`.
        classes: number of classes, >= 1.

    Raises:
        ValueError: for an unknown network, or where rows aren't what the network takes.
    """
    if variant.network not in NETWORKS:
        raise ValueError(f"`network` must be one of {', '.join(NETWORKS)}. Received: network={variant.network!r}.")
    return _cached(variant.network, Row(tuple(input_shape), variant.vocabulary), classes, variant.width, variant.depth)


@lru_cache(maxsize=64)
def _cached(network: str, row: Row, classes: int, width: float, depth: float) -> tuple[Op, ...]:
    takes = NETWORKS[network].takes
    if row.kind not in takes:
        shapes = " or ".join(f"{SHAPES[kind]} ({kind})" for kind in takes)
        received = f"input_shape={row.shape}" + ("" if row.vocabulary is None else f", vocabulary={row.vocabulary}")
        raise ValueError(f"`input_shape` must be {shapes} for the network {network}. Received: {received}.")
    return NETWORKS[network].ops(row, classes, width, depth)
