"""Known update rules as anyone would write them in TensorFlow for one model: a few lines each, no generality."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


class Rule:
    """A rule for a model's weights.

    Args:
        weights: the variables that it updates.
        total_steps: T of decays.
        averages: how many moving averages it keeps of each weight.
        formula: from (rule, number of the weight, gradient, step as a float) to the update.
    """

    def __init__(self, weights: Sequence[Any], total_steps: int, averages: int, formula: Callable[..., Any]):
        self.averages = [[tf.Variable(tf.zeros_like(weight)) for weight in weights] for _ in range(averages)]
        self.slots = [slot for average in self.averages for slot in average]
        self.total_steps, self._formula = total_steps, formula

    def update(self, number: int, gradient: Any, t: Any) -> Any:
        """The update of a weight, before the learning rate."""
        return self._formula(self, number, gradient, t)

    def average(self, kind: int, number: int, value: Any, t: Any, beta: float) -> Any:
        """Moves a moving average and returns it, corrected."""
        moved = self.averages[kind][number].assign(beta * self.averages[kind][number] + (1 - beta) * value)
        return moved / (1 - beta ** (t + 1))


def _sgd(rule, number, g, t):
    return g


def _momentum(rule, number, g, t):
    return rule.average(0, number, g, t, 0.9)


def _adam(rule, number, g, t):
    m, v = rule.average(0, number, g, t, 0.9), rule.average(1, number, g * g, t, 0.999)
    return m / (tf.sqrt(v) + 1e-8)


def _rms_prop(rule, number, g, t):
    return g / (tf.sqrt(rule.average(0, number, g * g, t, 0.999)) + 1e-8)


def _power_sign_cd(rule, number, g, t):
    decay = 0.5 * (1 + tf.cos(math.pi * t / rule.total_steps))
    return tf.exp(decay * tf.sign(g) * tf.sign(rule.average(0, number, g, t, 0.9))) * g


def _add_sign_ld(rule, number, g, t):
    agreement = tf.sign(g) * tf.sign(rule.average(0, number, g, t, 0.9))
    return (1 + (1 - t / rule.total_steps) * agreement) * g


def _made(averages: int, formula: Callable[..., Any]) -> Callable[[Sequence[Any], int], Rule]:
    return lambda weights, total_steps: Rule(weights, total_steps, averages, formula)


RULES = {
    "PowerSign-cd": _made(1, _power_sign_cd),
    "Adam": _made(2, _adam),
    "SGD": _made(0, _sgd),
    "Momentum": _made(1, _momentum),
    "RMSProp": _made(1, _rms_prop),
    "AddSign-ld": _made(1, _add_sign_ld),
}
