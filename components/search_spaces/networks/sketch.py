"""A network as plain data: a list of operations from which both the Keras model and its costs are computed."""

from math import prod
from typing import Literal, NamedTuple

from components.search_spaces.networks.row import Row

InputKind = Literal["image", "table", "text"]
ImageKind = Literal[
    "conv",
    "depthwise",
    "slot",
    "affine",
    "relu",
    "silu",
    "batch_norm",
    "add",
    "pool",
    "max_pool",
    "gate",
    "space_to_depth",
]
VectorKind = Literal["flatten", "dense", "embedding", "gru", "gru_sequence"]
Kind = InputKind | ImageKind | VectorKind
Activation = Literal["relu", "silu", "sigmoid"]
INPUTS: tuple[Kind, ...] = ("image", "table", "text")


class Op(NamedTuple):
    """An operation of a network.

    Fields:
        kind: `image`, `table` and `text` are the input; `slot` is where the searched layer stands; `affine` a
            channel-wise scale and shift; `pool` averages over height and width, `max_pool` takes the largest of
            kernel x kernel positions in steps of 2; `gate` multiplies its first input by its second, which is
            [1, 1, channels]; `space_to_depth` makes the channels of stride x stride positions those of one; `gru`
            gives the last state of a recurrent layer, `gru_sequence` those of all positions.
        inputs: indices of earlier operations.
        shape: of the output of one row, `[height, width, channels]`; vectors have height and width 1, sequences
            `[1, length, channels]`, a text's tokens `[1, length, 1]`.
        kernel, stride: of a convolution, max_pool or space_to_depth, padded to keep the size (divided by the stride,
            rounded up).
        activation: of a dense layer.
        bias: whether a convolution has one; dense and recurrent layers have.
        vocabulary: of an embedding, which token numbers are below.
    """

    kind: Kind
    inputs: tuple[int, ...]
    shape: tuple[int, int, int]
    kernel: int = 1
    stride: int = 1
    activation: Activation | None = None
    bias: bool = False
    vocabulary: int = 0


class Sketch:
    """Collects the operations of a network; each method appends one and returns its index.

    Args:
        row: what a row is.

    Raises:
        ValueError: where it is neither an image nor a row of a table nor a text.
    """

    def __init__(self, row: Row):
        match row.kind, row.shape:
            case "image", (height, width, channels):
                self.ops = [Op("image", (), (height, width, channels))]
            case "table", (features,):
                self.ops = [Op("table", (), (1, 1, features))]
            case "text", (length,):
                self.ops = [Op("text", (), (1, length, 1))]
                self.vocabulary = row.vocabulary or 0
            case _:
                raise ValueError(f"`row` must be an image, a row of a table or a text. Received: row={row}.")

    def shape(self, x: int) -> tuple[int, int, int]:
        """Returns the shape of an operation's output."""
        return self.ops[x].shape

    def conv(self, x: int, channels: int, kernel: int = 1, stride: int = 1, bias: bool = False) -> int:
        """A convolution."""
        return self._append(Op("conv", (x,), (*self._strided(x, stride), channels), kernel, stride, bias=bias))

    def depthwise(self, x: int, kernel: int, stride: int) -> int:
        """A depthwise convolution without bias."""
        return self._append(Op("depthwise", (x,), (*self._strided(x, stride), self.shape(x)[2]), kernel, stride))

    def slot(self, x: int) -> int:
        """A place for the searched layer."""
        return self._append(Op("slot", (x,), self.shape(x)))

    def affine(self, x: int) -> int:
        """A channel-wise scale and shift, where the published network normalizes without an activation."""
        return self._append(Op("affine", (x,), self.shape(x)))

    def relu(self, x: int) -> int:
        """Negative numbers become 0."""
        return self._append(Op("relu", (x,), self.shape(x)))

    def silu(self, x: int) -> int:
        """x * sigmoid(x), also called swish."""
        return self._append(Op("silu", (x,), self.shape(x)))

    def batch_norm(self, x: int) -> int:
        """Batch normalization with a channel-wise scale and shift."""
        return self._append(Op("batch_norm", (x,), self.shape(x)))

    def add(self, x: int, y: int) -> int:
        """A sum of two equal shapes."""
        return self._append(Op("add", (x, y), self.shape(x)))

    def pool(self, x: int) -> int:
        """The average over height and width."""
        return self._append(Op("pool", (x,), (1, 1, self.shape(x)[2])))

    def max_pool(self, x: int, kernel: int = 3) -> int:
        """The maximum over kernel x kernel positions, half the height and width."""
        return self._append(Op("max_pool", (x,), (*self._strided(x, 2), self.shape(x)[2]), kernel, 2))

    def space_to_depth(self, x: int, stride: int) -> int:
        """The channels of stride x stride positions side by side; numbers are moved, and nothing is computed."""
        shape = (*self._strided(x, stride), stride**2 * self.shape(x)[2])
        return self._append(Op("space_to_depth", (x,), shape, stride, stride))

    def flatten(self, x: int) -> int:
        """All numbers as one vector."""
        return self._append(Op("flatten", (x,), (1, 1, prod(self.shape(x)))))

    def dense(self, x: int, channels: int, activation: Activation | None = None) -> int:
        """A dense layer with bias on a vector."""
        return self._append(Op("dense", (x,), (1, 1, channels), activation=activation))

    def embedding(self, x: int, channels: int) -> int:
        """A vector for each token of a text; what follows passes over padding (0)."""
        shape = (1, self.shape(x)[1], channels)
        return self._append(Op("embedding", (x,), shape, vocabulary=self.vocabulary))

    def gru(self, x: int, channels: int, sequence: bool = False) -> int:
        """A gated recurrent layer over a sequence: its last state, or its states."""
        length = self.shape(x)[1] if sequence else 1
        return self._append(Op("gru_sequence" if sequence else "gru", (x,), (1, length, channels)))

    def gate(self, x: int, gates: int) -> int:
        """Channels scaled by a vector."""
        return self._append(Op("gate", (x, gates), self.shape(x)))

    def _strided(self, x: int, stride: int) -> tuple[int, int]:
        height, width, _ = self.shape(x)
        return -(-height // stride), -(-width // stride)

    def _append(self, op: Op) -> int:
        self.ops.append(op)
        return len(self.ops) - 1
