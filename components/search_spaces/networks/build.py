"""The Keras model of a network."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from components.search_spaces.networks.sketch import Op


class Affine(layers.Layer):
    """y = gamma * x + beta, both per channel; gamma starts at 1, beta at 0."""

    def build(self, input_shape):
        """Creates gamma and beta for inputs `[..., channels]`."""
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")
        self.built = True

    def call(self, x):
        """Returns gamma * x + beta, of the shape of x."""
        return x * self.gamma + self.beta

    def compute_output_shape(self, input_shape):
        """Returns the input's shape."""
        return input_shape


def build_network(ops: tuple[Op, ...], slot: Callable[[], layers.Layer]) -> keras.Model:
    """Returns the model of a network, from rows `[batch, height, width, channels]` to logits `[batch, classes]`.

    Args:
        ops: the network's operations; the last one gives the logits.
        slot: makes the layer of a slot.
    """
    tensors: list[Any] = [keras.Input(ops[0].shape)]
    for op in ops[1:]:
        sources = [tensors[source] for source in op.inputs]
        if op.kind == "gate":
            sources[1] = layers.Reshape((1, 1, op.shape[2]))(sources[1])
        layer = slot() if op.kind == "slot" else _layer(op)
        tensors.append(layer(sources if len(sources) > 1 else sources[0]))
    return keras.Model(tensors[0], tensors[-1])


def _layer(op: Op) -> layers.Layer:
    channels = op.shape[2]
    convolution = {"strides": op.stride, "padding": "same", "use_bias": False}
    match op.kind:
        case "conv":
            return layers.Conv2D(channels, op.kernel, kernel_initializer="he_normal", **convolution)
        case "depthwise":
            # Keras takes all channels for a depthwise kernel's fan-in, though each output sees one: scale by channels.
            initializer = keras.initializers.VarianceScaling(2.0 * channels, "fan_in", "truncated_normal")
            return layers.DepthwiseConv2D(op.kernel, depthwise_initializer=initializer, **convolution)
        case "dense":
            kernel = "he_normal" if op.activation else keras.initializers.RandomNormal(stddev=0.01)
            return layers.Dense(channels, activation=op.activation, kernel_initializer=kernel)
        case "pool":
            return layers.GlobalAveragePooling2D()
        case "max_pool":
            return layers.MaxPooling2D(op.kernel, op.stride, padding="same")
        case "affine":
            return Affine()
        case "add":
            return layers.Add()
        case "gate":
            return layers.Multiply()
    raise ValueError(f"`kind` must be that of a layer. Received: kind={op.kind!r}.")
