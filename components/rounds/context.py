"""What the stages need to know of a search, each part read when it is first asked for."""

from functools import cached_property
from typing import Any

from components.records.layout import MANIFEST
from components.records.results import Candidate, DataManifest, Variant
from components.records.search import Search
from components.records.store import Store, require_record
from components.search_file.stored import get_search
from components.search_spaces.registry import open_space
from components.search_spaces.space import SearchSpace


class SearchContext:
    """A search's description, space and data, for one process.

    Attributes:
        store: where its records lie.
    """

    def __init__(self, store: Store):
        self.store = store

    @cached_property
    def search(self) -> Search:
        """The search description."""
        return get_search(self.store)

    @cached_property
    def space(self) -> SearchSpace:
        """The space that is searched."""
        return open_space(self.search.space.name, self.search.space.settings)

    @cached_property
    def manifest(self) -> DataManifest:
        """What the data are."""
        return require_record(self.store, MANIFEST, DataManifest)

    def build(self, candidate: Candidate, variant: Variant) -> Any:
        """Returns the `keras.Model` of a candidate in a variant, from rows to logits."""
        spec = self.space.from_json(candidate.spec)
        return self.space.build(spec, variant, self.manifest.input_shape, len(self.manifest.classes))
