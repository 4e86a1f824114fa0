"""Latencies of designs, predicted from a table of their layers that was measured before the first round."""

from math import inf

import msgspec
import numpy as np

from components.hardware.layer_table import LayerTable
from components.records.manifest import DataManifest
from components.records.results import Variant
from components.records.search import Search, SizeLimits
from components.search_spaces.layer_index import LayerIndex
from components.search_spaces.networks.costs import FLOAT_BYTES
from components.search_spaces.space import SearchSpace


class LayerLatencies:
    """The predicted latency of every design whose layers were measured.

    Args:
        table: of a search's layers.
        space: as its designs are tried on the task.
        manifest: the task's data.
        limits: of the search; a layer that alone exceeds one was not measured, and a design with it takes for ever.
    """

    def __init__(self, table: LayerTable, space: SearchSpace, manifest: DataManifest, limits: SizeLimits):
        self._table, self._space, self._manifest, self._limits = table, space, manifest, limits
        self._indices: dict[Variant, LayerIndex | None] = {}

    def of(self, encoded: np.ndarray, variant: Variant) -> np.ndarray | None:
        """Returns the latency in ms of encodings `[n, decisions]` in a variant, `[n]`, for the table's batch.

        None where the variant has layers that were not measured, as on another task than that of the search rounds.
        """
        if variant not in self._indices:
            self._indices[variant] = self._measured_index(variant)
        index = self._indices[variant]
        return None if index is None else self._table.latency_ms(index.names, index.places(encoded))

    def _measured_index(self, variant: Variant) -> LayerIndex | None:
        index = self._space.layers(variant, self._manifest.input_shape, self._manifest.outputs)
        measured = set(self._table.names)
        return index if index is not None and measured.issuperset(_affordable(index, self._limits)) else None


def limits_layers(search: Search) -> bool:
    """Whether a search limits the latency that is predicted from layers."""
    return search.rejection.size.layers_latency_ms is not None


def searched_variants(space: SearchSpace, manifest: DataManifest) -> list[Variant]:
    """Returns a variant for each network, width and depth that designs are tried in: the others cost the same."""
    of_networks = {(one.network, one.width, one.depth): one for one in reversed(space.variants())}
    return [msgspec.structs.replace(one, vocabulary=manifest.vocabulary) for one in of_networks.values()]


def searched_layers(
    space: SearchSpace, manifest: DataManifest, limits: SizeLimits
) -> dict[str, tuple[LayerIndex, int]]:
    """Returns the layers that a design of the search rounds can hold by their names: an index and the place in that.

    Args:
        space: as its designs are tried on the task.
        manifest: the task's data.
        limits: of the search; layers whose weights alone exceed one are left out, as no design within it holds them.

    Raises:
        ValueError: the space has no layers in a variant.
    """
    found: dict[str, tuple[LayerIndex, int]] = {}
    for variant in searched_variants(space, manifest):
        index = space.layers(variant, manifest.input_shape, manifest.outputs)
        if index is None:
            raise ValueError(f"`space` must be one of layers that can be timed alone. Received: {space.name}.")
        for at in _affordable(index, limits).values():
            found.setdefault(index.names[at], (index, at))
    return found


def _affordable(index: LayerIndex, limits: SizeLimits) -> dict[str, int]:
    """The layers, with their places, whose weights alone exceed no limit."""
    most = min(
        inf if limits.parameters is None else limits.parameters,
        inf if limits.memory_bytes is None else limits.memory_bytes / FLOAT_BYTES,
    )
    return {name: at for at, (name, held) in enumerate(zip(index.names, index.parameters)) if held <= most}
