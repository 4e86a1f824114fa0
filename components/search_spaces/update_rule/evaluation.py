"""Update rules computed in NumPy, on vectors of weights: what `build` does, for the screens."""

import math
from collections.abc import Callable

import numpy as np

from components.search_spaces.update_rule.primitives import (
    AVERAGES,
    DELTA,
    UNARIES,
    WEIGHT_SCALES,
    Decay,
    decay,
)
from components.search_spaces.update_rule.spec import RuleBehaviour, RuleSpec, result_number, used

_ELEMENT_WISE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "identity": lambda x, _: x,
    "neg": lambda x, _: -x,
    "exp": lambda x, _: np.exp(x),
    "log": lambda x, _: np.log(np.abs(x)),
    "sqrt": lambda x, _: np.sqrt(np.abs(x)),
    "clip": lambda x, limit: np.clip(x, -np.float32(limit), np.float32(limit)),
    "sign": lambda x, _: np.sign(x),
}
_BINARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": lambda x, y: x / (y + np.float32(DELTA)),
    "pow": np.power,
}


def updates(
    spec: RuleSpec,
    gradients: np.ndarray,
    weights: np.ndarray,
    total_steps: int,
    behaviour: RuleBehaviour,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns a rule's updates in the first steps of a training, before the learning rate, `[steps, weights]`.

    Args:
        spec: the rule.
        gradients: of each step, `[steps, weights]`, float32.
        weights: which stay as they are, `[weights]`, float32.
        total_steps: of the training, for decays.
        behaviour: what the tokens mean.
        rng: draws noise and what is dropped.
    """
    averages = {name: np.zeros_like(weights) for name in AVERAGES}
    computed = np.empty_like(gradients)
    with np.errstate(all="ignore"):
        for t, gradient in enumerate(gradients):
            operands = _Operands(gradient, weights, averages, t, total_steps, behaviour, rng)
            computed[t] = _update(spec, operands, behaviour, rng)
    return computed


def _update(spec: RuleSpec, operands: "_Operands", behaviour: RuleBehaviour, rng: np.random.Generator) -> np.ndarray:
    results: list[np.ndarray] = []

    def side(token: str, unary: str) -> np.ndarray:
        number = result_number(token)
        x = results[number - 1] if number else operands.value(token)
        _, kind, amount = UNARIES[unary]
        if kind != "drop":
            return _ELEMENT_WISE[kind](x, amount)
        kept = rng.random(operands.size, np.float32) >= amount
        return np.where(kept, x * np.float32(1 / (1 - amount) if behaviour.rescale_dropped else 1), np.float32(0))

    for group, sides in zip(spec.groups, used(spec), strict=True):
        if not sides[0]:
            results.append(np.zeros(1, np.float32))
            continue
        x = side(group.left, group.left_unary)
        if sides[1]:
            y = side(group.right, group.right_unary)
            base = np.abs(x) if group.binary == "pow" and behaviour.power_base == "absolute" else x
            x = _BINARY[group.binary](base, y)
        results.append(x)
    return results[-1]


class _Operands:
    """The operands of one step; the moving averages are moved when it is made, noise is drawn when it is asked for."""

    def __init__(
        self,
        gradient: np.ndarray,
        weights: np.ndarray,
        averages: dict[str, np.ndarray],
        t: int,
        total_steps: int,
        behaviour: RuleBehaviour,
        rng: np.random.Generator,
    ):
        self.size, self._t, self._total_steps = len(gradient), t, total_steps
        self._behaviour, self._rng = behaviour, rng
        g = gradient
        self._values = {"g": g, "g^2": g * g, "g^3": g * g * g, "sign(g)": np.sign(g)}
        self._values |= {token: np.full(1, float(token), np.float32) for token in ("1", "2")}
        self._values |= {token: np.float32(scale) * weights for token, scale in WEIGHT_SCALES.items()}
        betas = (behaviour.beta1, behaviour.beta2, behaviour.beta3)
        for name, power, beta in zip(AVERAGES, ("g", "g^2", "g^3"), betas, strict=True):
            averages[name] = np.float32(beta) * averages[name] + np.float32(1 - beta) * self._values[power]
            correction = 1 - beta ** (t + 1) if behaviour.bias_correction else 1.0
            self._values[name] = averages[name] / np.float32(correction)
        m, root = self._values["m"], np.sqrt(self._values["v"]) + np.float32(DELTA)
        self._values |= {"sign(m)": np.sign(m), "adam": m / root, "rmsprop": g / root}

    def value(self, token: str) -> np.ndarray:
        """The value of an operand or a decay, `[weights]` or `[1]`."""
        if token not in self._values:
            timed = decay(token)
            deviation = self._behaviour.noise_std if timed is None else (1 + self._t) ** (-0.55 / 2)
            if timed is None or timed.kind == "noise":
                self._values[token] = np.float32(deviation) * self._rng.standard_normal(self.size, np.float32)
            else:
                self._values[token] = np.full(1, decay_number(timed, self._t, self._total_steps), np.float32)
        return self._values[token]


def decay_number(timed: Decay, t: int, total_steps: int) -> float:
    """Returns the number of a decay that isn't noise, in [0, 1]."""
    t = min(t, total_steps)
    if timed.kind == "linear":
        return 1 - t / total_steps
    if timed.kind == "cosine":
        return 0.5 * (1 + math.cos(2 * math.pi * timed.periods * t / total_steps))
    return 0.5 * (1 + math.cos(math.pi * ((t * int(timed.periods)) % total_steps) / total_steps))
