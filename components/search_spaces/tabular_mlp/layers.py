"""The layers that multi-layer perceptrons of a space can hold: a dense one for each pair of consecutive widths."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from components.search_spaces.tabular_mlp.costs import TWO_CLASSES, units_of


class DenseLayer(NamedTuple):
    """A dense layer with what belongs to it: the flattening of its inputs, or the constant logit beside its own.

    Fields:
        input_shape: of one row of its inputs.
        units: its own, > 0.
        activation: of a hidden layer; None for the last one.
        outputs: of the last one, which two classes have more of than units; 0 for a hidden one.
    """

    input_shape: tuple[int, ...]
    units: int
    activation: str | None
    outputs: int = 0

    @property
    def name(self) -> str:
        """Such as `dense-64-128-relu`, `flatten-dense-8x8x1-128-relu`, `dense-128-10` or `dense-128-1-logits`."""
        flatten = "flatten-" if len(self.input_shape) > 1 else ""
        what = self.activation or ("logits" if self.outputs == TWO_CLASSES else "")
        return f"{flatten}dense-{'x'.join(map(str, self.input_shape))}-{self.units}{what and '-'}{what}"


class MlpLayers:
    """The layers of a space; see `components.search_spaces.layer_index.LayerIndex` for what each method promises.

    Equal layers at different depths are one. Places are the hidden layers and the last one, which every design has.

    Args:
        choices: widths of each hidden layer.
        activation: of the hidden layers.
        input_shape: shape of one row.
        outputs: classes, or 1 for regression.
    """

    def __init__(self, choices: Sequence[Sequence[int]], activation: str, input_shape: Sequence[int], outputs: int):
        inputs: list[list[tuple[int, ...]]] = [[tuple(input_shape)]]
        inputs += [[(width,) for width in widths] for widths in choices]
        of_places = [
            [[DenseLayer(shape, width, activation) for width in widths] for shape in shapes]
            for shapes, widths in zip(inputs, choices)
        ]
        of_places.append([[DenseLayer(shape, units_of(outputs), None, outputs)] for shape in inputs[-1]])
        self._layers = list(dict.fromkeys(layer for pairs in of_places for row in pairs for layer in row))
        self.names = tuple(layer.name for layer in self._layers)
        self.parameters = tuple((prod(layer.input_shape) + 1) * layer.units for layer in self._layers)
        number = {layer: at for at, layer in enumerate(self._layers)}
        self._tables = [np.array([[number[layer] for layer in row] for row in pairs]) for pairs in of_places]

    def places(self, encoded: np.ndarray) -> np.ndarray:
        """Returns the layers of designs `[n, layers]`, `[n, layers + 1]`."""
        only = np.zeros((len(encoded), 1), np.int64)  # there is one choice of the row, and one of the outputs
        choices = np.concatenate([only, encoded, only], axis=1)
        return np.stack([table[choices[:, at], choices[:, at + 1]] for at, table in enumerate(self._tables)], axis=1)

    def build(self, at: int) -> Any:
        """Returns a new `keras.Model` of a layer alone."""
        from components.search_spaces.tabular_mlp.build import build_layer

        layer = self._layers[at]
        return build_layer(layer.input_shape, layer.units, layer.activation, layer.outputs)
