"""The controller's network: an embedding of the previous choice, an LSTM, and an output layer for each decision.

Source: Neural Optimizer Search (arXiv 1709.07417), "controller": an RNN that predicts one token a step, each by a
softmax of its own; its first input is a placeholder.
NOTE: the sources don't say how large the embedding is (a setting), how biases start (at 0), nor whether the same token
at another decision has the same embedding (it has one of its own, as each decision has its own output layer).
"""

from typing import NamedTuple

import numpy as np

from components.controllers.lstm import LstmTrace, LstmWeights, lstm_backward, lstm_forward, lstm_step

BOUND = 0.08  # weights start uniformly in [-BOUND, BOUND]


class NetworkWeights(NamedTuple):
    """The weights; also their gradients, and their moments.

    Fields:
        embedding: of the choice before each decision, `[decisions, choices, embedding]`; of the first decision, the
            row 0 is the placeholder. `choices` is the most that any decision has.
        kernel, recurrent, bias: of the LSTM, `[embedding, 4 * units]`, `[units, 4 * units]`, `[4 * units]`.
        output, output_bias: of the layer of each decision, `[decisions, units, choices]` and `[decisions, choices]`.
    """

    embedding: np.ndarray
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray

    @property
    def lstm(self) -> LstmWeights:
        """The LSTM's part."""
        return LstmWeights(self.kernel, self.recurrent, self.bias)


class NetworkTrace(NamedTuple):
    """What a forward pass leaves for the backward pass: the choices before each decision, `[steps, rows]`; the LSTM."""

    previous: np.ndarray
    lstm: LstmTrace


class Carry(NamedTuple):
    """What a step hands to the next one: hidden state and cells, `[rows, units]` each."""

    hidden: np.ndarray
    cells: np.ndarray


def initial_weights(
    decisions: int, choices: int, embedding: int, units: int, rng: np.random.Generator
) -> NetworkWeights:
    """Draws the weights, float32: uniform in [-0.08, 0.08], biases 0."""
    shapes = {
        "embedding": (decisions, choices, embedding),
        "kernel": (embedding, 4 * units),
        "recurrent": (units, 4 * units),
        "output": (decisions, units, choices),
    }
    drawn = {name: rng.uniform(-BOUND, BOUND, shape).astype(np.float32) for name, shape in shapes.items()}
    bias, output_bias = np.zeros(4 * units, np.float32), np.zeros((decisions, choices), np.float32)
    return NetworkWeights(bias=bias, output_bias=output_bias, **drawn)


def first_carry(weights: NetworkWeights, rows: int) -> Carry:
    """What the first step starts from: zeros."""
    zeros = np.zeros((rows, len(weights.recurrent)), weights.kernel.dtype)
    return Carry(zeros, zeros)


def next_logits(weights: NetworkWeights, step: int, previous: np.ndarray, carry: Carry) -> tuple[np.ndarray, Carry]:
    """Returns the logits of one decision, `[rows, choices]`, and what the next step needs.

    Args:
        weights: of the network.
        step: the decision's number, from 0.
        previous: what was chosen at the decision before, `[rows]`; zeros at the first.
        carry: from the step before.
    """
    hidden, cells, _ = lstm_step(weights.lstm, weights.embedding[step, previous], *carry)
    return hidden @ weights.output[step] + weights.output_bias[step], Carry(hidden, cells)


def forward(weights: NetworkWeights, tokens: np.ndarray) -> tuple[np.ndarray, NetworkTrace]:
    """Returns the logits of every decision, `[steps, rows, choices]`, and the trace.

    Args:
        weights: of the network.
        tokens: what was chosen, `[rows, steps]`; after the end of a shorter row any number below 0, whose logits mean
            nothing.
    """
    before = np.zeros_like(tokens)
    before[:, 1:] = np.maximum(tokens[:, :-1], 0)
    previous = before.T
    steps = len(previous)
    trace = lstm_forward(weights.lstm, weights.embedding[np.arange(steps)[:, None], previous])
    logits = trace.hidden[1:] @ weights.output[:steps] + weights.output_bias[:steps, None]
    return logits, NetworkTrace(previous, trace)


def backward(weights: NetworkWeights, trace: NetworkTrace, slopes: np.ndarray) -> NetworkWeights:
    """Returns the gradients of a loss by the weights, from its derivatives by the logits, `[steps, rows, choices]`."""
    steps = len(slopes)
    output, output_bias = np.zeros_like(weights.output), np.zeros_like(weights.output_bias)
    output[:steps] = trace.lstm.hidden[1:].transpose(0, 2, 1) @ slopes
    output_bias[:steps] = slopes.sum(axis=1)
    by_hidden = slopes @ weights.output[:steps].transpose(0, 2, 1)
    lstm, by_inputs = lstm_backward(weights.lstm, trace.lstm, by_hidden)
    embedding = np.zeros_like(weights.embedding)
    np.add.at(embedding, (np.arange(steps)[:, None], trace.previous), by_inputs)
    return NetworkWeights(embedding, *lstm, output, output_bias)
