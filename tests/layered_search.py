"""A search under a limit on the latency of its layers, small enough for tests: widths of two layers for the wines."""

from components.data_split.stage import split_search_data
from components.hardware_benchmarking import layers
from components.records.store import open_search
from tests.small_sharing import sharing_description

WIDTHS = [4, 64, 256, 1024]
LAYERS = len(WIDTHS) + len(WIDTHS) ** 2 + len(WIDTHS)  # from the 13 features, between two widths, to the 3 classes


def layered_description(limit_ms=1e9, **changes):
    """Its file: the space of 16 designs, the host, a limit in ms, and whatever else a test changes."""
    sections = {
        "space": {"name": "tabular_mlp", "settings": {"layers": 2, "widths": WIDTHS}},
        "controller": {"name": "factorized", "settings": {}},
        "rejection": {"quality_threshold": 0.0, "size": {"layers_latency_ms": limit_ms}},
        "scoring": {"latency": "measured", "device": "host", "batch_size": 32, "latency_weight": 0.0},
        "training": {"probe_steps": 2, "full_steps": 3, "weight_sharing": None},
        "rounds": {"candidates_per_round": 3, "shards_per_round": 1},
        "budget": {"candidates": 6},
        "ensemble": {"initialisations": 1, "members": 1},
    }
    for name, fields in changes.items():
        sections[name] = {**sections[name], **fields} if isinstance(fields, dict) and name in sections else fields
    return sharing_description(**sections)


def split_search(folder, **changes):
    """A store that holds the search and its rows."""
    store = open_search(str(folder))
    split_search_data(store, layered_description(**changes))
    return store


def measure_briefly(monkeypatch):
    """Makes a layer's latency a matter of few calls, where no test asks how exact it is."""
    for name, value in {"WARMUP": 1, "REPEATS": 3, "PASSES": 1, "COPIES": 2}.items():
        monkeypatch.setattr(layers, name, value)


def limited_anew(store, limit_ms, **changes):
    """Gives a search whose layers are measured another limit."""
    store.delete("search.yaml")
    store.create("search.yaml", layered_description(limit_ms, **changes).encode())
    return store
