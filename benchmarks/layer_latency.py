"""How well a table of single layers predicts what whole networks take, beside the host's roofline.

For widths on the digits, and on a table of 500 features: every layer of the space is measured as a search does it, then
random designs as whole networks, as a profile does it, in several passes. Printed are what the table took, the rank
correlation of each prediction with the median over the passes, and its median relative error; one pass more, as a
prediction, says how well a single profile does on this machine.

Usage: python -m benchmarks.layer_latency [--designs 40] [--layers 3] [--rows digits]
"""

import argparse
import tempfile
import time

import numpy as np
import yaml

from benchmarks.statistics import markdown
from components.hardware.devices import host_device
from components.hardware.microbenchmark import measure_host
from components.hardware.roofline import latency_ms
from components.hardware_benchmarking.layers import measure_layers
from components.hardware_benchmarking.profiling import REPEATS, WARMUP, random_rows
from components.records.layout import SEARCH, manifest_path
from components.records.manifest import DataManifest, Split
from components.records.store import open_search, write_record
from components.rounds.context import SearchContext
from components.rounds.layer_latencies import searched_layers
from components.rounds.predicted_work import forward_pass
from components.search_spaces.space import Spec
from components.training.runtime import prepare_tensorflow

PART = Split(rows=1, class_rows=(), sha256="")
ROWS = {"digits": ((8, 8, 1), 10), "500 features": ((500,), 5)}  # shape of a row, classes
NO_LIMIT_MS, PASSES = 1e9, 5


def described(folder: str, rows: str, layers: int) -> SearchContext:
    """A search of widths for rows of a shape, of which nothing but the shape is needed."""
    shape, classes = ROWS[rows]
    store = open_search(folder)
    description = {
        "name": "layers",
        "data": {"source": "sklearn:digits"},
        "space": {"name": "tabular_mlp", "settings": {"layers": layers}},
        "rejection": {"size": {"layers_latency_ms": NO_LIMIT_MS}},
    }
    store.create(SEARCH, yaml.safe_dump(description).encode())
    names = tuple(str(number) for number in range(classes))
    split = {"train": PART, "validation": PART, "test": PART}
    write_record(store, manifest_path("data"), DataManifest(source="none", input_shape=shape, classes=names, **split))
    return SearchContext(store)


def measured(context: SearchContext, specs: list[Spec]) -> np.ndarray:
    """Latencies of whole networks as a profile has them, in ms, `[n]`."""
    from components.hardware.timing import time_forward
    from components.training.evaluation import release

    (variant,), manifest, found = context.space.variants(), context.manifest, []
    for spec in specs:
        model = context.space.build(spec, variant, manifest.input_shape, manifest.outputs)
        x = random_rows(manifest, context.search.scoring.batch_size)
        found.append(time_forward(model, x, warmup=WARMUP, repeats=REPEATS, device="cpu").median_ms)
        del model
        release()
    return np.array(found)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, of values without ties."""
    ranks = [values.argsort().argsort() for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def compared(rows: str, layers: int, designs: int) -> None:
    """Measures one space and prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        context = described(folder, rows, layers)
        began = time.perf_counter()
        measure_layers(context.store)
        seconds = time.perf_counter() - began
        rng, space, manifest = np.random.default_rng(0), context.space, context.manifest
        specs = [space.sample(rng) for _ in range(designs)]
        encoded, (variant,) = np.stack([space.encode(spec) for spec in specs]), space.variants()
        latencies = context.layer_latencies
        assert latencies is not None
        by_layers = latencies.of(encoded, variant)
        assert by_layers is not None
        *passes, once = (measured(context, specs) for _ in range(PASSES + 1))
        usual = np.median(passes, axis=0)
        costs = space.costs(encoded, variant, manifest.input_shape, manifest.outputs)
        work = forward_pass(costs, context.search.scoring.batch_size)
        from components.hardware.timing import compiled_multiply

        by_roofline = latency_ms(*work, host_device(measure_host(compiled_multiply())))
        count = len(searched_layers(space, manifest, context.search.rejection.size))
    print(f"\n{rows}, {layers} layers: {count} layers measured in {seconds:.0f} s")
    print(f"{designs} designs take {usual.min():.3f} to {usual.max():.3f} ms\n")
    lines = [
        [name, f"{rank_correlation(values, usual):.3f}", f"{np.median(np.abs(values / usual - 1)):.1%}",
         f"{np.median(values / usual - 1):+.1%}"]
        for name, values in (("sum of layers", by_layers), ("roofline", by_roofline), ("a single profile", once))
    ]  # fmt: skip
    print(markdown(["prediction", "rank correlation", "median relative error", "median deviation"], lines), flush=True)


def main() -> None:
    """Compares both spaces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--designs", type=int, default=40, help="whole networks, >= 2")
    parser.add_argument("--layers", type=int, default=3, help="hidden layers, >= 1")
    parser.add_argument("--rows", choices=ROWS, help="of which data; left out, of both")
    given = parser.parse_args()
    prepare_tensorflow()
    for rows in [given.rows] if given.rows else ROWS:
        compared(rows, given.layers, given.designs)


if __name__ == "__main__":
    main()
