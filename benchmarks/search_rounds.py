"""One search of a benchmark: the pipeline's own stages, called in this process, and what its records say."""

import gc
import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records.layout import committed_rounds, plan_path, round_of, scores_path, trial_path
from components.records.results import Plan, Scores, TrainingRecord
from components.records.store import Store, open_search, read_record, require_record
from components.rejection_screening.stage import screen_shard
from components.search_file.stored import get_search
from components.search_spaces.registry import open_space

# Scoring by accuracy alone; a latency that counts nothing is estimated, as a measured one would cost seconds.
UNTIMED = {"latency_weight": 0.0, "latency": "estimated", "device": "tpu-v3"}


def run_search(folder: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the rounds of a search, or goes on with it where its folder has some, and returns its row.

    Args:
        folder: the search directory.
        description: of the search; with one shard a round.

    Returns:
        The row: `best` (spec), `quality` (its mean validation accuracy), `reasons` (how many candidates of each),
        `predicted_saved_seconds`, and `rounds`: after each the candidates and training steps so far, the CPU seconds of
        everything and of screening alone, the best `quality` so far, None where nothing was trained in full yet, and
        `mean`, the mean quality of the round's candidates, where one that was rejected counts 0; None where the round
        had none, as nothing new was proposed.
    """
    store = open_search(str(folder))
    split_search_data(store, yaml.safe_dump(dict(description)))
    while _another_round(store):
        start = time.process_time()
        (shard,) = propose_round(store)
        gc.freeze()  # thousands of screened graphs are remembered, which each collection after a trial would go through
        train_shard(store, shard, "probe")
        profile_shard(store, shard)
        probed = time.process_time()
        screen_shard(store, shard)
        screened = time.process_time()
        train_shard(store, shard, "full")
        _note(store, round_of(shard), screening_seconds=screened - probed, seconds=time.process_time() - start)
        score_round(store, round_of(shard))
    return _row(store)


def _another_round(store: Store) -> bool:
    committed = committed_rounds(store)
    return not committed or require_record(store, scores_path(committed[-1]), Scores).another_round


def _note(store: Store, round_path: str, **cpu_seconds: float) -> None:
    """Keeps what a round took. CPU seconds, which other work on the machine doesn't change much."""
    store.create(_noted(round_path), json.dumps(cpu_seconds).encode())


def _noted(round_path: str) -> str:
    return f"benchmark/{Path(round_path).name}.json"


def _row(store: Store) -> dict[str, Any]:
    reasons: Counter[str] = Counter()
    so_far = {"candidates": 0, "steps": 0, "seconds": 0.0, "screening_seconds": 0.0}
    saved, rounds, best = 0.0, [], None
    for path in committed_rounds(store):
        scores, plan = require_record(store, scores_path(path), Scores), require_record(store, plan_path(path), Plan)
        best = scores.best[0] if scores.best else None
        reasons.update(one.reason or "trained in full" for one in scores.scored)
        noted = json.loads(store.read(_noted(path)) or b"{}")
        added = {"candidates": len(scores.scored), "steps": _steps(store, plan), **noted}
        so_far = {name: value + added.get(name, 0) for name, value in so_far.items()}
        rounds.append({**so_far, "quality": best.quality if best else None, "mean": _mean_quality(scores)})
        saved += scores.predicted_saved_seconds
    return {
        "best": best.spec if best else None,
        "quality": best.quality if best else None,
        "reasons": reasons,
        "predicted_saved_seconds": saved,
        "rounds": rounds,
    }


def _mean_quality(scores: Scores) -> float | None:
    if not scores.scored:
        return None
    return sum(one.quality or 0.0 for one in scores.scored) / len(scores.scored)


def _steps(store: Store, plan: Plan) -> int:
    """The training steps of a round."""
    search = get_search(store)
    continued = open_space(search.space.name, search.space.settings).continues_probe
    steps = 0
    for candidate in plan.candidates:
        if candidate.role == "shared":  # whose record counts the steps of all rounds so far
            return plan.full_steps
        for name, before in (("probe", 0), ("training", plan.probe_steps if continued else 0)):
            record = read_record(store, f"{trial_path(plan.round, candidate.id)}/{name}.json", TrainingRecord)
            steps += sum(one.steps - before for one in record.trials if one.status != "not_built") if record else 0
    return steps
