"""Latencies of single layers on a device, and what they predict of a network: the call, and the sum of its layers.

Source: the lookup tables of NetAdapt (arXiv 1804.03230) and FBNet (arXiv 1812.03443), whose networks take as long as
their layers take one by one.

NOTE: what a call takes without its layers is added once; on small networks it is most of their latency.
"""

from collections.abc import Sequence

import numpy as np

from components.records.results import Record, Span

FASTEST = 4  # one of so many layers says what a call takes


class MeasuredLayers(Record, frozen=True, kw_only=True):
    """Some of a table's layers, measured one after the other; see `components.hardware.layer_timing.time_layer`.

    Fields:
        device: row of the device table that they were measured on.
        computed_on: the same as TensorFlow says it, such as `CPU:0`.
        batch_size: rows of a call.
        names: of the layers.
        latency_ms: of each layer, beside what a call takes, >= 0.
        spread_ms: of each layer, its interquartile range over the repeats.
        call_ms: beside each layer, what a call takes in which no layer computes anything, >= 0.
        repeats: timed calls.
        span: when.
    """

    device: str
    computed_on: str
    batch_size: int
    names: tuple[str, ...]
    latency_ms: tuple[float, ...]
    spread_ms: tuple[float, ...]
    call_ms: tuple[float, ...]
    repeats: int
    span: Span


class LayerTable:
    """The latencies of layers by name.

    Args:
        measured: records of one device and batch size, at least one layer in all.

    Attributes:
        call_ms: what a call takes without its layers: the median over the fastest quarter of the layers beside which it
            was measured, as beside the others it drowns in their noise.
        names: of all layers, in the order of the records.
    """

    def __init__(self, measured: Sequence[MeasuredLayers]):
        self._latency_ms = {name: ms for one in measured for name, ms in zip(one.names, one.latency_ms, strict=True)}
        self.names = tuple(self._latency_ms)
        beside = [ms for one in measured for ms in one.call_ms]
        fastest = np.argsort(list(self._latency_ms.values()), kind="stable")[: -(-len(beside) // FASTEST)]
        self.call_ms = float(np.median(np.array(beside)[fastest]))

    def latency_ms(self, names: Sequence[str], places: np.ndarray) -> np.ndarray:
        """Returns the predicted latencies of networks, `[n]`; infinite where one holds a layer that the table lacks.

        Args:
            names: of layers.
            places: which of them each network holds, `[n, places]`: indices in `names`, -1 for none.
        """
        none = len(names)
        known = np.array([*(self._latency_ms.get(name, np.inf) for name in names), 0.0])
        return self.call_ms + known[np.where(places < 0, none, places)].sum(axis=1)
