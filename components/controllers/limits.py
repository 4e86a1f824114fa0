"""Hard limits on a design's predicted costs, as a controller sees them: met or not, and by how much."""

from typing import Protocol

import numpy as np


class CostLimits(Protocol):
    """Limits of the form `cost <= limit`, all of which a design must meet."""

    def within(self, encoded: np.ndarray) -> np.ndarray:
        """Whether each of the encoded designs `[n, decisions]` meets every limit, bool `[n]`."""

    def ratio(self, encoded: np.ndarray) -> np.ndarray:
        """The largest cost over its limit, T / T0, of each of the encoded designs `[n, decisions]`, `[n]`.

        It is at most 1 where `within` is true, but for rounding.
        """
