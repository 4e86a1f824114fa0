"""The Keras models of multi-layer perceptrons: one of its own, and one that holds the weights of all."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from components.search_spaces.tabular_mlp.costs import TWO_CLASSES, units_of

LAST_DEVIATION = 0.01  # of the last layer's initial weights: the first outputs are nearly equal


def build_mlp(widths: Sequence[int], activation: str, input_shape: Sequence[int], outputs: int) -> keras.Model:
    """Returns the model from rows `[batch, *input_shape]` to logits `[batch, outputs]`.

    Two classes have one logit z, delivered as [0, z]; regression has one output.
    """
    rows = x = keras.Input(tuple(input_shape))
    if len(input_shape) > 1:
        x = layers.Flatten()(x)
    for layer in _hidden_layers(widths, activation):
        x = layer(x)
    return keras.Model(rows, _logits(x, outputs))


def build_layer(input_shape: Sequence[int], units: int, activation: str | None, outputs: int) -> keras.Model:
    """Returns one layer of such a model alone, from its inputs `[batch, *input_shape]`.

    Args:
        input_shape: of one row of its inputs; those of more than one axis are made flat.
        units: of a hidden layer.
        activation: of a hidden layer; None for the last layer, which has `outputs` and no activation.
        outputs: of the whole model: classes, or 1 for regression.
    """
    rows = x = keras.Input(tuple(input_shape))
    if len(input_shape) > 1:
        x = layers.Flatten()(x)
    if activation is None:
        return keras.Model(rows, _logits(x, outputs))
    (layer,) = _hidden_layers([units], activation)
    return keras.Model(rows, layer(x))


def build_backbone(widths: Sequence[int], activation: str) -> keras.Sequential:
    """Returns the hidden layers alone, not built, for rows `[batch, features]`."""
    return keras.Sequential(_hidden_layers(widths, activation))


class SharedMlp:
    """The model of the largest widths, of which a child uses the first units of each layer.

    See `components.search_spaces.shared_network.SharedNetwork` for what each method promises.

    Source: TabNAS, a child's layer uses the first units of the largest one, and the weights that lead to and from them.

    NOTE: the initial weights are those of the largest model, whose deviation follows from its own widths; the source
    doesn't say which it takes.

    Args:
        choices: widths of each layer.
        activation: of the hidden layers.
        input_shape: shape of one row.
        outputs: classes, or 1 for regression.
    """

    def __init__(self, choices: Sequence[Sequence[int]], activation: str, input_shape: Sequence[int], outputs: int):
        largest = [max(widths) for widths in choices]
        model = build_mlp(largest, activation, input_shape, outputs)
        self.variables: list[Any] = model.trainable_variables
        self.largest = np.array([widths.index(most) for widths, most in zip(choices, largest)], np.int32)
        self._choices = [np.array(widths, np.int32) for widths in choices]
        self._ends = (int(np.prod(input_shape)), units_of(outputs))
        self._activation, self._outputs = keras.activations.get(activation), outputs

    def shapes(self, encoded: Any) -> list[Any]:
        """Returns the shapes of the child's kernels and biases, as they stand in `variables`."""
        hidden = [ops.take(widths, encoded[layer]) for layer, widths in enumerate(self._choices)]
        first, last = (ops.convert_to_tensor(size, "int32") for size in self._ends)
        sizes = [first, *hidden, last]
        return [shape for into, out in pairwise(sizes) for shape in (ops.stack([into, out]), ops.stack([out]))]

    def outputs(self, weights: Sequence[Any], x: Any) -> Any:
        """Returns the child's outputs, as `build_mlp` has them."""
        x = ops.reshape(x, (-1, self._ends[0]))
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = self._activation(ops.matmul(x, kernel) + bias)
        x = ops.matmul(x, weights[-2]) + weights[-1]
        return ops.pad(x, ((0, 0), (1, 0))) if self._outputs == TWO_CLASSES else x

    def __call__(self, x: Any, encoded: Any) -> Any:
        """Returns the outputs of a child with its parts of the present weights."""
        shapes = self.shapes(encoded)
        parts = [
            ops.slice(one.value, (0,) * len(one.shape), shape)
            for one, shape in zip(self.variables, shapes, strict=True)
        ]
        return self.outputs(parts, x)


def _logits(x: Any, outputs: int) -> Any:
    initial = keras.initializers.RandomNormal(stddev=LAST_DEVIATION)
    x = layers.Dense(units_of(outputs), kernel_initializer=initial)(x)
    if outputs == TWO_CLASSES:  # layers that Keras loads without us
        x = layers.Flatten()(layers.ZeroPadding1D((1, 0))(layers.Reshape((1, 1))(x)))
    return x


def _hidden_layers(widths: Sequence[int], activation: str) -> list[layers.Layer]:
    return [layers.Dense(width, activation=activation, kernel_initializer="he_normal") for width in widths]
