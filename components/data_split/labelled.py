"""What a source of data gives: labelled rows whose inputs are encoded once the training rows are known."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np

from components.data_split.encoding import Encoding
from components.data_split.errors import DataError
from components.data_split.vocabulary import Vocabulary


class Encoded(NamedTuple):
    """Inputs of all rows as numbers.

    Fields:
        values: `[rows, height, width, channels]`, `[rows, features]` or, of texts, `[rows, length]`; of any number
            type.
        maximum: what the values are divided by; 255 takes 8-bit pixels to [0, 1].
        features: names of the features, empty for images and texts.
        vocabulary: the words of texts; None for other rows.
        encoding: how the columns of a table became features; None for other rows.
        left_out: columns of a table that are no inputs, each with the reason.
        remarks: columns of a table that are inputs and that people should look at, each with the reason.
    """

    values: np.ndarray
    maximum: float = 1.0
    features: tuple[str, ...] = ()
    vocabulary: Vocabulary | None = None
    encoding: Encoding | None = None
    left_out: Mapping[str, str] = MappingProxyType({})
    remarks: Mapping[str, str] = MappingProxyType({})

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Returns the inputs of some rows, float32; `rows` holds their indices."""
        return self.values[rows].astype(np.float32) / np.float32(self.maximum)


class Inputs(Protocol):
    """Inputs that may need statistics before they are numbers."""

    def fit(self, train: np.ndarray) -> Encoded:
        """Encodes all rows with statistics of the training rows alone; `train` holds their indices."""


class Images(NamedTuple):
    """Images of equal size; they need no statistics.

    Fields:
        pixels: `[rows, height, width, channels]` in [0, maximum].
        maximum: the value of a white pixel.
    """

    pixels: np.ndarray
    maximum: float

    def fit(self, train: np.ndarray) -> Encoded:
        """Returns the images, which become float32 in [0, 1]."""
        return Encoded(self.pixels, self.maximum)


class Labelled(NamedTuple):
    """Labelled rows in the source's own order.

    Fields:
        inputs: their inputs.
        labels: `[rows]`, class indices int32, or float64 numbers to predict in their own unit.
        classes: names of the classes; none of numbers.
    """

    inputs: Inputs
    labels: np.ndarray
    classes: tuple[str, ...]


def check_finite(encoded: Encoded) -> None:
    """Refuses NaN and infinite numbers.

    Raises:
        DataError: where there is one; names the first row and its feature.
    """
    if np.issubdtype(encoded.values.dtype, np.integer):
        return
    wrong = np.argwhere(~np.isfinite(encoded.values))
    if len(wrong):
        row, *place = wrong[0].tolist()
        where = repr(encoded.features[place[0]]) if encoded.features else f"pixel {place}"
        value = encoded.values[tuple(wrong[0])]
        raise DataError("data.source", "hold finite numbers", f"{value} in row {row}, {where}")
