"""The goals of the benchmark of widths: the search by rejection beside the best of the pool and beside its rivals."""

from collections.abc import Mapping, Sequence

from benchmarks.goals import Goal
from benchmarks.resumable import Row
from benchmarks.width_rows import Trained, affordable, best_of, found_by, pools_of, searches_of
from benchmarks.width_search import ARMS, ONE_DRAW, TASKS

RIVALS = tuple(arm for arm, settings in ARMS.items() if arm == ONE_DRAW or settings["reward"] == "absolute")
NEAR_BEST = {"table": 1.02}
CPU_SECONDS = {"table": 300.0}  # five minutes of one thread


def goals(rows: Sequence[Row], task: str) -> list[Goal]:
    """Returns the goals of a task with what the rows measure, seed by seed.

    No rival's validation loss may be lower than that of the search by rejection, in the mean: the published step's, the
    absolute reward's at any weight, and that of random search in as many CPU seconds. Where the task says so, the loss
    is also near the pool's best, and found in so many CPU seconds. A pool counts once all of it is trained.
    """
    about, own = TASKS[task], found_by(rows, "rejection")
    whole = {row["job"]["seed"]: min(about.pool, row["within"]) for row in searches_of(rows)}
    pools = {seed: pool for seed, pool in pools_of(rows).items() if len(pool.trained) == whole.get(seed)}
    rivals = {arm: found_by(rows, arm) for arm in about.arms if arm in RIVALS}
    counts = affordable(rows, pools)
    rivals["random, as many seconds"] = {seed: best_of(pools[seed].trained[:count]) for seed, count in counts.items()}
    judged = []
    if task in NEAR_BEST:
        best = {seed: best_of(pool.trained) for seed, pool in pools.items()}
        judged.append(Goal("validation loss of rejection / the pool's best", NEAR_BEST[task], _ratios(own, best)))
    if task in CPU_SECONDS:
        seconds = [row["cpu_seconds"] for row in searches_of(rows, "rejection")]
        judged.append(Goal("CPU seconds of rejection", CPU_SECONDS[task], seconds))
    return judged + [
        Goal(f"validation loss of rejection / {name}", 1.0, _ratios(own, found)) for name, found in rivals.items()
    ]


def _ratios(own: Mapping[int, Trained], other: Mapping[int, Trained]) -> list[float]:
    """Those of the validation losses, of the seeds that both have."""
    return [own[seed]["validation_loss"] / other[seed]["validation_loss"] for seed in own if seed in other]
