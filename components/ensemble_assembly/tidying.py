"""Which weights the finishing rounds keep: those of the ensemble's members."""

from components.records.store import Store
from components.records.summary import Summary


def kept_weights(store: Store, members: set[str]) -> list[str]:
    """Returns the paths of all weights that stay, given the ids of the ensemble's members."""
    return [path for path in _weights(store, "") if _stays(path, members)]


def delete_unused_weights(store: Store, summary: Summary) -> None:
    """Deletes the weights of final scaling and of the initialisations that are no members."""
    members = {one.name for one in summary.members}
    for path in [*_weights(store, "scaling"), *_weights(store, "ensemble")]:
        if not _stays(path, members):
            store.delete(path)


def _weights(store: Store, folder: str) -> list[str]:
    return [path for path in store.paths(folder) if path.endswith(".safetensors")]


def _stays(path: str, members: set[str]) -> bool:
    return path.split("/")[0] not in ("scaling", "ensemble") or path.split("/")[-2] in members
