"""Update rules computed group by group in NumPy (float64), and simplified rules from their text: slow and obvious."""

import math
import re

import numpy as np

DELTA = 1e-8


def decay(token, t, total):
    """A decay's number at step t of `total`; `cd` is cd_{1/2}."""
    t = min(t, total)
    if token == "ld":
        return 1 - t / total
    kind, _, n = token.partition("_")
    if kind == "cd":
        return 0.5 * (1 + math.cos(2 * math.pi * (float(n) if n else 0.5) * t / total))
    return 0.5 * (1 + math.cos(math.pi * ((t * int(n)) % total) / total))


def moving_averages(gradients, betas=(0.9, 0.999, 0.999), corrected=True):
    """m, v and gamma after the last of the gradients, `[steps, ...]`, from the sums that define them."""
    steps = len(gradients)
    averages = []
    for power, beta in zip((1, 2, 3), betas, strict=True):
        total = sum((1 - beta) * beta ** (steps - 1 - i) * gradients[i].astype(float) ** power for i in range(steps))
        averages.append(total / (1 - beta**steps) if corrected else total)
    return averages


def operands(gradients, weights, total_steps, noise, noise_t, betas=(0.9, 0.999, 0.999), corrected=True):
    """Every operand's value at step len(gradients) - 1, by token; `noise` and `noise_t` are the draws themselves."""
    g, t = gradients[-1].astype(float), len(gradients) - 1
    m, v, gamma = moving_averages(gradients, betas, corrected)
    w = np.asarray(weights, float)
    values = {
        "g": g, "g^2": g**2, "g^3": g**3, "m": m, "v": v, "gamma": gamma, "sign(g)": np.sign(g), "sign(m)": np.sign(m),
        "1": 1.0, "2": 2.0, "noise": noise, "1e-4w": 1e-4 * w, "1e-3w": 1e-3 * w, "1e-2w": 1e-2 * w, "1e-1w": 1e-1 * w,
        "adam": m / (np.sqrt(v) + DELTA), "rmsprop": g / (np.sqrt(v) + DELTA), "noise_t": noise_t,
    }  # fmt: skip
    decays = ("ld", "cd", "cd_1", "cd_2", "rd_1", "rd_10", "rd_20")
    return values | {token: decay(token, t, total_steps) for token in decays}


def unary(token, x, mask):
    """A unary function; `mask` is what drop multiplies by: 0, and 1 or 1 / (1 - p)."""
    name, _, amount = token.partition("_")
    return {
        "identity": lambda: x,
        "neg": lambda: -x,
        "exp": lambda: np.exp(x),
        "log": lambda: np.log(np.abs(x)),
        "sqrt": lambda: np.sqrt(np.abs(x)),
        "clip": lambda: np.minimum(np.maximum(x, -float(amount)), float(amount)),
        "drop": lambda: np.where(mask == 0, 0.0, x * mask),
        "sign": lambda: np.sign(x),
    }[name]()


def binary(token, x, y, absolute=False):
    """A binary function."""
    return {
        "add": lambda: x + y,
        "sub": lambda: x - y,
        "mul": lambda: x * y,
        "div": lambda: x / (y + DELTA),
        "pow": lambda: np.power(np.abs(x) if absolute else np.asarray(x, float), y),
        "left": lambda: x,
    }[token]()


def raw_update(groups, values, masks, absolute=False):
    """The update of groups of five tokens.

    Args:
        groups: [left, right, left unary, right unary, binary] each.
        values: of the operands by token.
        masks: of drop for each place, 2 * group + side.
        absolute: whether a power is of |x|.
    """
    results = []
    with np.errstate(all="ignore"):
        for at, (left, right, left_unary, right_unary, function) in enumerate(groups):
            x = results[int(left[1:]) - 1] if left[0] == "#" else values[left]
            y = results[int(right[1:]) - 1] if right[0] == "#" else values[right]
            x, y = unary(left_unary, x, masks[2 * at]), unary(right_unary, y, masks[2 * at + 1])
            results.append(binary(function, x, y, absolute))
    return results[-1]


def simplified_update(text, values, masks, absolute=False):
    """The update of a simplified rule's text, which Python reads as it stands but for the places of drop."""
    names = {
        "__builtins__": {},
        "exp": np.exp,
        "log": lambda x: np.log(np.abs(x)),
        "sqrt": lambda x: np.sqrt(np.abs(x)),
        "sign": np.sign,
        "clip": lambda x, limit: np.minimum(np.maximum(x, -limit), limit),
        "recip": lambda x: 1 / (x + DELTA),
        "pow": lambda x, y: binary("pow", x, y, absolute),
        "drop": lambda x, rate, place: np.where(masks[place] == 0, 0.0, x * masks[place]),
        "w": values["1e-4w"] * 1e4,
        "inf": np.inf,
        "nan": np.nan,
        **{token: value for token, value in values.items() if token.isidentifier()},
    }
    with np.errstate(all="ignore"):
        return eval(re.sub(r"~(\d+)", r"\1", text), names)  # a text that our own code wrote
