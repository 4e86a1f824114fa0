"""Costs of networks, for many specs at once and without Keras: the sum of those of their stages, each computed once.

Counted as `components.search_spaces.networks.costs` counts, with normalizations and activations fused into what they
follow, as accelerators' compilers do: so counted, EfficientNet-X-B0 has 2.8 times the operational intensity of
EfficientNet-B0 (26.7 against 9.5 FLOP per byte, float32, batches of 128), where 3.2 times are recalled as published.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from components.search_spaces.accelerator_convnet.network import Assembly
from components.search_spaces.accelerator_convnet.skeleton import Skeleton
from components.search_spaces.accelerator_convnet.spec import ConvnetSpec
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Sketch

COSTS = ("parameters", "multiply_adds", "activation_bytes", "traffic_bytes")


class PartCosts:
    """Costs of networks of a skeleton for one kind of image, width and depth.

    Args:
        skeleton: of the space.
        row: an image.
        assembly: makes the networks' parts for it.
    """

    def __init__(self, skeleton: Skeleton, row: Row, assembly: Assembly):
        self._skeleton, self._row, self._assembly = skeleton, row, assembly
        self._known: dict[Any, tuple[np.ndarray, tuple[int, ...]]] = {}

    def of(self, specs: Iterable[ConvnetSpec]) -> dict[str, np.ndarray]:
        """Returns the costs of specs by name, each `[n]`."""
        rows = [self._total(spec) for spec in specs]
        columns = np.array(rows, np.int64).reshape(len(rows), len(COSTS)).T
        return dict(zip(COSTS, columns, strict=True))

    def _total(self, spec: ConvnetSpec) -> np.ndarray:
        assembly, reshaping = self._assembly, spec.space_to_depth
        first, last = spec.stages[0].activation, spec.stages[-1].activation
        total, shape = self._part(self._row.shape, partial(assembly.stem, space_to_depth=reshaping, activation=first))
        given = self._skeleton.stem_channels
        for number, stage in enumerate(spec.stages):
            add = partial(assembly.stage, x=0, number=number, stage=stage, given=given, space_to_depth=reshaping)
            own, shape = self._part(shape, add)
            total = total + own
            given = stage.channels
        own, _ = self._part(shape, partial(assembly.head, x=0, activation=last))
        return total + own

    def _part(self, shape: tuple[int, ...], add: partial[Any]) -> tuple[np.ndarray, tuple[int, ...]]:
        """The costs of a part that is given a shape, and the shape that it gives."""
        key = (shape, add.func.__name__, *add.keywords.values())
        known = self._known.get(key)
        if known is None:
            sketch = Sketch(Row(shape))
            add(sketch)
            costs = network_costs(sketch.ops, fused=True)
            known = np.array([getattr(costs, name) for name in COSTS], np.int64), sketch.ops[-1].shape
            self._known[key] = known
        return known
