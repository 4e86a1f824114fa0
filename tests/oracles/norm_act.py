"""Slow, obvious versions of the layers: published formulas, and an interpreter of graphs by recursion."""

import numpy as np

EPS = 1e-5
AXES = {"bwh": (0, 1, 2), "whc": (1, 2, 3), "wh": (1, 2)}


def grouped(x, groups):
    """Splits channels into contiguous groups: `[batch, height, width, groups, channels / groups]`."""
    while x.shape[-1] % groups:
        groups -= 1
    return x.reshape(*x.shape[:3], groups, -1)


def moment(x, index_set, power_of, groups=32):
    """The mean of power_of(x - center) over an index set, broadcast back to the shape of x."""
    if index_set == "whcg":
        split = grouped(x, groups)
        return np.broadcast_to(power_of(split, (1, 2, 4)), split.shape).reshape(x.shape)
    return np.broadcast_to(power_of(x, AXES[index_set]), x.shape)


def mean(x, index_set, groups=32):
    """The mean over an index set."""
    return moment(x, index_set, lambda a, axes: a.mean(axis=axes, keepdims=True), groups)


def variance(x, index_set, groups=32):
    """The biased variance over an index set."""
    return moment(x, index_set, lambda a, axes: a.var(axis=axes, keepdims=True), groups)


def mean_square(x, index_set, groups=32):
    """The mean of squares over an index set."""
    return moment(x, index_set, lambda a, axes: (a * a).mean(axis=axes, keepdims=True), groups)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def known(name, x, v0, v1, groups=32, batch=None):
    """A published layer before its affine; `batch` gives (mean, variance) per channel for inference."""
    mean_b, variance_b = batch or (mean(x, "bwh"), variance(x, "bwh"))
    std_b = np.sqrt(variance_b + EPS)
    std_i, rms_i = np.sqrt(variance(x, "wh") + EPS), np.sqrt(mean_square(x, "wh") + EPS)
    std_g, rms_g = np.sqrt(variance(x, "whcg", groups) + EPS), np.sqrt(mean_square(x, "whcg", groups) + EPS)
    normal = v1 * (x - mean_b) / std_b + v0
    by_layer = (x - mean(x, "whc")) / np.sqrt(variance(x, "whc") + EPS)
    return {
        "BN-ReLU": lambda: np.maximum(normal, 0),
        "BN-SiLU": lambda: normal * sigmoid(normal),
        "GN-ReLU": lambda: np.maximum(v1 * (x - mean(x, "whcg", groups)) / std_g + v0, 0),
        "LN-GELU-like": lambda: by_layer * sigmoid(np.exp(0.5) * by_layer),
        "EvoNorm-B0": lambda: x / np.maximum(std_b, v1 * x + std_i),
        "EvoNorm-B1": lambda: x / np.maximum(std_b, (x + 1) * rms_i),
        "EvoNorm-B2": lambda: x / np.maximum(std_b, rms_i - x),
        "EvoNorm-S0": lambda: x * sigmoid(v1 * x) / std_g,
        "EvoNorm-S1": lambda: x * sigmoid(x) / std_g,
        "EvoNorm-S2": lambda: x * sigmoid(x) / rms_g,
    }[name]()


def interpret(nodes, x, v0, v1, groups=32, batch=None, divisors="by construction"):
    """The output of a graph by recursion from its last node, every value at full shape and in float64.

    Args:
        nodes: rows of (operation, inputs); the input of a `number` is its value.
        x: `[batch, height, width, channels]`.
        v0, v1: `[channels]`.
        groups: group limit of whcg.
        batch: takes the statistics of aggregations over the batch from another batch, as inference does after one
            training step on that batch at decay 0.
        divisors: which of them get no eps: those that are large `by construction` or merely large `in value`.
    """
    x = np.asarray(x, np.float64)
    batch = x if batch is None else np.asarray(batch, np.float64)

    def at_least_root_of_eps(index):
        if index < 4:
            return False
        op, inputs = nodes[index - 4]
        if op == "number":
            return abs(inputs[0]) > 0.99 * EPS**0.5
        sure = [at_least_root_of_eps(source) for source in inputs]
        return op[:3] in ("rms", "std") or (op == "max" and any(sure)) or (op in ("add", "abs") and all(sure))

    def no_eps(index, divisor):
        return at_least_root_of_eps(index) if divisors == "by construction" else np.abs(divisor).min() > 0.99 * EPS**0.5

    def value(index, data):
        if index < 4:
            return [data, *(np.broadcast_to(part, data.shape) for part in (0.0, v0, v1))][index]
        op, inputs = nodes[index - 4]
        if op == "number":
            return np.full(data.shape, inputs[0])
        if "_" in op:
            statistic, index_set = op.split("_")
            a = value(inputs[0], batch if index_set == "bwh" else data)
            found = {"mean": mean, "rms": mean_square, "std": variance}[statistic](a, index_set, groups)
            found = np.broadcast_to(found[:1, :1, :1], data.shape) if index_set == "bwh" else found
            return found if statistic == "mean" else np.sqrt(found + EPS)
        a, b = value(inputs[0], data), value(inputs[-1], data)
        if op == "div":
            return a / (b if no_eps(inputs[1], b) else b + np.where(b < 0, -EPS, EPS))
        return {
            "add": lambda: a + b,
            "mul": lambda: a * b,
            "max": lambda: np.maximum(a, b),
            "neg": lambda: -a,
            "sigmoid": lambda: sigmoid(a),
            "tanh": lambda: np.tanh(a),
            "exp": lambda: np.exp(a),
            "log": lambda: np.sign(a) * np.log(np.abs(a) + EPS),
            "abs": lambda: np.abs(a),
            "square": lambda: a * a,
            "sqrt": lambda: np.sign(a) * np.sqrt(np.abs(a) + EPS),
        }[op]()

    with np.errstate(all="ignore"):
        return value(3 + len(nodes), x)


def live_nodes(nodes):
    """The indices that the last node depends on, itself included, found by recursion."""
    found = set()

    def visit(index):
        found.add(index)
        for source in nodes[index - 4][1] if index >= 4 else ():
            visit(source)

    visit(3 + len(nodes))
    return found


def expression(nodes):
    """The output as a nested tuple in which commutative operands are sorted: equal for isomorphic graphs only."""

    def tree(index):
        if index < 4:
            return (("x", "zero", "v0", "v1")[index],)
        op, inputs = nodes[index - 4]
        operands = [tree(source) for source in inputs]
        return (op, *(sorted(operands) if op in ("add", "mul", "max") else operands))

    return tree(3 + len(nodes))
