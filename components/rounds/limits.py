"""The hard limits of a search on predicted costs, for records one by one and for many encodings at once.

Besides what a space counts, two limited costs follow from it, for a batch of `scoring.batch_size` rows:

- `memory_bytes`: the float32 weights, and the activations of every row, all of them kept as training keeps them. So
  inference, which drops what it has used, stays below it; a training step also holds gradients and the optimizer's
  averages, each as large as the weights.
- `latency_ms`: of a forward pass by the roofline of `scoring.device`, the least that the device can take.

And one is looked up:

- `layers_latency_ms`: of a forward pass of as many rows, what a call takes and the sum of the design's layers, as they
  were measured on `scoring.device`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from components.hardware.devices import HOST, open_device
from components.hardware.roofline import latency_ms
from components.records.manifest import DataManifest
from components.records.results import Variant
from components.records.search import Scoring, SizeLimits
from components.rounds.context import SearchContext
from components.rounds.layer_latencies import LayerLatencies, limits_layers, searched_variants
from components.rounds.predicted_work import forward_pass
from components.search_spaces.networks.costs import FLOAT_BYTES
from components.search_spaces.space import SearchSpace


def limits_by_cost(limits: SizeLimits) -> dict[str, float]:
    """Returns the limits that there are, by the name of the cost."""
    return {name: limit for name, limit in msgspec.structs.asdict(limits).items() if limit is not None}


def limited_costs(costs: Mapping[str, Any], names: Sequence[str], scoring: Scoring) -> dict[str, Any]:
    """Returns the costs of these names, numbers or arrays as `costs` has them.

    Args:
        costs: of a variant, as `predicted_costs` has them.
        names: fields of `SizeLimits`.
        scoring: device and rows of a batch.

    Raises:
        ValueError: `latency_ms` is asked for on the host, whose speed no table has.
    """
    derived = ("memory_bytes", "latency_ms")
    # Of another task's layers there is no table.
    own = [name for name in names if name not in derived and (name != "layers_latency_ms" or name in costs)]
    found = {name: costs[name] for name in own}
    if "memory_bytes" in names:
        found["memory_bytes"] = FLOAT_BYTES * costs["parameters"] + scoring.batch_size * costs["activation_bytes"]
    if "latency_ms" in names:
        if scoring.device == HOST:
            raise ValueError("`scoring.device` must be one of the device table. Received: scoring.device='host'.")
        found["latency_ms"] = latency_ms(*forward_pass(costs, scoring.batch_size), open_device(scoring.device))
    return found


def predicted_costs(
    space: SearchSpace,
    manifest: DataManifest,
    layers: LayerLatencies | None,
    encoded: np.ndarray,
    variant: Variant,
) -> dict[str, np.ndarray]:
    """Returns the costs of encodings `[n, decisions]` in a variant by name, each `[n]`.

    They are what the space says, and `layers_latency_ms` where the variant's layers are among the measured ones.

    Args:
        space: whose encodings they are.
        manifest: the data that designs are tried on.
        layers: latencies predicted from layers; None where the search has none.
        encoded: designs.
        variant: with the data's vocabulary.
    """
    costs = space.costs(encoded, variant, manifest.input_shape, manifest.outputs)
    latency = layers.of(encoded, variant) if layers is not None else None
    return costs if latency is None else {**costs, "layers_latency_ms": latency}


class SizeLimitsOfSearch:
    """A search's limits over encodings; see `components.controllers.limits.CostLimits`.

    A design's cost is the largest over its variants.

    Args:
        space: whose encodings are judged.
        manifest: the data that designs are tried on.
        limits: at least one.
        scoring: device and rows of a batch.
        layers: latencies predicted from layers, which a limit on `layers_latency_ms` needs.

    Attributes:
        limits: by the name of the cost.

    Raises:
        ValueError: where a limit needs latencies of layers that aren't given.
    """

    def __init__(
        self,
        space: SearchSpace,
        manifest: DataManifest,
        limits: SizeLimits,
        scoring: Scoring,
        layers: LayerLatencies | None = None,
    ):
        if limits.layers_latency_ms is not None and layers is None:
            raise ValueError(
                "`layers` must be given for a limit on their latency. Received: layers=None,"
                f" layers_latency_ms={limits.layers_latency_ms}."
            )
        self.limits = limits_by_cost(limits)
        self._space = space
        self._manifest = manifest
        self._scoring = scoring
        self._layers = layers
        self._variants = searched_variants(space, manifest)

    def costs(self, encoded: np.ndarray) -> dict[str, np.ndarray]:
        """The limited costs of encodings `[n, decisions]`, each `[n]`."""
        names = tuple(self.limits)
        of_each = [
            limited_costs(
                predicted_costs(self._space, self._manifest, self._layers, encoded, variant), names, self._scoring
            )
            for variant in self._variants
        ]
        return {name: np.maximum.reduce([costs[name] for costs in of_each]) for name in names}

    def within(self, encoded: np.ndarray) -> np.ndarray:
        """Whether encodings `[n, decisions]` meet every limit, bool `[n]`."""
        costs = self.costs(encoded)
        return np.logical_and.reduce([costs[name] <= limit for name, limit in self.limits.items()])

    def ratio(self, encoded: np.ndarray) -> np.ndarray:
        """The largest finite cost over its limit of encodings `[n, decisions]`, `[n]`.

        Where the latency of layers is infinite, as one wasn't measured, that layer alone is over another limit.
        """
        costs = self.costs(encoded)
        ratios = [costs[name] / limit for name, limit in self.limits.items()]
        return np.maximum.reduce([np.where(np.isfinite(ratio), ratio, 0.0) for ratio in ratios])


def limits_of(context: SearchContext) -> SizeLimitsOfSearch | None:
    """Returns the limits of a search on the designs of its rounds; None where it has none."""
    limits = context.search.rejection.size
    if not limits_by_cost(limits):
        return None
    layers = context.layer_latencies if limits_layers(context.search) else None
    return SizeLimitsOfSearch(context.space, context.manifest, limits, context.search.scoring, layers)
