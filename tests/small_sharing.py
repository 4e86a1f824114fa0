"""A search with shared weights, small enough for tests: widths of two layers for the wines, in two rounds."""

from tests.small_search import description

LIMIT = 500  # parameters; of 36 designs it lets 13 in


def sharing_description(**changes):
    """Its file, with some sections' fields changed as in `description`."""
    sections = {
        "data": {"source": "sklearn:wine"},
        "space": {"name": "tabular_mlp", "settings": {"layers": 2, "widths": [4, 8, 12, 16, 24, 32]}},
        "controller": {"name": "factorized", "settings": {"learning_rate": 0.1}},
        "rounds": {"candidates_per_round": 4, "shards_per_round": 1},
        "training": {"optimizer": "adam", "learning_rate": 0.01, "full_steps": 40, "weight_sharing": {}},
        "rejection": {"size": {"parameters": LIMIT}},
        "scoring": {"latency_weight": 0.0},
        "final_scaling": {"rerank": 3, "baselines": [], "widths": [1.0], "depths": [1.0]},
        "ensemble": {"initialisations": 2, "members": 2},
    }
    for name, fields in changes.items():
        sections[name] = {**sections[name], **fields} if isinstance(fields, dict) and name in sections else fields
    return description(**sections)
