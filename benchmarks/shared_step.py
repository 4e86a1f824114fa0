"""What a step of weight sharing costs: a weight step and a policy step of a child, against a plain step of the largest.

Three hidden layers of 20 widths to 512, batches of 512 rows of 128 features, 10 classes, one thread, CPU seconds.
Children are drawn uniformly. `slices` is what a search does; `masks` is the same with every weight of the largest
network in use and hidden units times 0. The policy is the factorized one with a Monte-Carlo correction of 3,072 samples
in each step, a rate that keeps it uniform, and a limit that all designs meet. The contenders take turns; medians.

Usage: python -m benchmarks.shared_step [--quick]
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click
import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table

from benchmarks.goals import said
from components.controllers.registry import open_controller
from components.records.search import Training
from components.records.training_section import WeightSharing
from components.search_spaces.registry import open_space
from components.search_spaces.tabular_mlp.build import SharedMlp
from components.training.feed import Feed
from components.training.plain import Plain
from components.training.recipe import Recipe
from components.training.runtime import prepare_tensorflow
from components.training.shared_weights_program import SharedWeights

FEATURES, CLASSES, ROWS = 128, 10, 20_000
BATCH, SAMPLES = 512, 3072
STEPS, TURNS, QUICK_TURNS = 20, 15, 5
MOST_SHARE = 0.8  # the most that slices may take of a plain step
SPACE = open_space("tabular_mlp", {})
VARIANT = SPACE.variants()[0]


class MaskedMlp(SharedMlp):
    """The shared network with masks in the place of slices: every step computes with all weights."""

    def shapes(self, encoded: Any) -> list[Any]:
        """Returns the whole shapes; the masks are those of this child until the next call."""
        sizes = [ops.take(widths, encoded[layer]) for layer, widths in enumerate(self._choices)]
        pairs = zip(sizes, self._choices, strict=True)
        self._masks = [ops.cast(ops.arange(int(widths.max())) < size, "float32") for size, widths in pairs]
        return [ops.convert_to_tensor(one.shape, "int32") for one in self.variables]

    def outputs(self, weights: Sequence[Any], x: Any) -> Any:
        """Returns the outputs, with the hidden units that the child lacks times 0."""
        for mask, kernel, bias in zip(self._masks, weights[:-2:2], weights[1:-2:2], strict=True):
            x = self._activation(ops.matmul(x, kernel) + bias) * mask
        return ops.matmul(x, weights[-2]) + weights[-1]


class EveryDesign:
    """A limit that all designs meet, at the price of looking at their costs."""

    def __init__(self) -> None:
        self._most = self._parameters(SPACE.encode(SPACE.largest)[None])[0]

    def within(self, encoded: np.ndarray) -> np.ndarray:
        """True for all."""
        return self.ratio(encoded) <= 1

    def ratio(self, encoded: np.ndarray) -> np.ndarray:
        """Parameters over those of the largest."""
        return self._parameters(encoded) / self._most

    def _parameters(self, encoded: np.ndarray) -> np.ndarray:
        return SPACE.costs(encoded, VARIANT, (FEATURES,), CLASSES)["parameters"]


def contenders(optimizer: str) -> dict[str, Plain | SharedWeights]:
    """The programs, initialised."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, FEATURES)).astype(np.float32), rng.integers(0, CLASSES, ROWS)
    feed = Feed(x, y, x[: ROWS // 4], y[: ROWS // 4])
    training = Training(batch_size=BATCH, optimizer=optimizer, learning_rate=1e-3)  # type: ignore[arg-type]
    seed, horizon = (0,), 10**6
    settings = {"samples": SAMPLES, "enumerate_up_to": 0, "learning_rate": 1e-9}

    def shared(build: Callable[[], Any]) -> SharedWeights:
        policy = open_controller("factorized", settings, SPACE, EveryDesign())
        sharing = WeightSharing(warmup=0)
        return SharedWeights(build, feed, training, sharing, policy, seed=seed, total_steps=horizon)  # type: ignore[arg-type]

    choices = SPACE.settings.choices  # type: ignore[attr-defined]
    shape = (FEATURES,)
    largest = Recipe(lambda: SPACE.build(SPACE.largest, VARIANT, shape, CLASSES), feed, training, seed, horizon)
    made: dict[str, Plain | SharedWeights] = {
        "plain": Plain(largest),
        "slices": shared(lambda: SPACE.shared_network(VARIANT, shape, CLASSES)),
        "masks": shared(lambda: MaskedMlp(choices, "relu", shape, CLASSES)),
    }
    for program in made.values():
        program.init(None)
        program.step(0)
    return made


def measure(programs: dict[str, Plain | SharedWeights], turns: int) -> dict[str, float]:
    """Returns the CPU milliseconds of a step, the median of the turns."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    names = list(programs)
    for turn in range(turns):
        first = 1 + turn * STEPS
        for name in names[turn % 3 :] + names[: turn % 3]:
            began = time.process_time()
            for step in range(first, first + STEPS):
                programs[name].step(step)
            seconds[name].append(time.process_time() - began)
    return {name: 1e3 * statistics.median(values) / STEPS for name, values in seconds.items()}


@click.command()
@click.option("--quick", is_flag=True, help="A third of the turns.")
def main(quick: bool) -> None:
    """Measures, prints a table, and exits with 1 where the goal is missed."""
    prepare_tensorflow()
    console, met = Console(), []
    table = Table("optimizer", "plain ms", "slices ms", "masks ms", "slices / plain", "masks / plain", "traces")
    for optimizer in ("sgd", "adam"):
        programs = contenders(optimizer)
        times = measure(programs, QUICK_TURNS if quick else TURNS)
        shares = [times[name] / times["plain"] for name in ("slices", "masks")]
        traces = {one.traces for program in programs.values() for one in program.compiled.values()}
        table.add_row(
            optimizer, *(f"{time:.2f}" for time in times.values()), *(f"{one:.2f}" for one in shares), str(max(traces))
        )
        met.append(shares[0] <= MOST_SHARE and max(traces) == 1)
    console.print(table)
    console.print(f"a weight and a policy step at most {MOST_SHARE} of a plain step, one trace: {said(all(met))}")
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
