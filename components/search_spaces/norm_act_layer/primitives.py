"""The primitive operations of a layer graph: 12 element-wise ones, and 3 aggregations over each of 4 index sets.

Values are arrays that broadcast to `[batch, height, width, channels]`: a value that doesn't vary along an axis may have
length 1 there, which changes no result. `apply` is the NumPy meaning; `build.py` holds the Keras one.

Source: EvoNorm Table 1 (definitions confirmed by a third party's re-implementation); biased variance, the root included
and eps = 1e-5 as in the authors' layers. The text leaves open where else an eps stands; here it is added
to |x| in log and sqrt, and to the divisor (away from zero) where that may reach zero.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

EPSILON = 1e-5
INDEX_SETS = ("bwh", "whc", "wh", "whcg")
STATISTICS = ("mean", "rms", "std")
REDUCED_AXES = {"bwh": (0, 1, 2), "whc": (1, 2, 3), "wh": (1, 2), "whcg": (1, 2)}  # whcg: the group's channels follow


class Primitive(NamedTuple):
    """A row of the table.

    Fields:
        name: such as `add`, or `std_bwh` for an aggregation.
        arity: number of inputs, 1 or 2.
        formula: how it is printed; `{}` stands for an input.
        binds: how strongly the printed form binds: 1 sum, 2 product, 3 sign, 4 function.
        compute: the NumPy function of an element-wise operation; None for an aggregation.
    """

    name: str
    arity: int
    formula: str
    binds: int
    compute: Callable[..., np.ndarray] | None = None


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * x) + 0.5


ELEMENT_WISE = (
    Primitive("add", 2, "{} + {}", 1, np.add),
    Primitive("mul", 2, "{} * {}", 2, np.multiply),
    Primitive("div", 2, "{} / {}", 2, np.divide),
    Primitive("max", 2, "max({}, {})", 4, np.maximum),
    Primitive("neg", 1, "-{}", 3, np.negative),
    Primitive("sigmoid", 1, "sigmoid({})", 4, _sigmoid),
    Primitive("tanh", 1, "tanh({})", 4, np.tanh),
    Primitive("exp", 1, "exp({})", 4, np.exp),
    Primitive("log", 1, "log({})", 4, lambda x: np.sign(x) * np.log(np.abs(x) + EPSILON)),
    Primitive("abs", 1, "abs({})", 4, np.abs),
    Primitive("square", 1, "square({})", 4, np.square),
    Primitive("sqrt", 1, "sqrt({})", 4, lambda x: np.sign(x) * np.sqrt(np.abs(x) + EPSILON)),
)
AGGREGATIONS = tuple(
    Primitive(f"{statistic}_{index_set}", 1, f"{statistic}[{index_set}]({{}})", 4)
    for statistic in STATISTICS
    for index_set in INDEX_SETS
)
PRIMITIVES = {primitive.name: primitive for primitive in ELEMENT_WISE + AGGREGATIONS}
NAMES = tuple(PRIMITIVES)
COMMUTATIVE = ("add", "mul", "max")


def statistic_of(name: str) -> tuple[str, str] | None:
    """Splits the name of an aggregation into (statistic, index set); None for an element-wise operation."""
    statistic, _, index_set = name.partition("_")
    return (statistic, index_set) if index_set else None


def group_count(groups: int, channels: int) -> int:
    """Returns the largest number of groups up to `groups` that divides the channels. Source: the authors' layers."""
    return next(count for count in range(min(groups, channels), 0, -1) if channels % count == 0)


def apply(name: str, inputs: list[np.ndarray], groups: int, nonzero_divisor: bool) -> np.ndarray:
    """Computes a primitive in NumPy.

    Args:
        name: the primitive.
        inputs: its inputs, each broadcasting to `[batch, height, width, channels]`.
        groups: group limit of the index set whcg.
        nonzero_divisor: whether the divisor of `div` needs no eps.
    """
    split = statistic_of(name)
    if split:
        return _aggregate(*split, inputs[0], groups)
    if name == "div" and not nonzero_divisor:
        inputs = [inputs[0], inputs[1] + np.where(inputs[1] < 0, -EPSILON, EPSILON).astype(inputs[1].dtype)]
    compute = PRIMITIVES[name].compute
    assert compute is not None
    return compute(*inputs)


def _aggregate(statistic: str, index_set: str, x: np.ndarray, groups: int) -> np.ndarray:
    if statistic == "mean":
        return _mean(index_set, x, groups)
    if statistic == "std":
        x = x - _mean(index_set, x, groups)
    return np.sqrt(_mean(index_set, np.square(x), groups) + EPSILON)


def _mean(index_set: str, x: np.ndarray, groups: int) -> np.ndarray:
    axes = REDUCED_AXES[index_set]
    mean = np.add.reduce(x, axis=axes, keepdims=True) / np.float32(np.prod([x.shape[axis] for axis in axes]))
    if index_set == "whcg":
        channels = x.shape[-1]
        size = channels // group_count(groups, channels)
        if size > 1:
            mean = np.repeat(mean.reshape(*mean.shape[:3], -1, size).mean(-1), size, axis=-1)
    return mean
