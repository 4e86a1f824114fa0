"""The networks by name, cheapest first: small ones of the published blocks, and the published ones."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from components.records.results import Variant
from components.search_spaces.networks.efficientnet import efficientnet
from components.search_spaces.networks.mobilenet_v2 import mobilenet_v2
from components.search_spaces.networks.preact_resnet import preact_resnet
from components.search_spaces.networks.published import efficientnet_b0, mobilenet_v2_full, preact_resnet50
from components.search_spaces.networks.sketch import Op

NETWORKS: dict[str, Callable[[tuple[int, ...], int, float, float], tuple[Op, ...]]] = {
    "preact_resnet": preact_resnet,
    "mobilenet_v2": mobilenet_v2,
    "efficientnet": efficientnet,
    "mobilenet_v2_full": mobilenet_v2_full,
    "efficientnet_b0": efficientnet_b0,
    "preact_resnet50": preact_resnet50,
}


def network_ops(variant: Variant, input_shape: Sequence[int], classes: int) -> tuple[Op, ...]:
    """Returns the operations of a variant's network.

    Args:
        variant: its network, width and depth.
        input_shape: shape of one row, `[height, width, channels]`.
        classes: number of classes, >= 1.

    Raises:
        ValueError: for an unknown network, or where rows aren't images.
    """
    if variant.network not in NETWORKS:
        raise ValueError(f"`network` must be one of {', '.join(NETWORKS)}. Received: network={variant.network!r}.")
    return _cached(variant.network, tuple(input_shape), classes, variant.width, variant.depth)


@lru_cache(maxsize=64)
def _cached(network: str, input_shape: tuple[int, ...], classes: int, width: float, depth: float) -> tuple[Op, ...]:
    return NETWORKS[network](input_shape, classes, width, depth)
