"""Which weights a search keeps: those of the best few candidates so far, after their full training."""

from components.records.layout import scores_path
from components.records.results import Scores
from components.records.store import Store


def delete_weights(store: Store, scores: Scores) -> None:
    """Deletes the weights of all committed rounds but the full training's of the best few.

    It goes over all rounds, so that what a killed step left is deleted by the next one.

    Args:
        store: the search's.
        scores: of the newest committed round.
    """
    best = {(one.round, one.id) for one in scores.best}
    for path in store.paths("rounds"):
        if not path.endswith(".safetensors"):
            continue
        folder, number, _, candidate, name = path.split("/")
        kept = name.startswith("full-") and (f"{folder}/{number}", candidate) in best
        if not kept and store.exists(scores_path(f"{folder}/{number}")):
            store.delete(path)
