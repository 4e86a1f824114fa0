"""Files that lie beside a record and are written before it, such as weights."""

from components.records.store import Store


def put_unrecorded(store: Store, path: str, data: bytes) -> None:
    """Writes a file of which no record speaks yet, in the place of what a killed step may have left.

    What that left mostly has these bytes. Where time had cut it off elsewhere it has others, which the record that is
    about to be written doesn't speak of.
    """
    if not store.create(path, data) and store.read(path) != data:
        store.delete(path)
        store.create(path, data)
