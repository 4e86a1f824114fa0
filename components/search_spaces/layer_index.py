"""The LayerIndex protocol: the designs of a space as sequences of layers, each of which can be timed alone."""

from typing import Any, Protocol

import numpy as np


class LayerIndex(Protocol):
    """Every distinct layer that a design of a space can hold in one variant, for rows of one shape.

    A layer is what computes one after the other with the rest of its design: its latency adds to theirs.

    Attributes:
        names: of the layers, such as `dense-64-128-relu`, none twice and in a fixed order. Layers of one name are the
            same layer with the same sizes of inputs, in every variant and for rows of any shape.
        parameters: of each layer, trainable.
    """

    names: tuple[str, ...]
    parameters: tuple[int, ...]

    def places(self, encoded: np.ndarray) -> np.ndarray:
        """Which layers encoded designs `[n, decisions]` hold, `[n, places]`: indices in `names`, -1 for none."""

    def build(self, at: int) -> Any:
        """A new `keras.Model` of the layer `names[at]` alone, from a batch of its inputs, with weights of its own."""
