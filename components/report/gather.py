"""Fills the report's contents from a search's records, whatever of them is there."""

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from components.records.layout import (
    ROUND_OF_KIND,
    SUMMARY,
    committed_rounds,
    last_scores,
    manifest_path,
    plan_path,
    scores_path,
)
from components.records.manifest import DataManifest
from components.records.results import Plan, Scores
from components.records.search import Search
from components.records.step import failed_steps
from components.records.store import Store, read_record
from components.records.summary import Summary
from components.records.tasks import has_target
from components.records.timing import StepTiming
from components.report.contents import Contents, Economy, Failure, State
from components.report.gather_advice import advice
from components.report.gather_ensemble import (
    gathered_ensemble,
    gathered_number_uncertainty,
    gathered_reliability,
    gathered_uncertainty,
)
from components.report.gather_finishing import gathered_comparison, gathered_grid, gathered_limits, gathered_winner
from components.report.gather_rounds import (
    candidate_failures,
    gathered_rounds,
    taught_by_steps,
    tried_baselines,
    tried_candidates,
)
from components.report.gather_seconds import read_timings, stage_seconds, wall_seconds
from components.rounds.context import SearchContext
from components.rounds.sharing import shares_weights
from components.search_spaces.registry import SPACES

PACKAGES = ("archloom", "keras", "kfp", "numpy", "tensorflow", "tensorflow-cpu", "tensorflow-tpu")


def gather(store: Store) -> Contents:
    """Returns what the records of a search say so far.

    Raises:
        FileNotFoundError: where the directory holds no search.
    """
    context, finishing = SearchContext(store), SearchContext(store, "ensemble")
    search, space = context.search, finishing.space
    summary = read_record(store, SUMMARY, Summary)
    last = last_scores(store)
    plans = _plans(store)
    scores = {path: found for path in plans if (found := read_record(store, scores_path(path), Scores)) is not None}
    searched = [one for one in plans.values() if one.kind == "search"]
    taught = taught_by_steps(store, searched)
    timings = read_timings(store)
    winner = gathered_winner(store, plans, scores, space, summary)
    baselines = () if has_target(search) else tried_baselines(plans, scores, space)  # of the same task only
    return Contents(
        name=search.name,
        state=_state(summary),
        status=_status(summary, last),
        advice=advice(context, finishing, scores) if summary and summary.outcome == "nothing_survived" else (),
        data=_manifest(context),
        target=_manifest(finishing) if finishing.task.folder != context.task.folder else None,
        candidates=(*tried_candidates(store, searched, space), *baselines),
        baseline_note=_baseline_note(search, bool(baselines)),
        front=tuple(one.id for one in last.front) if last else (),
        rounds=gathered_rounds(plans, scores),
        proposed=taught.get("learnt", 0) if taught else sum(len(plan.candidates) for plan in searched),
        screened={name: held for name, held in taught.items() if name != "learnt"} if taught else _screened(searched),
        shares_weights=shares_weights(search),
        economy=_economy([one for one in scores.values() if one.kind == "search"]),
        limits=gathered_limits(search, plans, winner),
        scales=SPACES[search.space.name].scales,
        winner=winner,
        comparison=gathered_comparison(store, plans, scores, space),
        scaling=gathered_grid(store, plans, scores),
        ensemble=gathered_ensemble(summary),
        reliability=gathered_reliability(store),
        uncertainty=gathered_uncertainty(store),
        number_uncertainty=gathered_number_uncertainty(store, summary),
        seconds=stage_seconds(timings),
        wall_seconds=wall_seconds(timings),
        bytes_kept=_bytes_kept(store),
        environment=_environment(search, timings),
        failures=(*(_failed_steps(store) if summary is None else ()), *candidate_failures(scores)),
    )


def _failed_steps(store: Store) -> list[Failure]:
    """The steps of a local run that failed, the last one first; none where the search lies in object storage."""
    found = [] if "://" in store.uri else failed_steps(Path(store.uri, "logs"))
    return [Failure(where=f"step {one.where}", what=one.reason) for one in reversed(found)]


def _manifest(context: SearchContext) -> DataManifest | None:
    """What the data of a task are, once they have been split."""
    return read_record(context.store, manifest_path(context.task.folder), DataManifest)


def _baseline_note(search: Search, shown: bool) -> str:
    if has_target(search):
        return "The baselines were trained on the target, and stand in the comparison."
    return f"baselines: {search.final_scaling.rerank_steps} steps, as in the comparison" if shown else ""


def _plans(store: Store) -> dict[str, Plan]:
    """Plans by round, search rounds first; the round that is not committed yet is among them."""
    number = len(committed_rounds(store)) + 1
    paths = [*(f"rounds/{index:05d}" for index in range(1, number + 1)), *ROUND_OF_KIND.values()]
    found = {path: read_record(store, plan_path(path), Plan) for path in paths}
    return {path: plan for path, plan in found.items() if plan is not None}


def _state(summary: Summary | None) -> State:
    if summary is None:
        return "running"
    return "finished" if summary.outcome == "finished" else "no_survivors"


def _status(summary: Summary | None, last: Scores | None) -> str:
    if summary is not None and summary.outcome == "nothing_survived":
        return f"no candidate survived: {summary.why}"
    if summary is not None:
        return f"finished: {summary.why}"
    return f"running: {last.candidates} candidates so far" if last else "running: no round is committed yet"


def _screened(plans: list[Plan]) -> dict[str, int]:
    """What the screens before building dropped, by reason, over all rounds."""
    reasons = sorted({reason for plan in plans for reason in plan.screened} - {"raw"})
    return {reason: sum(plan.screened.get(reason, 0) for plan in plans) for reason in reasons}


def _economy(scores: list[Scores]) -> Economy | None:
    if not scores:
        return None
    return Economy(
        saved_seconds=sum(one.predicted_saved_seconds for one in scores),
        screening_seconds=sum(one.screening_seconds for one in scores),
    )


def _bytes_kept(store: Store) -> dict[str, int]:
    weights = [path for path in store.paths("") if path.endswith(".safetensors")]
    delivered = sum(store.size_bytes(path) for path in weights if path.startswith("model/"))
    kept = sum(store.size_bytes(path) for path in weights) - delivered
    parts = {
        "model": store.size_bytes("model"),
        "other weights": kept,
        "data": sum(map(store.size_bytes, ("data", "target"))),
    }
    records = sum(store.size_bytes(part) for part in ("rounds", "scaling", "ensemble", "timings")) - kept
    return {**parts, "records": records}


def _environment(search: Search, timings: Sequence[StepTiming]) -> dict[str, str]:
    installed = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    versions = {name: installed[name] for name in PACKAGES if name in installed}
    processor = f"{_processor_name()}, {os.cpu_count()} cores"
    largest = max((one.peak_bytes for one in timings), default=0)
    machine = {"processor": processor, "largest process": f"{largest / 2**20:.0f} MiB"}
    return {"seed": str(search.seed), "python": platform.python_version(), **versions, **machine}


def _processor_name() -> str:
    """The processor's model, where the system says it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.machine()
