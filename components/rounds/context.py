"""What the stages need to know of a search, each part read when it is first asked for."""

from functools import cached_property
from typing import Any

import numpy as np

from components.records.layout import manifest_path
from components.records.manifest import DataManifest
from components.records.results import Candidate, Kind, Variant
from components.records.rows import read_part
from components.records.search import Search
from components.records.store import Store, require_record
from components.records.tasks import Task, task_of
from components.rounds.layer_latencies import LayerLatencies, limits_layers
from components.rounds.layer_records import LayerRecords
from components.search_file.stored import get_search
from components.search_spaces.registry import open_space
from components.search_spaces.space import SearchSpace


class SearchContext:
    """A search's description, and space and data of the task that rounds of one kind are for, for one process.

    Attributes:
        store: where its records lie.
        kind: of the rounds: those of the search have another task than the finishing ones where there is a target.
    """

    def __init__(self, store: Store, kind: Kind = "search"):
        self.store = store
        self.kind: Kind = kind

    @cached_property
    def search(self) -> Search:
        """The search description."""
        return get_search(self.store)

    @cached_property
    def task(self) -> Task:
        """What candidates are trained on, in and how."""
        return task_of(self.search, self.kind)

    @cached_property
    def space(self) -> SearchSpace:
        """The space that is searched, as its designs are tried on the task."""
        return open_space(self.search.space.name, self.task.space_settings)

    @cached_property
    def manifest(self) -> DataManifest:
        """What the task's data are."""
        return require_record(self.store, manifest_path(self.task.folder), DataManifest)

    @cached_property
    def layer_latencies(self) -> LayerLatencies | None:
        """Latencies predicted from the table of layers; None where the search limits no such latency.

        The table is of the task of the search rounds, and it is there before their first one.
        """
        if not limits_layers(self.search):
            return None
        table = LayerRecords(self.store, self.search).table()
        return LayerLatencies(table, self.space, self.manifest, self.search.rejection.size)

    def rows(self, part: str, memory_limit_mib: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns inputs and labels of a part of the task's rows; see `components.records.rows.read_part`."""
        return read_part(self.store, part, memory_limit_mib, self.task.folder)

    def build(self, candidate: Candidate, variant: Variant) -> Any:
        """Returns the `keras.Model` of a candidate in a variant, from rows to logits or standardised targets."""
        spec = self.space.from_json(candidate.spec)
        return self.space.build(spec, variant, self.manifest.input_shape, self.manifest.outputs)
