"""Which weights a search keeps: the controller's, and those of the best few candidates so far after full training."""

from components.records.layout import controller_path, scores_path
from components.records.results import Scores
from components.records.store import Store


def delete_weights(store: Store, scores: Scores) -> None:
    """Deletes the weights of all committed rounds but the full training's of the best few.

    Of the controller's it leaves those of the newest committed round, which the next one goes on from. It goes over
    all rounds, so that what a killed step left is deleted by the next one.

    Args:
        store: the search's.
        scores: of the newest committed round.
    """
    best = {(one.round, one.id) for one in scores.best}
    for path in store.paths("rounds"):
        if not path.endswith(".safetensors"):
            continue
        folder, number, *below = path.split("/")
        if path == controller_path(f"{folder}/{number}"):
            if f"{folder}/{number}" < scores.round:
                store.delete(path)
            continue
        _, candidate, name = below
        kept = name.startswith("full-") and (f"{folder}/{number}", candidate) in best
        if not kept and store.exists(scores_path(f"{folder}/{number}")):
            store.delete(path)
