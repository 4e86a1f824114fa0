"""The rows of the EvoNorm benchmark as tables in Markdown: means and standard deviations over the seeds."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.evonorm_layers import NETWORKS, SPACE
from benchmarks.evonorm_search import ARMS
from benchmarks.kept_searches import FOUND
from benchmarks.resumable import Row
from benchmarks.statistics import found_table, lead, markdown, paired, spread

KNOWN = ("BN-ReLU", "EvoNorm-B0", "EvoNorm-S0")
SMALL_BATCH, LARGE_BATCH = 8, 128


def tables(rows: Sequence[Row], candidates: int) -> str:
    """Returns all tables that the rows allow; a spread is the standard deviation over seeds (n - 1)."""
    searches = [row for row in rows if row["job"]["kind"] == "search" and row["job"]["candidates"] == candidates]
    layers = [row for row in rows if row["job"]["kind"] == "layer"]
    parts = [search_table(searches, layers, candidates), differences(searches, layers), rejection_table(searches)]
    return "\n\n".join([*parts, layer_table(layers), found_table(searches, list(ARMS), SPACE, "layer")])


def search_table(searches: Sequence[Row], layers: Sequence[Row], candidates: int) -> str:
    """What each kind of search found in as many candidates, and what it cost."""
    columns: dict[str, Callable[[Row], float | None]] = {
        "best validation accuracy": lambda row: row["quality"],
        "the same layer, trained longer: test": lambda row: test_accuracy(layers, row),
        "trained in full": lambda row: row["reasons"].get("trained in full", 0),
        "training steps": lambda row: row["rounds"][-1]["steps"],
        "CPU s": lambda row: row["rounds"][-1]["seconds"],
    }
    lines = []
    for arm in ARMS:
        of = [row for row in searches if row["job"]["arm"] == arm]
        if of:
            lines.append([arm, str(len(of)), *(spread([value(row) for row in of]) for value in columns.values())])
    return markdown([f"{candidates} candidates each", "seeds", *columns], lines)


def differences(searches: Sequence[Row], layers: Sequence[Row]) -> str:
    """By how much evolution's results differ from the others', seed by seed."""
    lines = []
    for arm in list(ARMS)[1:]:
        pairs = paired(searches, "evolution", arm)
        if not pairs:
            continue
        quality = [one["quality"] - other["quality"] for one, other in pairs if one["quality"] and other["quality"]]
        tests = [(test_accuracy(layers, one), test_accuracy(layers, other)) for one, other in pairs]
        test = [one - other for one, other in tests if one is not None and other is not None]
        equal, seconds = ([lead(one, other, unit) for one, other in pairs] for unit in ("steps", "seconds"))
        lines.append(
            [f"evolution less {arm}", str(len(pairs)), *(spread(of) for of in (quality, equal, seconds, test))]
        )
    head = ["paired by seed", "seeds", "validation", "at as many training steps", "at as many CPU s", "test"]
    return markdown(head, lines)


def rejection_table(searches: Sequence[Row]) -> str:
    """What rejection saves, as each search predicts it and as measured against the search without it; CPU seconds."""
    lines = []
    for arm in list(ARMS)[:2]:
        rows = [row for row in searches if row["job"]["arm"] == arm]
        if rows:
            saved, screening = (
                [row["predicted_saved_seconds"] for row in rows],
                [screening_seconds(row) for row in rows],
            )
            lines.append([f"{arm}: predicted", str(len(rows)), *_net(saved, screening), ""])
    pairs = paired(searches, "evolution", list(ARMS)[2])
    if pairs:
        last = [(one["rounds"][-1], other["rounds"][-1]) for one, other in pairs]
        screening = [screening_seconds(one) for one, _ in pairs]
        saved = [other["seconds"] - one["seconds"] + cost for (one, other), cost in zip(last, screening, strict=True)]
        steps = spread([1 - one["steps"] / other["steps"] for one, other in last])
        lines.append(["evolution: measured against none", str(len(pairs)), *_net(saved, screening), steps])
    return markdown(["rejection", "seeds", "training s saved", "screening s", "net s", "share of steps saved"], lines)


def screening_seconds(search: Row) -> float:
    """CPU seconds that a search spent on verdicts."""
    return search["rounds"][-1]["screening_seconds"]


def _net(saved: Sequence[float], screening: Sequence[float]) -> list[str]:
    return [spread(saved), spread(screening), spread([one - cost for one, cost in zip(saved, screening, strict=True)])]


def layer_table(layers: Sequence[Row]) -> str:
    """Test accuracy of the layers in each network with both batches."""
    lines = []
    for name in (*KNOWN, *(FOUND + arm for arm in ARMS)):
        for batch in (SMALL_BATCH, LARGE_BATCH):
            of = [row for row in layers if row["job"]["layer"] == name and row["job"]["batch_size"] == batch]
            accuracy = {
                network: {row["job"]["seed"]: row["accuracy"] or 0.0 for row in of if row["job"]["network"] == network}
                for network in NETWORKS
            }
            seeds = set.intersection(*(set(by_seed) for by_seed in accuracy.values()))
            if seeds:
                means = [float(np.mean([accuracy[network][seed] for network in NETWORKS])) for seed in sorted(seeds)]
                cells = [spread(accuracy[network].values()) for network in NETWORKS]
                lines.append([name, str(batch), str(len(seeds)), *cells, spread(means)])
    return markdown(["layer: test accuracy", "batch", "seeds", *NETWORKS, "mean"], lines)


def test_accuracy(layers: Sequence[Row], search: Row) -> float | None:
    """Mean test accuracy over the networks of what a search found, with the large batch; None where it isn't known."""
    job = search["job"]
    of = [
        row["accuracy"] or 0.0
        for row in layers
        if (row["job"]["layer"], row["job"]["seed"]) == (FOUND + job["arm"], job["seed"])
        and row["job"]["batch_size"] == LARGE_BATCH
        and row["job"]["spec"] == search["best"]
    ]
    return float(np.mean(of)) if len(of) == len(NETWORKS) else None
