"""What a candidate's record is made from, without a search directory."""

from typing import Any, NamedTuple


class BareContext(NamedTuple):
    """Space, data, and the latencies of layers where a test has some; see `components.rounds.context.SearchContext`."""

    space: Any
    manifest: Any
    layer_latencies: Any = None
