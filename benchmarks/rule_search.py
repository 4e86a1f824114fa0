"""The searches for update rules that are compared: by the learned controller, by evolution, and at random."""

from typing import Any

from benchmarks.search_rounds import UNTIMED

ARMS: dict[str, dict[str, Any]] = {
    "rnn": {"name": "rnn", "settings": {"learning_rate": 5e-3, "transform": "cube"}},
    "random": {"name": "random"},
    "evolution": {"name": "evolution", "settings": {"initial": 10, "fresh": 0.1, "tournament": 0.2, "mutations": 1}},
}
CHILD = {"networks": ["convnet"], "width": 0.5}
COMMON: dict[str, Any] = {
    "name": "rule-benchmark",
    "data": {"source": "sklearn:digits"},
    "space": {"name": "update_rule", "settings": {**CHILD, "groups": 2}},
    "rounds": {"candidates_per_round": 10, "shards_per_round": 1},
    "training": {
        "batch_size": 64,
        "schedule": "constant",
        "weight_decay": 0.0,
        "probe_steps": 20,
        "full_steps": 60,
    },
    "rejection": {"quality_threshold": 0.2, "rule": "any"},
    "scoring": UNTIMED,  # all rules train the same network
    "final_scaling": {"rerank": 1},
}


def description(arm: str, seed: int, candidates: int) -> dict[str, Any]:
    """Returns the description of a search.

    Args:
        arm: a key of `ARMS`.
        seed: of the search.
        candidates: rules that are tried.
    """
    return {**COMMON, "controller": ARMS[arm], "seed": seed, "budget": {"candidates": candidates}}
