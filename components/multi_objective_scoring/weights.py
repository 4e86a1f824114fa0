"""Which weights a search keeps: the controller's, and those of the best few candidates so far after full training."""

from components.records.layout import controller_path, scores_path
from components.records.results import Scores
from components.records.store import Store
from components.rounds.sharing import SHARED


def delete_weights(store: Store, scores: Scores) -> None:
    """Deletes the weights of all committed rounds but the full training's of the best few.

    Of the controller's and of shared weights it leaves those of the newest committed round, which the next one goes on
    from. It goes over all rounds, so that what a killed step left is deleted by the next one.

    Args:
        store: the search's.
        scores: of the newest committed round.
    """
    best, newest = {(one.round, one.id) for one in scores.best}, (scores.round, SHARED)
    for path in store.paths("rounds"):
        if not path.endswith(".safetensors"):
            continue
        folder, number, *below = path.split("/")
        if path == controller_path(f"{folder}/{number}"):
            if f"{folder}/{number}" < scores.round:
                store.delete(path)
            continue
        _, candidate, name = below
        wanted = (f"{folder}/{number}", candidate) in best or (f"{folder}/{number}", candidate) == newest
        kept = name.startswith("full-") and wanted
        if not kept and store.exists(scores_path(f"{folder}/{number}")):
            store.delete(path)
