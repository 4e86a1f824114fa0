"""Measures every layer that a design can hold, once, before a search that limits latencies predicted from them."""

from functools import partial

import numpy as np

from components.hardware.devices import HOST, open_device
from components.hardware.layer_table import MeasuredLayers
from components.hardware.layer_timing import LayerTiming
from components.records.attempts import Work, done_once
from components.records.spans import Stopwatch
from components.records.store import Store
from components.rounds.layer_records import LayerRecords
from components.search_file.stored import get_search
from components.search_spaces.layer_index import LayerIndex

WARMUP, REPEATS = 2, 24
PASSES = 4  # at most, of what spreads more than it takes: other work disturbed it
QUIET_MS = 0.005  # a spread below this is as good as it gets, however fast the layer
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
        RuntimeError: where a layer ends every process that measures it.
    """
    layers = LayerRecords(store, get_search(store))
    if device in ("", layers.device):
        watch = Stopwatch()
        for path in layers.missing():
            done_once(
                store,
                path,
                MeasuredLayers,
                Work(__name__, "measure_in_child", {"path": path}),
                do=partial(_measured, store, layers, path, watch),
                give_up=partial(_give_up, layers, path),
            )


def measure_in_child(store: Store, path: str) -> MeasuredLayers:
    """The layers of one record in a process of its own; see `components.records.attempts`."""
    return _measured(store, LayerRecords(store, get_search(store)), path, Stopwatch())


def _give_up(layers: LayerRecords, path: str, reason: str) -> MeasuredLayers:
    """Ends the step: without these latencies no design can be judged."""
    names = layers.names[path]
    raise RuntimeError(f"The latencies of {names[0]} to {names[-1]} can't be measured on {layers.device}: {reason}.")


def _measured(store: Store, layers: LayerRecords, path: str, watch: Stopwatch) -> MeasuredLayers:
    names, batch_size = layers.names[path], get_search(store).scoring.batch_size
    kind = "cpu" if layers.device == HOST else open_device(layers.device).kind
    timings = [_timing(*layers.layers[name], kind, batch_size) for name in names]
    return MeasuredLayers(
        device=layers.device,
        computed_on=timings[0].device,
        batch_size=batch_size,
        names=names,
        latency_ms=tuple(one.latency_ms for one in timings),
        spread_ms=tuple(one.spread_ms for one in timings),
        call_ms=tuple(one.call_ms for one in timings),
        repeats=REPEATS,
        span=watch.span(),
    )


def _timing(index: LayerIndex, at: int, kind: str, batch_size: int) -> LayerTiming:
    from components.training.runtime import prepare_tensorflow

    prepare_tensorflow()
    from components.hardware.layer_timing import time_layer
    from components.hardware.timing import best_pass
    from components.training.evaluation import release

    first = index.build(at)
    wanted = int(np.clip(MOST_WEIGHTS // max(1, first.count_params()), FEWEST_COPIES, COPIES))
    copies = [first, *(index.build(at) for _ in range(wanted - 1))]
    rows = np.random.default_rng(0).random((batch_size, *first.input_shape[1:]), dtype=np.float32)
    try:
        return best_pass(
            partial(time_layer, copies, rows, warmup=WARMUP, repeats=REPEATS, device=kind),
            disturbed_ms=lambda one: one.spread_ms,
            good=lambda one: one.spread_ms <= max(one.latency_ms, QUIET_MS),
            passes=PASSES,
        )
    finally:
        del first, copies
        release()
