"""The search description in the store: written once, by the first step, and read by every other."""

from components.records.layout import SEARCH
from components.records.search import Search
from components.records.store import Store
from components.search_file.validate import canonical_text, read_search


class AnotherSearch(ValueError):
    """The search directory holds another search description than the one given."""


def put_search(store: Store, text: str) -> Search:
    """Validates a description and writes it; empty text means the one that is there.

    Raises:
        InvalidSearch: where the text is no search description.
        AnotherSearch: where the directory holds another one.
        FileNotFoundError: where there is none and the text is empty.
    """
    search = given_search(store, text)
    if text.strip() and not store.create(SEARCH, canonical_text(search)) and get_search(store) != search:
        raise AnotherSearch(
            f"`search` must name a directory of the same search, or a new one. Received: {store.uri}, "
            f"whose {SEARCH} differs from the given description of {search.name!r}."
        )
    return search


def given_search(store: Store, text: str) -> Search:
    """Returns what a text describes and writes nothing; empty text means the description in the store.

    Raises:
        InvalidSearch: where the text is no search description.
        FileNotFoundError: where there is none in the store and the text is empty.
    """
    return read_search(text) if text.strip() else get_search(store)


def get_search(store: Store) -> Search:
    """Returns the description in the store.

    Raises:
        FileNotFoundError: where there is none.
    """
    data = store.read(SEARCH)
    if data is None:
        raise FileNotFoundError(f"`search` must name a directory that holds a {SEARCH}. Received: {store.uri}.")
    return read_search(data.decode())
