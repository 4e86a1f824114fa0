"""The SharedNetwork protocol: one network whose weights are those of every design of a space."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class SharedNetwork(Protocol):
    """The network of a space's largest design; every other design is a prefix of each of its weights along each axis.

    A child is a design by its encoding, `[decisions]` int32. Where the backend traces, shapes follow from the encoding
    as a tensor, so that one trace serves all children.

    Attributes:
        variables: trainable Keras variables, the largest design's.
        largest: its encoding, `[decisions]`.
    """

    variables: Sequence[Any]
    largest: np.ndarray

    def shapes(self, encoded: Any) -> list[Any]:
        """Returns for each variable the shape of the part that a child uses, each `[rank]` int32."""

    def outputs(self, weights: Sequence[Any], x: Any) -> Any:
        """Returns a child's outputs `[batch, classes]` (of regression `[batch, 1]`) of rows `[batch, *input_shape]`.

        Args:
            weights: the child's parts of the variables, of the shapes that `shapes` says.
            x: rows.
        """

    def __call__(self, x: Any, encoded: Any) -> Any:
        """Returns a child's outputs of rows with its parts of the present weights."""
