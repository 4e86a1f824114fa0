"""A search on the digits, small enough for tests: 8 candidates in 2 rounds, run in this process step by step."""

import copy
import shutil
from pathlib import Path

import yaml

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.ensemble_assembly.stage import assemble, propose_initialisations
from components.final_scaling.stage import propose_scaling, select_scaled
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records.layout import round_of
from components.records.local_store import LocalStore
from components.rejection_screening.stage import screen_shard

# Nothing decides by a measured time: latencies are estimates for a device of the table.
DESCRIPTION = {
    "name": "small",
    "seed": 14,  # a first round with survivors and with some that fail
    "data": {"source": "sklearn:digits"},
    "space": {
        "name": "norm_act_layer",
        "settings": {"groups": 4, "networks": ["preact_resnet", "mobilenet_v2"], "width": 0.5, "depth": 0.5},
    },
    "controller": {"name": "evolution", "settings": {"initial": 1}},  # so that the second round mutates
    "rounds": {"candidates_per_round": 4, "shards_per_round": 2},
    "training": {"probe_steps": 30, "full_steps": 50, "batch_size": 32},
    "rejection": {"quality_threshold": 0.15, "stability": {"enabled": False}},
    "scoring": {"latency": "estimated", "device": "tpu-v5e"},
    "budget": {"candidates": 8},
    "final_scaling": {
        "rerank": 2,
        "rerank_steps": 40,
        "baselines": ["BN-ReLU"],
        "widths": [0.5],
        "depths": [1.0, 2.0],
        "grid_steps": 30,
        "winner_steps": 60,
    },
    "ensemble": {"initialisations": 3, "members": 2},
}


def description(**changes):
    """The small search's file with some sections' fields changed: `description(budget={"candidates": 2})`."""
    data = copy.deepcopy(DESCRIPTION)
    for name, value in changes.items():
        if isinstance(value, dict) and name in data:
            data[name].update(value)
        else:
            data[name] = value
    return yaml.safe_dump(data, sort_keys=False)


class WatchedStore(LocalStore):
    """A local store that notes what was read, by the stage that is at work."""

    def __init__(self, folder):
        super().__init__(folder)
        self.stage = ""
        self.reads: list[tuple[str, str]] = []

    def read(self, path):
        self.reads.append((self.stage, path))
        return super().read(path)

    def local_path(self, path):
        self.reads.append((self.stage, path))
        return super().local_path(path)


class SmallSearch:
    """The search run to its end, with a copy of its directory at each point where a test may want to start.

    Args:
        folder: for the search directory and its copies.
        text: the search file of two rounds; by default the small search's.

    Attributes:
        at: copies by name: `split`, `proposed`, `probed`, `round 1`, `searched`, `scaled`, `trained`, `finished`.
        reads: (stage, path) of everything that was read.
    """

    def __init__(self, folder: Path, text: str | None = None):
        self._folder, self._store = folder, WatchedStore(str(folder / "search"))
        self._text = text or description()
        self.at: dict[str, Path] = {}
        self._run()
        self.reads = self._store.reads

    def _run(self):
        self._step("data_split", split_search_data, self._text)
        self._keep("split")
        self._round("proposed", "probed")
        self._keep("round 1")
        self._round()
        self._keep("searched")
        for part in ("rerank", "grid", "winner"):
            shards = self._step("final_scaling", propose_scaling, part)
            for shard in shards:
                self._step("hardware_benchmarking", profile_shard, shard)
            self._train_in_full(shards)
            self._step("final_scaling", select_scaled, round_of(shards[0]))
        self._keep("scaled")
        self._train_in_full(self._step("ensemble_assembly proposal", propose_initialisations))
        self._keep("trained")
        self._step("ensemble_assembly", assemble)
        self._keep("finished")

    def _round(self, proposed=None, probed=None):
        shards = self._step("candidate_generation", propose_round)
        self._keep(proposed)
        for shard in shards:
            self._step("candidate_training", train_shard, shard, "probe")
        self._keep(probed)
        for shard in shards:
            self._step("hardware_benchmarking", profile_shard, shard)
        for shard in shards:
            self._step("rejection_screening", screen_shard, shard)
        self._train_in_full(shards)
        self._step("multi_objective_scoring", score_round, round_of(shards[0]))

    def _train_in_full(self, shards):
        for shard in shards:
            self._step("candidate_training", train_shard, shard, "full")

    def _step(self, stage, work, *arguments):
        self._store.stage = stage
        return work(self._store, *arguments)

    def _keep(self, name):
        if name is not None:
            self.at[name] = self._folder / name.replace(" ", "-")
            shutil.copytree(self._store.root, self.at[name])
