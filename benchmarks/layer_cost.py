"""What a layer graph costs against the same formula written by hand, and how fast graphs are drawn.

Each known layer, forward and backward in training mode, beside its formula in `keras.ops` and beside Keras's own batch
normalization and ReLU; in a graph and compiled by XLA (`jit_compile=True`), one thread. The contenders take turns; of
the calls of each the fastest counts, in CPU seconds where the layer runs on a CPU, so that other work on the machine
hardly shows. Then: graphs sampled, mutated and named by their canonical ids in a second.

Usage: python -m benchmarks.layer_cost [--quick]
"""

import statistics
import sys
import time
from collections.abc import Callable

import click
import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.hand_written import FORMULAS, HandWritten
from components.search_spaces.norm_act_layer.build import NormActLayer
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.spec import LayerSpec
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

SHAPE = (64, 16, 16, 64)
MOST_COST, LEAST_GRAPHS = 1.2, 5000  # of the formula's time; a second
CALLS = 60
Step = Callable[[], np.ndarray]


@click.command()
@click.option("--quick", is_flag=True, help="Three layers and few calls.")
def main(quick: bool) -> None:
    """Measures, prints tables, and exits with 1 where a goal is missed."""
    prepare_tensorflow()
    console = Console()
    names = list(KNOWN)[:: 4 if quick else 1]
    met = [show(console, names, jit, 15 if quick else CALLS) for jit in (False, True)]
    rate = graphs_a_second(2000 if quick else 10_000)
    console.print(f"sampled, mutated and canonicalised: {rate:,.0f} graphs a second (goal: {LEAST_GRAPHS:,})")
    sys.exit(0 if all(met) and rate >= LEAST_GRAPHS else 1)


def show(console: Console, names: list[str], jit: bool, calls: int) -> bool:
    """Prints the times of one way to run; returns whether every layer keeps the goal."""
    table = Table(title=f"forward and backward on {list(SHAPE)}, {'XLA' if jit else 'graph'}, ms")
    for column in ("layer", "ours", "by hand", "ours / by hand"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    ratios = []
    for name in names:
        steps = [step(layer_of(KNOWN[name]), jit), step(HandWritten(FORMULAS[name]), jit)]
        np.testing.assert_allclose(steps[0](), steps[1](), rtol=1e-3, atol=1e-4, err_msg=name)
        ours, hand = fastest_ms(steps, calls)
        ratios.append(ours / hand)
        table.add_row(name, f"{ours:.2f}", f"{hand:.2f}", f"{ours / hand:.2f}")
    (fused,) = fastest_ms([step(keras_batch_norm_relu(), jit)], calls)
    table.add_row("Keras: BatchNormalization, ReLU", f"{fused:.2f}")
    table.add_row("geometric mean and most", "", "", f"{statistics.geometric_mean(ratios):.2f} {max(ratios):.2f}")
    console.print(table)
    return max(ratios) <= MOST_COST


def layer_of(spec: LayerSpec) -> NormActLayer:
    """The layer of a graph."""
    return NormActLayer(spec.to_json())


def keras_batch_norm_relu() -> keras.Model:
    """The two layers that BN-ReLU replaces; TensorFlow fuses the first outside XLA."""
    return keras.Sequential([keras.layers.BatchNormalization(), keras.layers.ReLU()])


def step(layer: keras.layers.Layer, jit: bool) -> Step:
    """A call of a layer in training and the gradients in its input and weights, compiled and warm."""
    rng = np.random.default_rng(0)
    x, cotangent = (tf.constant(rng.standard_normal(SHAPE, np.float32)) for _ in range(2))
    layer.build(SHAPE)
    weights = [variable.value for variable in layer.trainable_variables]

    @tf.function(jit_compile=jit)
    def run(x, cotangent):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return y, tape.gradient(y, [x, *weights], cotangent, unconnected_gradients="zero")

    def call() -> np.ndarray:
        return run(x, cotangent)[0].numpy()

    call()
    return call


def fastest_ms(steps: list[Step], calls: int) -> list[float]:
    """The least milliseconds of each step, over calls in turn."""
    clock = time.perf_counter if tf.config.list_physical_devices("GPU") else time.process_time
    return [1000 * min(column) for column in zip(*[[seconds(step, clock) for step in steps] for _ in range(calls)])]


def seconds(step: Step, clock: Callable[[], float]) -> float:
    """How long one call takes."""
    start = clock()
    step()
    return clock() - start


def graphs_a_second(count: int) -> float:
    """How many graphs are sampled, mutated and named in a second."""
    space, rng = open_space("norm_act_layer", {}), np.random.default_rng(0)
    start = time.process_time()
    for _ in range(count):
        child, _ = space.mutate(space.sample(rng), rng)
        space.canonical(child)
    return count / (time.process_time() - start)


if __name__ == "__main__":
    main()
