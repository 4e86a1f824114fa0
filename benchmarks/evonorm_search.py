"""The searches that the EvoNorm benchmark compares."""

from typing import Any

from benchmarks.search_rounds import UNTIMED

EVOLUTION = {"name": "evolution", "settings": {"initial": 2, "fresh": 0.2, "tournament": 0.3}}
REJECTION = {"quality_threshold": 0.2, "rule": "any", "stability": {"networks": "cheapest"}}
ARMS: dict[str, dict[str, Any]] = {
    "evolution": {"controller": EVOLUTION, "rejection": REJECTION},
    "random": {"controller": {"name": "random"}, "rejection": REJECTION},
    "evolution without rejection": {
        "controller": EVOLUTION,
        "rejection": {"quality_threshold": 0.0, "rule": "none", "stability": {"enabled": False}},
    },
}
COMMON: dict[str, Any] = {
    "name": "evonorm-benchmark",
    "data": {"source": "sklearn:digits"},
    "space": {"name": "norm_act_layer", "settings": {"groups": 8, "min_active_ops": 3, "width": 0.5}},
    "rounds": {"candidates_per_round": 10, "shards_per_round": 1},
    "training": {"batch_size": 32, "learning_rate": 0.1, "probe_steps": 50, "full_steps": 150},
    "scoring": UNTIMED,  # the published fitness is accuracy alone
    "final_scaling": {"rerank": 1},
}


def description(arm: str, seed: int, candidates: int) -> dict[str, Any]:
    """Returns the description of a search.

    Args:
        arm: a key of `ARMS`.
        seed: of the search.
        candidates: how many are tried.
    """
    return {**COMMON, **ARMS[arm], "seed": seed, "budget": {"candidates": candidates}}
