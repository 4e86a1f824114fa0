"""Softmax regression trained by SGD with Nesterov momentum, one row of arithmetic after the other, in float64."""

import numpy as np


def cross_entropy_and_gradients(kernel, bias, x, y):
    """Mean cross-entropy of a batch and its gradients, from the derivative p - one_hot(y) of the logits."""
    logits = x @ kernel + bias
    odds = np.exp(logits)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    loss = -np.log(probabilities[np.arange(len(y)), y]).mean()
    error = probabilities.copy()
    error[np.arange(len(y)), y] -= 1
    return loss, x.T @ error / len(y), error.mean(axis=0)


def train(kernel, bias, batches, rates, momentum, decay):
    """Takes a step a batch; the look-ahead form of Nesterov's method, and L2 decay on the kernel alone.

    With the velocity v, the published form evaluates the gradient at w + momentum v. Kept are the look-ahead points
    themselves, as deep-learning libraries do: u = w + momentum v.
    """
    velocity = [np.zeros_like(kernel), np.zeros_like(bias)]
    losses = []
    for (x, y), rate in zip(batches, rates, strict=True):
        loss, kernel_gradient, bias_gradient = cross_entropy_and_gradients(kernel, bias, x, y)
        losses.append(loss)
        moved = []
        for point, speed, gradient in (
            (kernel, velocity[0], kernel_gradient + decay * kernel),
            (bias, velocity[1], bias_gradient),
        ):
            weight = point - momentum * speed  # back from the look-ahead point to the weight itself
            new_speed = momentum * speed - rate * gradient
            moved.append((weight + new_speed + momentum * new_speed, new_speed))
        (kernel, velocity[0]), (bias, velocity[1]) = moved
    return kernel, bias, losses
