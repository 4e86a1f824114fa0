"""The Keras optimizer of an update rule."""

import math
import random
from collections.abc import Sequence
from typing import Any

import keras
import msgspec
import numpy as np
from keras import ops

from components.search_spaces.update_rule.arguments import rule_behaviour, takes_weights, timed_by_total, whole_number
from components.search_spaces.update_rule.formula import formula
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.primitives import DELTA, UNARIES, WEIGHT_SCALES, Decay, decay
from components.search_spaces.update_rule.spec import RuleSpec, result_number, used, used_averages

AVERAGED = {"m": ("g", "beta1"), "v": ("g^2", "beta2"), "gamma": ("g^3", "beta3")}
NOISE_DECAY = 0.55  # exponent of (1 + t) in the variance of annealed noise
ELEMENT_WISE = {
    "identity": lambda x, _: x,
    "neg": lambda x, _: -x,
    "exp": lambda x, _: ops.exp(x),
    "log": lambda x, _: ops.log(ops.abs(x)),
    "sqrt": lambda x, _: ops.sqrt(ops.abs(x)),
    "clip": lambda x, limit: ops.clip(x, -limit, limit),
    "sign": lambda x, _: ops.sign(x),
}
BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y + DELTA),
    "pow": ops.power,
}


class UpdateRule(keras.optimizers.Optimizer):
    """An update rule as an optimizer: w <- w - learning_rate * (result of the rule's last group), weight by weight.

    Slots exist for those of the moving averages m, v and gamma that the update depends on; `adam` and `rmsprop` share
    them with the operands m and v. They and the rule's arithmetic are float32 where weights are float16 or bfloat16 (in
    which 0.999 is 1), else of the weights' dtype. t is `iterations` before the update. Noise and drop are drawn anew
    each step from (seed, step, number of the weight, place in the rule) alone, so what goes on from a checkpoint draws
    what an unbroken training would. A rule whose update isn't finite makes weights that aren't, and raises nothing.

    Args:
        groups: the rule as `[[left, right, left_unary, right_unary, binary], ...]`, or a RuleSpec.
        learning_rate: float, schedule or callable, as everywhere in Keras.
        total_steps: T of the decays `ld`, `cd` and `rd`, >= 1, here or as the attribute before the first step; a rule
            without them needs none.
        behaviour: what the tokens mean where the sources are silent: a RuleBehaviour or its fields; None for defaults.
        fused: whether all weights of a dtype are updated as one vector, which is faster to trace and run where they
            are many and small; a slot is then a vector of all of them, and noise is drawn for it as one. Not for
            distributed weights.
        seed: of noise and drop, [0, 2**32); None draws one from what Keras's seed determines.
        kwargs: arguments of every Keras optimizer, such as `weight_decay`, `clipnorm`, `use_ema`.

    Raises:
        ValueError: naming group and part, where `groups` is no rule; where another argument is out of range.
    """

    def __init__(
        self,
        groups: Any,
        learning_rate: Any = 0.01,
        total_steps: int | None = None,
        behaviour: Any = None,
        fused: bool = False,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rule = groups if isinstance(groups, RuleSpec) else RuleSpec.from_json(groups)
        self.behaviour = rule_behaviour(behaviour)
        self.total_steps = None if total_steps is None else whole_number("total_steps", total_steps, 1, 2**31 - 1)
        self.fused = bool(fused)
        drawn = random.randrange(2**31) if seed is None else seed  # as Keras's layers draw theirs
        self.seed = whole_number("seed", drawn, 0, 2**32 - 1)

    @classmethod
    def known(cls, name: str, /, **kwargs) -> "UpdateRule":
        """Returns a published rule, such as `PowerSign`; `kwargs` are the other arguments of the optimizer.

        Raises:
            ValueError: where there is none of that name.
        """
        if name not in KNOWN:
            raise ValueError(f"`name` must be one of {', '.join(KNOWN)}. Received: name={name!r}.")
        return cls(KNOWN[name], **kwargs)

    @property
    def formula(self) -> str:
        """The update as a formula, such as `g * exp(sign(g) * sign(m))`."""
        return formula(self.rule)

    def build(self, variables):
        """Creates the slots, for `variables`, a list of weights. Raises ValueError where `total_steps` is missing."""
        if self.built:
            return
        timed = timed_by_total(self.rule)
        if timed and self.total_steps is None:
            raise ValueError(f"`total_steps` must be given for a rule that uses {timed}. Received: total_steps=None.")
        super().build(variables)
        self._blocks = _by_dtype(variables) if self.fused else [[index] for index in range(len(variables))]
        self._slots = [
            {
                name: self.add_variable(
                    shape=(_sizes(self._weights(block)).sum(),) if self.fused else variables[block[0]].shape,
                    dtype=keras.backend.result_type(variables[block[0]].dtype, "float32"),
                    layout=None if self.fused else getattr(variables[block[0]], "_layout", None),
                    name=f"{name}_{block[0]}",
                )
                for name in used_averages(self.rule)
            }
            for block in self._blocks
        ]

    def update_step(self, gradient, variable, learning_rate):
        """Updates one weight and its slots."""
        index = self._get_variable_index(variable)
        dtype = keras.backend.result_type(variable.dtype, "float32")
        weight, gradient = ops.cast(variable, dtype), ops.cast(ops.reshape(gradient, variable.shape), dtype)
        update = _shaped(self._update(gradient, weight, index) * ops.cast(learning_rate, dtype), variable.shape)
        self.assign_sub(variable, ops.cast(update, variable.dtype))

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        """Keras's loop over the weights, or the update of all weights of a dtype at once."""
        if not self.fused:
            return super()._backend_update_step(grads, trainable_variables, learning_rate)
        given = {self._get_variable_index(v): g for g, v in zip(grads, trainable_variables, strict=True)}
        for number, block in enumerate(self._blocks):
            self._fused_step(number, block, given, learning_rate)

    def _fused_step(self, number, block, given, learning_rate):
        weights = self._weights(block)
        dtype = keras.backend.result_type(weights[0].dtype, "float32")
        gradients = [given.get(index, ops.zeros(w.shape, dtype)) for index, w in zip(block, weights, strict=True)]
        vector = _concatenated(weights, dtype) if takes_weights(self.rule) else None
        update = self._update(_concatenated(gradients, dtype), vector, number)
        sizes = _sizes(weights)
        update = _shaped(update * ops.cast(learning_rate, dtype), (sizes.sum(),))
        parts = ops.split(update, np.cumsum(sizes)[:-1].tolist()) if len(sizes) > 1 else [update]
        for index, weight, part in zip(block, weights, parts, strict=True):
            if index in given:  # a weight without a gradient stays
                self.assign_sub(weight, ops.cast(ops.reshape(part, weight.shape), weight.dtype))

    def _weights(self, block):
        return [self._trainable_variables[index] for index in block]

    def _update(self, gradient, weight, number):
        """The rule's value for a tensor of weights and its gradient; moves the slots of that number."""
        step = Step(self, gradient, weight, number)
        results: list[Any] = []
        for group, sides in zip(self.rule.groups, used(self.rule), strict=True):
            if not sides[0]:
                results.append(None)
                continue
            place = 2 * len(results)
            left = step.unary(group.left_unary, step.operand(group.left, results), place)
            if group.binary == "left":
                results.append(left)
                continue
            right = step.unary(group.right_unary, step.operand(group.right, results), place + 1)
            if group.binary == "pow" and self.behaviour.power_base == "absolute":
                left = ops.abs(left)
            results.append(BINARY[group.binary](left, right))
        return results[-1]

    def get_config(self):
        """Returns the arguments from which the optimizer can be made again, the drawn seed among them."""
        return {
            **super().get_config(),
            "groups": self.rule.to_json(),
            "total_steps": self.total_steps,
            "behaviour": msgspec.to_builtins(self.behaviour),
            "fused": self.fused,
            "seed": self.seed,
        }


class Step:
    """What the tokens of a rule are worth for one tensor of weights in one step; each operand is computed once.

    Args:
        rule: the optimizer, whose slots it moves as it needs them.
        gradient, weight: tensors of one shape and dtype.
        number: which of the optimizer's tensors it is.
    """

    PLACES = 2 * 4  # of drop: 2 in each of up to 4 groups; noise comes after them

    def __init__(self, rule: UpdateRule, gradient: Any, weight: Any, number: int):
        self._rule, self._g, self._w, self._number = rule, gradient, weight, number
        self._t = ops.convert_to_tensor(rule.iterations)
        self._values: dict[str, Any] = {}

    def operand(self, token: str, results: Sequence[Any] = ()) -> Any:
        """The value of an operand, a decay, or `#k`, the k-th of the results."""
        result = result_number(token)
        if result:
            return results[result - 1]
        if token not in self._values:
            timed = decay(token)
            self._values[token] = self._decay(timed) if timed else self._operand(token)
        return self._values[token]

    def unary(self, token: str, x: Any, place: int) -> Any:
        """The value of a unary function; `place` tells the drops of a rule apart."""
        kind, amount = UNARIES[token].kind, UNARIES[token].amount
        if kind != "drop":
            return ELEMENT_WISE[kind](x, amount)
        scale = 1 / (1 - amount) if self._rule.behaviour.rescale_dropped else 1.0
        kept = keras.random.uniform(self._g.shape, dtype="float32", seed=self._seed(place)) >= amount
        return ops.where(kept, x * scale, ops.zeros((), self._g.dtype))

    def _operand(self, token: str) -> Any:
        if token in ("1", "2"):
            return ops.convert_to_tensor(float(token), self._g.dtype)
        if token in WEIGHT_SCALES:
            return self._w * WEIGHT_SCALES[token]
        if token in AVERAGED:
            return self._average(token, *AVERAGED[token])
        if token == "noise":
            return self._normal(self.PLACES) * self._rule.behaviour.noise_std
        if token in ("g", "g^2", "g^3"):
            return {"g": self._g, "g^2": self._g * self._g, "g^3": self._g * self._g * self._g}[token]
        if token in ("sign(g)", "sign(m)"):
            return ops.sign(self.operand(token[5:-1]))
        return self.operand("m" if token == "adam" else "g") / (ops.sqrt(self.operand("v")) + DELTA)

    def _average(self, name: str, of: str, beta_name: str) -> Any:
        """Moves a moving average once and returns it, corrected where the rule corrects."""
        slot, beta = self._rule._slots[self._number][name], getattr(self._rule.behaviour, beta_name)
        moved = ops.convert_to_tensor(slot) * beta + self.operand(of) * (1 - beta)
        self._rule.assign(slot, moved)
        if not self._rule.behaviour.bias_correction or beta == 0:
            return moved
        return moved * (-1 / ops.expm1((self._count + 1) * math.log(beta)))  # exact also for a beta just below 1

    def _decay(self, timed: Decay) -> Any:
        if timed.kind == "noise":
            return self._normal(self.PLACES + 1) * ops.power(self._count + 1, -NOISE_DECAY / 2)
        total = self._rule.total_steps or 1  # given where a rule asks for it
        t = ops.minimum(self._t, ops.cast(total, self._t.dtype))
        if timed.kind == "linear":
            return 1 - ops.cast(t, self._g.dtype) / total
        n = timed.periods
        t = t if n * total < 2**31 else ops.cast(t, self._g.dtype)  # whole numbers are exact, but 32 bits wide in JAX
        turned = ops.mod(t * ops.cast(n, t.dtype), ops.cast(total, t.dtype)) if n >= 1 else t
        angle = (2 if timed.kind == "cosine" else 1) * math.pi * (1 if n >= 1 else n)
        return 0.5 * (1 + ops.cos(ops.cast(turned, self._g.dtype) * (angle / total)))

    @property
    def _count(self) -> Any:
        return ops.cast(self._t, self._g.dtype)

    def _normal(self, place: int) -> Any:
        return keras.random.normal(self._g.shape, dtype=self._g.dtype, seed=self._seed(place))

    def _seed(self, place: int) -> "FixedSeed":
        words = np.random.SeedSequence((self._rule.seed, self._number, place)).generate_state(1)
        dtype = "int32" if keras.backend.backend() == "tensorflow" else "uint32"  # as each backend draws without state
        return FixedSeed(ops.stack([ops.cast(int(words[0]) >> 1, dtype), ops.cast(self._t, dtype)]))


class FixedSeed(keras.random.SeedGenerator):
    """A seed for the functions of `keras.random` that is a tensor of two whole numbers and has no state."""

    def __init__(self, words: Any):
        self._words = words

    def next(self, ordered=True):
        """Returns the two numbers."""
        return self._words


def _by_dtype(variables: Sequence[Any]) -> list[list[int]]:
    """Indices of the variables, those of a dtype together."""
    blocks: dict[str, list[int]] = {}
    for index, variable in enumerate(variables):
        blocks.setdefault(variable.dtype, []).append(index)
    return list(blocks.values())


def _shaped(x: Any, shape: Sequence[int]) -> Any:
    return x if tuple(x.shape) == tuple(shape) else ops.broadcast_to(x, shape)


def _sizes(variables: Sequence[Any]) -> np.ndarray:
    return np.array([math.prod(variable.shape) for variable in variables])


def _concatenated(tensors: Sequence[Any], dtype: str) -> Any:
    return ops.concatenate([ops.cast(ops.reshape(x, (-1,)), dtype) for x in tensors])


# Keras loads a file that holds such optimizers wherever this module was imported.
keras.saving.register_keras_serializable("archloom")(UpdateRule)
