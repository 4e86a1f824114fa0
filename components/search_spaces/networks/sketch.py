"""A network as plain data: a list of operations from which both the Keras model and its costs are computed."""

from typing import Literal, NamedTuple

Kind = Literal["input", "conv", "depthwise", "slot", "affine", "add", "pool", "max_pool", "dense", "gate"]
Activation = Literal["silu", "sigmoid"]


class Op(NamedTuple):
    """An operation of a network.

    Fields:
        kind: `slot` is where the searched layer stands; `affine` a channel-wise scale and shift; `pool` averages over
            height and width, `max_pool` takes the largest of 3x3 positions in steps of 2; `gate` multiplies its first
            input by its second, which is [1, 1, channels].
        inputs: indices of earlier operations.
        shape: of the output of one row, `[height, width, channels]`; vectors have height and width 1.
        kernel, stride: of a convolution, padded to keep the size (divided by the stride, rounded up).
        activation: of a dense layer.
    """

    kind: Kind
    inputs: tuple[int, ...]
    shape: tuple[int, int, int]
    kernel: int = 1
    stride: int = 1
    activation: Activation | None = None


class Sketch:
    """Collects the operations of a network; each method appends one and returns its index.

    Args:
        input_shape: shape of one row, `[height, width, channels]`.

    Raises:
        ValueError: where rows aren't images.
    """

    def __init__(self, input_shape: tuple[int, ...]):
        if len(input_shape) != 3:
            raise ValueError(
                "`input_shape` must be [height, width, channels], since convolutional networks take images only."
                f" Received: input_shape={tuple(input_shape)}."
            )
        height, width, channels = input_shape
        self.ops = [Op("input", (), (height, width, channels))]

    def shape(self, x: int) -> tuple[int, int, int]:
        """Returns the shape of an operation's output."""
        return self.ops[x].shape

    def conv(self, x: int, channels: int, kernel: int = 1, stride: int = 1) -> int:
        """A convolution without bias."""
        return self._append(Op("conv", (x,), (*self._strided(x, stride), channels), kernel, stride))

    def depthwise(self, x: int, kernel: int, stride: int) -> int:
        """A depthwise convolution without bias."""
        return self._append(Op("depthwise", (x,), (*self._strided(x, stride), self.shape(x)[2]), kernel, stride))

    def slot(self, x: int) -> int:
        """A place for the searched layer."""
        return self._append(Op("slot", (x,), self.shape(x)))

    def affine(self, x: int) -> int:
        """A channel-wise scale and shift, where the published network normalizes without an activation."""
        return self._append(Op("affine", (x,), self.shape(x)))

    def add(self, x: int, y: int) -> int:
        """A sum of two equal shapes."""
        return self._append(Op("add", (x, y), self.shape(x)))

    def pool(self, x: int) -> int:
        """The average over height and width."""
        return self._append(Op("pool", (x,), (1, 1, self.shape(x)[2])))

    def max_pool(self, x: int) -> int:
        """The maximum over 3x3 positions, half the height and width."""
        return self._append(Op("max_pool", (x,), (*self._strided(x, 2), self.shape(x)[2]), 3, 2))

    def dense(self, x: int, channels: int, activation: Activation | None = None) -> int:
        """A dense layer with bias on a vector."""
        return self._append(Op("dense", (x,), (1, 1, channels), activation=activation))

    def gate(self, x: int, gates: int) -> int:
        """Channels scaled by a vector."""
        return self._append(Op("gate", (x, gates), self.shape(x)))

    def _strided(self, x: int, stride: int) -> tuple[int, int]:
        height, width, _ = self.shape(x)
        return -(-height // stride), -(-width // stride)

    def _append(self, op: Op) -> int:
        self.ops.append(op)
        return len(self.ops) - 1
