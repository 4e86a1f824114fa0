"""Measures every layer that a design can hold, once, before a search that limits latencies predicted from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.hardware.devices import HOST, open_device
from components.hardware.layer_table import MeasuredLayers
from components.records.layout import measured_layers_path
from components.records.spans import Stopwatch
from components.records.store import Store, write_record
from components.rounds.context import SearchContext
from components.rounds.layer_latencies import layer_records, searched_layers, unmeasured_device
from components.search_spaces.layer_index import LayerIndex

WARMUP, REPEATS = 2, 24
COPIES, FEWEST_COPIES = 5, 2
MOST_WEIGHTS = 16 * 2**20  # of all copies together, 64 MiB; larger layers take so long that little noise is left


def measure_layers(store: Store, device: str = "") -> None:
    """Writes the latencies of the layers that designs can hold, some to a record; what is measured stays as it is.

    Does nothing where the search limits no such latency, or where this step runs on another device.

    Args:
        store: the search's, whose data are split.
        device: row of the device table that this step runs on; empty for the one that the search names.

    Raises:
        ValueError: where TensorFlow has no such device in this process.
    """
    context, watch = SearchContext(store), Stopwatch()
    name = context.search.scoring.device
    if device not in ("", name) or not unmeasured_device(store, context.search):
        return
    layers = searched_layers(context.space, context.manifest, context.search.rejection.size)
    for number, names in enumerate(layer_records(list(layers))):
        path = measured_layers_path(name, number)
        if not store.exists(path):
            write_record(store, path, _measured(names, layers, name, context.search.scoring.batch_size, watch))


def _measured(
    names: Sequence[str], layers: Mapping[str, tuple[LayerIndex, int]], device: str, batch_size: int, watch: Stopwatch
) -> MeasuredLayers:
    kind = "cpu" if device == HOST else open_device(device).kind
    timings = [_timing(*layers[name], kind, batch_size) for name in names]
    return MeasuredLayers(
        device=device,
        computed_on=timings[0].device,
        batch_size=batch_size,
        names=tuple(names),
        latency_ms=tuple(one.latency_ms for one in timings),
        spread_ms=tuple(one.spread_ms for one in timings),
        call_ms=tuple(one.call_ms for one in timings),
        repeats=REPEATS,
        span=watch.span(),
    )


def _timing(index: LayerIndex, at: int, kind: str, batch_size: int) -> Any:
    from components.training.runtime import prepare_tensorflow

    prepare_tensorflow()
    from components.hardware.layer_timing import time_layer
    from components.training.evaluation import release

    first = index.build(at)
    wanted = int(np.clip(MOST_WEIGHTS // max(1, first.count_params()), FEWEST_COPIES, COPIES))
    copies = [first, *(index.build(at) for _ in range(wanted - 1))]
    rows = np.random.default_rng(0).random((batch_size, *first.input_shape[1:]), dtype=np.float32)
    try:
        return time_layer(copies, rows, warmup=WARMUP, repeats=REPEATS, device=kind)
    finally:
        del first, copies
        release()
