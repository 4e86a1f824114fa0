"""The records of a search's layers: which there are to measure, where their latencies lie, and what is missing."""

from functools import cached_property

from components.hardware.layer_table import LayerTable, MeasuredLayers
from components.records.layout import manifest_path, measured_layers_path
from components.records.manifest import DataManifest
from components.records.search import Search
from components.records.store import Store, require_record
from components.records.tasks import search_task
from components.rounds.layer_latencies import limits_layers, searched_layers
from components.search_file.problems import InvalidSearch, Problem
from components.search_spaces.layer_index import LayerIndex
from components.search_spaces.registry import open_space

FIELD = "$.rejection.size.layers_latency_ms"
MOST_LAYERS = 4096  # about ten minutes
MOST_WEIGHTS = 2**27  # of a layer: half a GiB, of which two copies are timed at once
LAYERS_A_RECORD = 64  # of which a killed step loses at most so many; each takes about a tenth of a second


class LayerRecords:
    """The layers that designs of a search's rounds can hold, and the records of their latencies.

    Args:
        store: the search's, whose data are split.
        search: its description.

    Attributes:
        device: that measures them.
    """

    def __init__(self, store: Store, search: Search):
        self._store, self._search = store, search
        self.device = search.scoring.device

    @cached_property
    def layers(self) -> dict[str, tuple[LayerIndex, int]]:
        """Each layer by its name, as `searched_layers` gives them; none where the search limits no such latency."""
        if not limits_layers(self._search):
            return {}
        task = search_task(self._search)
        manifest = require_record(self._store, manifest_path(task.folder), DataManifest)
        space = open_space(self._search.space.name, task.space_settings)
        return searched_layers(space, manifest, self._search.rejection.size)

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Names of the layers of each record, by its path."""
        every = tuple(self.layers)
        return {
            measured_layers_path(self.device, number): every[start : start + LAYERS_A_RECORD]
            for number, start in enumerate(range(0, len(every), LAYERS_A_RECORD))
        }

    def missing(self) -> list[str]:
        """Returns the paths of the records that aren't there yet, in order."""
        return [path for path in self.names if not self._store.exists(path)]

    def table(self) -> LayerTable:
        """Returns the latencies. Raises FileNotFoundError where a record isn't there yet."""
        return LayerTable([require_record(self._store, path, MeasuredLayers) for path in self.names])

    def require_measurable(self) -> None:
        """Refuses a limit on the layers' latencies where there are too many layers to measure, or too large ones.

        Raises:
            InvalidSearch: at `$.rejection.size.layers_latency_ms`; also where each layer is over another limit.
        """
        limit = self._search.rejection.size.layers_latency_ms
        if limit is None:
            return
        if not self.layers:
            rule = "a limit beside ones that some layer is within: each one alone is over that on parameters or memory"
        elif len(self.layers) > MOST_LAYERS:
            rule = f"null where a space has more than {MOST_LAYERS} layers, all of which are measured; it has " + str(
                len(self.layers)
            )
        elif max(index.parameters[at] for index, at in self.layers.values()) > MOST_WEIGHTS:
            rule = f"null where a layer has more than {MOST_WEIGHTS} weights, or with a limit on parameters below that"
        else:
            return
        raise InvalidSearch([Problem(FIELD, rule, str(limit))])
