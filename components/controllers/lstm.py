"""A single-layer LSTM in NumPy, forward and backward through time.

The gates stand in the order input, forget, candidate, output, as in Keras's LSTM; no dropout, no peepholes. Everything
is time-major, and has the precision of the weights that it is given.

Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
"""

from typing import NamedTuple

import numpy as np


class LstmWeights(NamedTuple):
    """Kernels from the input `[inputs, 4 * units]` and the hidden state `[units, 4 * units]`, bias `[4 * units]`."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray


class LstmTrace(NamedTuple):
    """What a forward pass leaves for the backward pass.

    Fields:
        inputs: `[steps, rows, inputs]`.
        gates: after their activations, `[steps, rows, 4 * units]`.
        cells, hidden: states before the first step and after each, `[steps + 1, rows, units]`.
    """

    inputs: np.ndarray
    gates: np.ndarray
    cells: np.ndarray
    hidden: np.ndarray


def lstm_step(
    weights: LstmWeights, inputs: np.ndarray, hidden: np.ndarray, cells: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the next hidden state and cells, `[rows, units]` each, and the gates, `[rows, 4 * units]`.

    Args:
        weights: of the layer.
        inputs: `[rows, inputs]`.
        hidden, cells: the states before the step, `[rows, units]`.
    """
    units = hidden.shape[1]
    gates = inputs @ weights.kernel + hidden @ weights.recurrent + weights.bias
    gates[:, : 2 * units] = _sigmoid(gates[:, : 2 * units])
    gates[:, 2 * units : 3 * units] = np.tanh(gates[:, 2 * units : 3 * units])
    gates[:, 3 * units :] = _sigmoid(gates[:, 3 * units :])
    opened, kept, candidate, shown = np.split(gates, 4, axis=1)
    after = kept * cells + opened * candidate
    return shown * np.tanh(after), after, gates


def lstm_forward(weights: LstmWeights, inputs: np.ndarray) -> LstmTrace:
    """Runs the layer over `[steps, rows, inputs]`, from states of zero."""
    steps, rows, _ = inputs.shape
    units = len(weights.recurrent)
    hidden = np.zeros((steps + 1, rows, units), inputs.dtype)
    cells, gates = np.zeros_like(hidden), np.zeros((steps, rows, 4 * units), inputs.dtype)
    for step in range(steps):
        hidden[step + 1], cells[step + 1], gates[step] = lstm_step(weights, inputs[step], hidden[step], cells[step])
    return LstmTrace(inputs, gates, cells, hidden)


def lstm_backward(weights: LstmWeights, trace: LstmTrace, slopes: np.ndarray) -> tuple[LstmWeights, np.ndarray]:
    """Returns the gradients of a loss by the weights, and by the inputs, `[steps, rows, inputs]`.

    Args:
        weights: of the layer.
        trace: of the forward pass.
        slopes: the loss's derivatives by the hidden states after each step, `[steps, rows, units]`, without what
            reaches them through later steps.
    """
    steps, rows, units = slopes.shape
    by_gates = np.empty_like(trace.gates)
    by_hidden = np.zeros((rows, units), slopes.dtype)
    by_cells = np.zeros_like(by_hidden)
    for step in reversed(range(steps)):
        opened, kept, candidate, shown = np.split(trace.gates[step], 4, axis=1)
        squashed = np.tanh(trace.cells[step + 1])
        by_hidden = by_hidden + slopes[step]
        by_cells = by_cells + by_hidden * shown * (1 - squashed**2)
        by_gates[step] = np.concatenate(
            [
                by_cells * candidate * opened * (1 - opened),
                by_cells * trace.cells[step] * kept * (1 - kept),
                by_cells * opened * (1 - candidate**2),
                by_hidden * squashed * shown * (1 - shown),
            ],
            axis=1,
        )
        by_hidden, by_cells = by_gates[step] @ weights.recurrent.T, by_cells * kept
    flat = by_gates.reshape(steps * rows, 4 * units)
    gradients = LstmWeights(
        trace.inputs.reshape(steps * rows, -1).T @ flat,
        trace.hidden[:-1].reshape(steps * rows, units).T @ flat,
        flat.sum(axis=0),
    )
    return gradients, by_gates @ weights.kernel.T


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)  # exp(-x) would overflow
