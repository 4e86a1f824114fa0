"""The Keras model of a network."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from components.search_spaces.networks.sketch import Op

MOMENTUM = 0.9  # of batch normalization's averages: Keras's 0.99 would hold 37% of their initial values after 100 steps


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


class SpaceToDepth(layers.Layer):
    """The channels of `stride` x `stride` positions side by side, as those of one position.

    Height and width are filled up with zeros at their ends where the stride doesn't divide them.
    """

    def __init__(self, stride: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, x):
        """Returns the moved numbers, `[batch, ceil(height / stride), ceil(width / stride), stride^2 * channels]`."""
        n, (height, width, channels) = self.stride, x.shape[1:]
        x = ops.pad(x, [[0, 0], [0, -height % n], [0, -width % n], [0, 0]])
        rows, columns, _ = self.compute_output_shape(x.shape)[1:]
        x = ops.transpose(ops.reshape(x, (-1, rows, n, columns, n, channels)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, rows, columns, n * n * channels))

    def compute_output_shape(self, input_shape):
        """Returns the shape of `call`'s result."""
        batch, height, width, channels = input_shape
        return batch, -(-height // self.stride), -(-width // self.stride), self.stride**2 * channels

    def get_config(self):
        """Returns the arguments that make the same layer again."""
        return {**super().get_config(), "stride": self.stride}


class WordEmbedding(layers.Embedding):
    """A trained vector for each token number; masks 0. Its gradient is dense, so that any training step can use it."""

    def call(self, tokens):
        """Returns the vectors `[batch, length, output_dim]` of tokens `[batch, length]` (whole, of any number type)."""
        # TensorFlow's gradient of a lookup is a list of slices; that of a reshape is an array.
        vectors = ops.reshape(self.embeddings, (self.input_dim, self.output_dim))
        return ops.cast(ops.take(vectors, ops.cast(tokens, "int32"), axis=0), self.compute_dtype)


def build_network(network: tuple[Op, ...], slot: Callable[[], layers.Layer] | None = None) -> keras.Model:
    """Returns the model of a network, from rows to logits `[batch, classes]`.

    Rows are `[batch, height, width, channels]`, `[batch, features]` or `[batch, length]`, as its first operation says.

    Args:
        network: its operations; the last one gives the logits.
        slot: makes the layer of a slot; None for a network without slots.

    Raises:
        ValueError: where there are slots, and nothing to fill them.
    """
    if slot is None and any(op.kind == "slot" for op in network):
        raise ValueError("`slot` must make the layers of the network's slots. Received: slot=None.")
    tensors: list[Any] = [_input(network[0])]
    for op in network[1:]:
        sources = [tensors[source] for source in op.inputs]
        if op.kind == "gate":
            sources[1] = layers.Reshape((1, 1, op.shape[2]))(sources[1])
        layer = slot() if slot and op.kind == "slot" else _layer(op)
        tensors.append(layer(sources if len(sources) > 1 else sources[0]))
    return keras.Model(tensors[0], tensors[-1])


def _input(op: Op) -> Any:
    match op.kind:
        case "table":
            return keras.Input(op.shape[2:])
        case "text":
            return keras.Input(op.shape[1:2])
    return keras.Input(op.shape)


def _layer(op: Op) -> layers.Layer:
    channels = op.shape[2]
    convolution = {"strides": op.stride, "padding": "same", "use_bias": op.bias}
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
        case "flatten":
            return layers.Flatten()
        case "affine":
            return Affine()
        case "relu":
            return layers.ReLU()
        case "silu":
            return layers.Activation("silu")
        case "space_to_depth":
            return SpaceToDepth(op.stride)
        case "batch_norm":
            return layers.BatchNormalization(momentum=MOMENTUM)
        case "embedding":
            return WordEmbedding(op.vocabulary, channels, mask_zero=True)
        case "gru" | "gru_sequence":
            return layers.GRU(channels, return_sequences=op.kind == "gru_sequence", use_cudnn=False)
        case "add":
            return layers.Add()
        case "gate":
            return layers.Multiply()
    raise ValueError(f"`kind` must be that of a layer. Received: kind={op.kind!r}.")


keras.saving.register_keras_serializable("archloom")(WordEmbedding)
keras.saving.register_keras_serializable("archloom")(SpaceToDepth)
