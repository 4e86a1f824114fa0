"""A shared perceptron trained with masks, in float64: every layer at its largest, what a child leaves out times 0."""

from itertools import pairwise

import numpy as np


def masks(sizes, largest):
    """For each kernel and bias, where a child of these layer sizes has weights, among the largest sizes."""
    inside = [np.arange(most) < size for size, most in zip(sizes, largest, strict=True)]
    return [mask for into, out in pairwise(inside) for mask in (np.outer(into, out), out)]


def outputs(weights, x, sizes, largest):
    """The largest network's outputs and its layers' values, with each hidden unit that the child lacks set to 0."""
    values = [x.reshape(len(x), -1).astype(np.float64)]
    for at, most in enumerate(largest[1:], 1):
        total = values[-1] @ weights[2 * at - 2] + weights[2 * at - 1]
        if at < len(largest) - 1:
            total = np.maximum(total, 0) * (np.arange(most) < sizes[at])
        values.append(total)
    return values[-1], values


def loss_and_error(y, out):
    """The mean loss and its derivative by the outputs; one output of integer labels is the logit of class 1 of two."""
    if np.issubdtype(y.dtype, np.floating):
        return 0.5 * np.mean((out[:, 0] - y) ** 2), (out[:, :1] - y[:, None]) / len(y)
    two = out.shape[1] == 1
    logits = np.concatenate([np.zeros_like(out), out], axis=1) if two else out
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(probabilities[np.arange(len(y)), y]))
    error = (probabilities - np.eye(logits.shape[1])[y]) / len(y)
    return loss, error[:, 1:] if two else error


def gradients(weights, x, y, sizes, largest):
    """The loss and its gradient by every weight of the largest network."""
    out, values = outputs(weights, x, sizes, largest)
    loss, error = loss_and_error(y, out)
    found = []
    for at in range(len(largest) - 1, 0, -1):
        found = [values[at - 1].T @ error, error.sum(axis=0), *found]
        error = (error @ weights[2 * at - 2].T) * (values[at - 1] > 0)
    return loss, found


def train(weights, steps, largest, *, decay, move):
    """Takes steps; `move(w, g, slots, t, rate)` gives a weight and its slots after one, taken only where the mask is.

    Args:
        weights: kernels and biases, the first layer first.
        steps: (x, y, sizes of the child's layers, learning rate) of each.
        largest: sizes of all layers, inputs and outputs included.
        decay: L2 coefficient of kernels.
        move: the optimizer.
    """
    weights = [np.array(one, np.float64) for one in weights]
    slots = [(np.zeros_like(one), np.zeros_like(one)) for one in weights]
    losses = []
    for t, (x, y, sizes, rate) in enumerate(steps, 1):
        loss, found = gradients(weights, x, y, sizes, largest)
        losses.append(loss)
        for at, mask in enumerate(masks(sizes, largest)):
            gradient = found[at] + (decay * weights[at] if weights[at].ndim == 2 else 0)
            weight, moved = move(weights[at], gradient, slots[at], t, rate)
            weights[at] = np.where(mask, weight, weights[at])
            slots[at] = tuple(np.where(mask, new, old) for new, old in zip(moved, slots[at], strict=True))
    return losses, weights, slots


def nesterov(momentum):
    """Nesterov's method at its look-ahead points."""

    def move(weight, gradient, slots, t, rate):
        speed = momentum * slots[0] - rate * gradient
        return weight + momentum * speed - rate * gradient, (speed, slots[1])

    return move


def adam(weight, gradient, slots, t, rate):
    """Kingma and Ba's method; epsilon stands beside the root of the uncorrected moment, as in section 2's end."""
    first = 0.9 * slots[0] + 0.1 * gradient
    second = 0.999 * slots[1] + 0.001 * gradient**2
    corrected = rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
    return weight - corrected * first / (np.sqrt(second) + 1e-7), (first, second)
