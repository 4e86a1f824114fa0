"""The moments at which a search can be broken: each is a step of the pipeline, named by the record that it makes."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from components.records.layout import (
    MANIFEST,
    REPORT,
    ROUND_OF_KIND,
    committed_rounds,
    measured_layers_path,
    plan_path,
    round_of,
    scores_path,
    search_is_over,
    search_round,
)
from components.records.store import Store
from components.search_file.stored import get_search


class Moment(NamedTuple):
    """A step at work.

    Fields:
        stage: its stage; trainings are told apart by what they are for.
        record: path of the record that the step ends with. While it is not there, the step has work to do.
    """

    stage: str
    record: str


def moment_of(function: str, inputs: Mapping[str, Any], store: Store) -> Moment | None:
    """Returns what the process of a step is there for; None for a step that makes no record.

    Args:
        function: name of the KFP component.
        inputs: its parameters.
        store: the search's.
    """
    step = STEPS.get(function)
    return step(inputs, store) if step else None


def _generation(inputs: Mapping[str, Any], store: Store) -> Moment:
    rounds = len(committed_rounds(store)) + (not search_is_over(store))
    return Moment("candidate_generation", plan_path(search_round(rounds)))


def _training(inputs: Mapping[str, Any], store: Store) -> Moment:
    shard, phase = _shard(inputs), inputs["phase"]
    purpose = phase if shard.startswith("rounds/") else shard.split("/")[0]
    return Moment(f"candidate_training, {purpose}", f"{shard}/{'probe' if phase == 'probe' else 'training'}.json")


def _on_shard(stage: str, name: str) -> Callable[[Mapping[str, Any], Store], Moment]:
    return lambda inputs, store: Moment(stage, f"{_shard(inputs)}/{name}.json")


def _profiling(inputs: Mapping[str, Any], store: Store) -> Moment:
    device = inputs.get("device") or get_search(store).scoring.device
    return Moment("hardware_benchmarking", f"{_shard(inputs)}/profile-{device}.json")


def _on_round(stage: str) -> Callable[[Mapping[str, Any], Store], Moment]:
    return lambda inputs, store: Moment(stage, scores_path(round_of(inputs["shards"][0])))


def _shard(inputs: Mapping[str, Any]) -> str:
    return json.loads(inputs["shard"])["shard"]


STEPS: Mapping[str, Callable[[Mapping[str, Any], Store], Moment]] = {
    "data_split": lambda inputs, store: Moment("data_split", MANIFEST),
    "layer_benchmarking": lambda inputs, store: Moment(
        "hardware_benchmarking, layers", measured_layers_path(get_search(store).scoring.device, 0)
    ),
    "candidate_generation": _generation,
    "candidate_training": _training,
    "rejection_screening": _on_shard("rejection_screening", "verdicts"),
    "hardware_benchmarking": _profiling,
    "multi_objective_scoring": _on_round("multi_objective_scoring"),
    "final_scaling_proposal": lambda inputs, store: Moment("final_scaling", plan_path(ROUND_OF_KIND[inputs["part"]])),
    "final_scaling_selection": _on_round("final_scaling"),
    "ensemble_proposal": lambda inputs, store: Moment("ensemble_assembly", plan_path(ROUND_OF_KIND["ensemble"])),
    "ensemble_assembly": lambda inputs, store: Moment("ensemble_assembly", REPORT),
}
