"""The tasks and searches that the benchmark of widths under a limit compares."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

RIVAL_WEIGHTS = (-0.1, -1.0, -10.0)  # about the published grids' ends and middle
ARMS: Mapping[str, dict[str, Any]] = {
    "rejection": {"reward": "rejection"},
    "rejection, one draw a step": {"reward": "rejection"},
    "rejection, not corrected": {"reward": "rejection", "corrected": False},
    **{f"absolute, weight {weight:g}": {"reward": "absolute", "weight": weight} for weight in RIVAL_WEIGHTS},
}
ONE_DRAW = "rejection, one draw a step"  # as published: a step whose draw is over the limit teaches nothing
REPORTED = 20  # designs that a round reports


class WidthTask(NamedTuple):
    """Data, a limit, and how long what is trained.

    Fields:
        parameters: the limit; at most a tenth of the 8,000 designs of three layers is within it.
        rounds, round_steps: search rounds, and steps of the shared network in each.
        chosen: designs of a search that are trained alone, the most probable ones.
        alone_steps: steps of a design that is trained alone.
        batch_size: rows of a step.
        pool: designs within the limit, drawn at random, that are trained alone.
        arms: kinds of search that are run, keys of `ARMS`.
    """

    parameters: int
    rounds: int
    round_steps: int
    chosen: int
    alone_steps: int
    batch_size: int
    pool: int
    arms: Sequence[str] = tuple(ARMS)


TASKS: Mapping[str, WidthTask] = {
    "digits": WidthTask(6_000, rounds=6, round_steps=500, chosen=5, alone_steps=600, batch_size=128, pool=60),
    "table": WidthTask(
        8_000,
        rounds=32,
        round_steps=800,
        chosen=20,
        alone_steps=600,
        batch_size=512,
        pool=200,
        arms=("rejection",),
    ),
}
TABLE_ROWS = 50_000


def description(task: str, arm: str, seed: int, folder: Path) -> dict[str, Any]:
    """Returns the description of a search.

    Args:
        task: a key of `TASKS`.
        arm: a key of `ARMS`.
        seed: of the search, and of the split of its rows.
        folder: where the table lies that `write_table` wrote.
    """
    about = TASKS[task]
    source = (
        {"source": "sklearn:digits"} if task == "digits" else {"source": f"csv:{folder / 'table.csv'}", "label": "y"}
    )
    return {
        "name": "width-benchmark",
        "seed": seed,
        "data": source,
        "space": {"name": "tabular_mlp"},
        "controller": {"name": "factorized", "settings": ARMS[arm]},
        "rejection": {"size": {"parameters": about.parameters}},
        "rounds": {"candidates_per_round": REPORTED, "shards_per_round": 1},
        "training": {
            "optimizer": "adam",
            "learning_rate": 0.002,
            "weight_decay": 0.0,
            "batch_size": about.batch_size,
            "full_steps": about.round_steps,
            "weight_sharing": {"draws": 1} if arm == ONE_DRAW else {},
        },
        "scoring": {"latency_weight": 0.0},
        "budget": {"candidates": REPORTED * about.rounds},
        "final_scaling": {"rerank": about.chosen, "baselines": [], "widths": [1.0], "depths": [1.0]},
    }


def write_table(folder: Path) -> None:
    """Writes a table of 50,000 rows unless it is there: 20 numbers, 3 categories, 5 classes that a network made.

    The labels are the largest of five noisy outputs of a fixed random network of 24 hidden units, so that width pays.
    """
    path = folder / "table.csv"
    if path.exists():
        return
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(TABLE_ROWS, 20))
    categories = rng.integers(6, size=(TABLE_ROWS, 3))
    inputs = np.concatenate([numbers, *(np.eye(6)[column] for column in categories.T)], axis=1)
    hidden = np.maximum(inputs @ rng.normal(size=(inputs.shape[1], 24)), 0)
    outputs = hidden @ rng.normal(size=(24, 5))
    labels = (outputs + rng.normal(size=outputs.shape) * outputs.std() / 4).argmax(axis=1)
    names = [*(f"x{i}" for i in range(20)), *(f"c{i}" for i in range(3)), "y"]
    lines = [
        ",".join([*(f"{value:.5f}" for value in row), *(f"kind{one}" for one in kinds), f"class{label}"])
        for row, kinds, label in zip(numbers, categories, labels, strict=True)
    ]
    path.write_text("\n".join([",".join(names), *lines, ""]), encoding="utf-8")
