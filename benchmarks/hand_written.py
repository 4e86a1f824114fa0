"""The known normalization-activation layers as anyone would write them with `keras.ops`, one formula each."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

EPSILON, DECAY, GROUPS = 1e-5, 0.9, 32


class HandWritten(keras.layers.Layer):
    """A formula and the channel-wise affine after it, for inputs `[batch, height, width, channels]`.

    Args:
        formula: from the layer and its input to the output before the affine.
    """

    def __init__(self, formula: Callable[["HandWritten", Any, bool], Any]):
        super().__init__()
        self.formula = formula

    def build(self, input_shape):
        """Creates every weight that some formula needs."""
        names = {"v0": "zeros", "v1": "ones", "gamma": "ones", "beta": "zeros"}
        for name, initializer in names.items():
            setattr(self, name, self.add_weight(shape=(input_shape[-1],), initializer=initializer, name=name))
        self.moving_mean = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=(input_shape[-1],), initializer="ones", trainable=False)

    def call(self, x, training=False):
        """Returns the formula's value times gamma plus beta."""
        return self.formula(self, x, training) * self.gamma + self.beta

    def batch_variance(self, x, training):
        """Variance per channel, of the batch in training and its moving average in inference."""
        return self.batch_moments(x, training, with_mean=False)[1]

    def batch_moments(self, x, training, with_mean=True):
        """Mean and variance per channel, of the batch in training and their moving averages in inference."""
        if not training:
            return self.moving_mean, self.moving_variance
        mean, variance = ops.moments(x, (0, 1, 2))
        if with_mean:
            self.moving_mean.assign(DECAY * self.moving_mean + (1 - DECAY) * mean)
        self.moving_variance.assign(DECAY * self.moving_variance + (1 - DECAY) * variance)
        return mean, variance


def _normalized(x, mean, variance):
    return (x - mean) / ops.sqrt(variance + EPSILON)


def _in_groups(x):
    """`[batch, height, width, groups, channels / groups]`."""
    count = next(count for count in range(min(GROUPS, x.shape[-1]), 0, -1) if x.shape[-1] % count == 0)
    return ops.reshape(x, (-1, *x.shape[1:-1], count, x.shape[-1] // count))


def _over_group_root(x, numerator, squares):
    """numerator / sqrt(squares + eps), both of the groups of x."""
    return ops.reshape(_in_groups(numerator) / ops.sqrt(squares + EPSILON), ops.shape(x))


def _batch_norm(layer, x, training):
    return layer.v1 * _normalized(x, *layer.batch_moments(x, training)) + layer.v0


def _bn_silu(layer, x, training):
    y = _batch_norm(layer, x, training)
    return y * ops.sigmoid(y)


def _gn_relu(layer, x, training):
    groups = _in_groups(x)
    y = ops.reshape(_normalized(groups, *ops.moments(groups, (1, 2, 4), keepdims=True)), ops.shape(x))
    return ops.maximum(layer.v1 * y + layer.v0, 0)


def _ln_gelu_like(layer, x, training):
    y = _normalized(x, *ops.moments(x, (1, 2, 3), keepdims=True))
    return y * ops.sigmoid(1.6487212707 * y)


def _instance_root_mean_square(x):
    return ops.sqrt(ops.mean(ops.square(x), (1, 2), keepdims=True) + EPSILON)


def _b0(layer, x, training):
    _, variance = ops.moments(x, (1, 2), keepdims=True)
    batch = ops.sqrt(layer.batch_variance(x, training) + EPSILON)
    return x / ops.maximum(batch, layer.v1 * x + ops.sqrt(variance + EPSILON))


def _b1(layer, x, training):
    batch = ops.sqrt(layer.batch_variance(x, training) + EPSILON)
    return x / ops.maximum(batch, (x + 1) * _instance_root_mean_square(x))


def _b2(layer, x, training):
    batch = ops.sqrt(layer.batch_variance(x, training) + EPSILON)
    return x / ops.maximum(batch, _instance_root_mean_square(x) - x)


def _s0(layer, x, training):
    _, variance = ops.moments(_in_groups(x), (1, 2, 4), keepdims=True)
    return _over_group_root(x, x * ops.sigmoid(layer.v1 * x), variance)


def _s1(layer, x, training):
    _, variance = ops.moments(_in_groups(x), (1, 2, 4), keepdims=True)
    return _over_group_root(x, x * ops.sigmoid(x), variance)


def _s2(layer, x, training):
    squares = ops.mean(ops.square(_in_groups(x)), (1, 2, 4), keepdims=True)
    return _over_group_root(x, x * ops.sigmoid(x), squares)


FORMULAS: dict[str, Callable[[HandWritten, Any, bool], Any]] = {
    "BN-ReLU": lambda layer, x, training: ops.maximum(_batch_norm(layer, x, training), 0),
    "BN-SiLU": _bn_silu,
    "GN-ReLU": _gn_relu,
    "LN-GELU-like": _ln_gelu_like,
    "EvoNorm-B0": _b0,
    "EvoNorm-B1": _b1,
    "EvoNorm-B2": _b2,
    "EvoNorm-S0": _s0,
    "EvoNorm-S1": _s1,
    "EvoNorm-S2": _s2,
}
