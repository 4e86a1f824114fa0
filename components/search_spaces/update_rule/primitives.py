"""The tokens of the update-rule language: operands, decays, unary and binary functions, and what each means.

All functions are element-wise on one weight tensor. `t` is the number of updates made before this one (0 at the first),
T the number of steps of the whole training, g the gradient, w the weights. Moving averages include the current g:

    m     <- beta1 m     + (1 - beta1) g          v     <- beta2 v     + (1 - beta2) g^2
    gamma <- beta3 gamma + (1 - beta3) g^3        with bias correction: divided by 1 - beta^(t + 1)

Source: Neural Optimizer Search, Table 1 (tokens and functions; confirmed by two re-implementations), Table 2 (decays).
NOTE: which numbers n of cycles and restarts were searched is unknown; a decay carries its n in its name.
"""

import re
from typing import NamedTuple

DELTA = 1e-8  # added to every divisor


class Operand(NamedTuple):
    """An operand of the first table.

    Fields:
        name: the token.
        averages: the moving averages that it needs, of m, v and gamma in this order.
        formula: what it is worth.
    """

    name: str
    averages: tuple[str, ...]
    formula: str


class Decay(NamedTuple):
    """A decay operand: a number that depends on the step alone, or (`noise_t`) noise whose size does.

    Fields:
        name: the token: `ld`, `cd`, `cd_N`, `rd_N` or `noise_t`.
        kind: which of the formulas; t is capped at T.
            linear: 1 - t / T. cosine: (1 + cos(2 pi n t / T)) / 2. restart: (1 + cos(pi ((t n) mod T) / T)) / 2.
            noise: drawn from N(0, 1 / (1 + t)^0.55), the second number being the variance; t is not capped.
        periods: n, > 0: 0.5 for `cd`, a whole number for `cd_N` and `rd_N`; 0 where there is none.
    """

    name: str
    kind: str
    periods: float


class Unary(NamedTuple):
    """A unary function.

    Fields:
        name: the token.
        kind: identity; neg: -x; exp: e^x; log: ln|x|; sqrt: sqrt|x|; clip: to [-amount, amount];
            drop: 0 with probability amount, element by element and independent at every place of a rule; sign.
        amount: of clip and drop, else 0.
    """

    name: str
    kind: str
    amount: float


class Binary(NamedTuple):
    """A binary function of x and y: its token, and its formula."""

    name: str
    formula: str


OPERANDS = {
    row.name: row
    for row in (
        Operand("g", (), "gradient"),
        Operand("g^2", (), "g * g"),
        Operand("g^3", (), "g * g * g"),
        Operand("m", ("m",), "moving average of g"),
        Operand("v", ("v",), "moving average of g^2"),
        Operand("gamma", ("gamma",), "moving average of g^3"),
        Operand("sign(g)", (), "-1, 0 or 1"),
        Operand("sign(m)", ("m",), "-1, 0 or 1"),
        Operand("1", (), "1"),
        Operand("2", (), "2"),
        Operand("noise", (), "N(0, noise_std^2); drawn once a step and weight tensor, equal wherever a rule names it"),
        Operand("1e-4w", (), "0.0001 w"),
        Operand("1e-3w", (), "0.001 w"),
        Operand("1e-2w", (), "0.01 w"),
        Operand("1e-1w", (), "0.1 w"),
        Operand("adam", ("m", "v"), "m / (sqrt(v) + delta)"),
        Operand("rmsprop", ("v",), "g / (sqrt(v) + delta)"),
    )
}
WEIGHT_SCALES = {"1e-4w": 1e-4, "1e-3w": 1e-3, "1e-2w": 1e-2, "1e-1w": 1e-1}
AVERAGES = ("m", "v", "gamma")
GRADIENT = ("g", "g^2", "g^3", "m", "v", "gamma", "sign(g)", "sign(m)", "adam", "rmsprop")  # operands that use it

UNARIES = {
    row.name: row
    for row in (
        Unary("identity", "identity", 0),
        Unary("neg", "neg", 0),
        Unary("exp", "exp", 0),
        Unary("log", "log", 0),
        Unary("sqrt", "sqrt", 0),
        Unary("clip_1e-5", "clip", 1e-5),
        Unary("clip_1e-4", "clip", 1e-4),
        Unary("clip_1e-3", "clip", 1e-3),
        Unary("drop_0.1", "drop", 0.1),
        Unary("drop_0.3", "drop", 0.3),
        Unary("drop_0.5", "drop", 0.5),
        Unary("sign", "sign", 0),
    )
}
BINARIES = {
    row.name: row
    for row in (
        Binary("add", "x + y"),
        Binary("sub", "x - y"),
        Binary("mul", "x * y"),
        Binary("div", "x / (y + delta)"),
        Binary("pow", "x^y"),
        Binary("left", "x; y is not computed"),
    )
}

MAX_PERIODS = 1000
_DECAY = re.compile(r"(cd|rd)_([1-9][0-9]{0,3})\Z")


def decay(token: str) -> Decay | None:
    """Returns the decay of a token, n in [1, 1000]; None where it is no decay."""
    if token == "ld":
        return Decay(token, "linear", 0)
    if token == "noise_t":
        return Decay(token, "noise", 0)
    if token == "cd":
        return Decay(token, "cosine", 0.5)
    parts = _DECAY.match(token)
    if not parts or int(parts[2]) > MAX_PERIODS:
        return None
    return Decay(token, "cosine" if parts[1] == "cd" else "restart", int(parts[2]))
