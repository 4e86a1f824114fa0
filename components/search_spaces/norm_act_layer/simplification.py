"""What is left of a layer graph when all that needs no computing is taken away.

Dead nodes go, equal sub-expressions become one, commutative inputs take the order of their indices, what depends on
the zero tensor alone becomes a number, and identities are applied: x - x, 0 * x, 1 * x, 0 / x, max(x, x), -(-x),
abs(-x), a maximum of which one side always wins, a mean over axes along which nothing varies, a mean of means, …
Each holds for any finite input, in training and in inference; none makes a graph larger.

This is what a layer computes. Above all it settles which divisors need no eps: those that are at least sqrt(eps) in
size by construction, such as a root of a second moment.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE, EPSILON, apply, statistic_of
from components.search_spaces.norm_act_layer.spec import FIRST, INITIAL, ZERO, LayerSpec, Node, active

NUMBER = "number"  # the operation of a node that has no inputs and is the same number everywhere
ROW, SPACE, GROUP, WITHIN = 1, 2, 4, 8  # along which axes a value varies; channels: between and within groups
_REDUCES = {"bwh": ROW | SPACE, "whc": SPACE | GROUP | WITHIN, "wh": SPACE, "whcg": SPACE | WITHIN}
_NEVER_NEGATIVE = ("abs", "square", "exp", "sigmoid", "rms", "std")
_KEEPS_SIGN = ("add", "mul", "div", "sqrt", "tanh", "mean")
_SMALLEST = 0.999 * math.sqrt(EPSILON)


class Facts(NamedTuple):
    """What is known of a value whatever the input is.

    Fields:
        varies: along which axes it varies.
        nonnegative: it is never below zero.
        nonzero: its size is never below sqrt(eps).
        number: its value, where that is a number; else None.
    """

    varies: int
    nonnegative: bool
    nonzero: bool
    number: float | None = None


class LayerGraph(NamedTuple):
    """A simplified graph. Nodes 0 to 3 are x, zero, v0 and v1 as in a spec.

    Fields:
        nodes: node 4 + i is `nodes[i]`; its inputs have smaller indices, and the output depends on it.
        output: index of the output, which may be an initial node.
        facts: of each of the 4 + n nodes.
        origins: for each of `nodes` the index that it has, or replaces, in the spec.
    """

    nodes: tuple[Node, ...]
    output: int
    facts: tuple[Facts, ...]
    origins: tuple[int, ...]

    @property
    def operations(self) -> tuple[Node, ...]:
        """The nodes that are computed: all but the numbers."""
        return tuple(node for node in self.nodes if node.op != NUMBER)


@lru_cache(maxsize=4096)
def simplified(spec: LayerSpec, approximately: bool = False) -> LayerGraph:
    """Returns the graph that computes what a spec says.

    Args:
        spec: the layer.
        approximately: takes also x / x for 1, and the root mean square of what doesn't vary for its absolute value,
            which eps makes not quite true: for screening only.
    """
    simplifier = _Simplifier(approximately)
    places = list(range(FIRST))
    for index, (alive, (op, inputs)) in enumerate(zip(active(spec)[FIRST:], spec.nodes, strict=True), start=FIRST):
        simplifier.origin = index
        places.append(simplifier.value(op, tuple([places[source] for source in inputs])) if alive else ZERO)
    return simplifier.graph(places[-1])


class _Simplifier:
    """Values by number, each with its facts; a value is made once."""

    def __init__(self, approximately: bool):
        self.origin = 0
        self._approximately = approximately
        self._values = [Node(name, ()) for name in INITIAL]
        self._facts = [
            Facts(ROW | SPACE | GROUP | WITHIN, False, False),
            Facts(0, True, False, 0.0),
            Facts(GROUP | WITHIN, False, False),
            Facts(GROUP | WITHIN, False, False),
        ]
        self._origins = [0] * FIRST
        self._seen: dict[object, int] = {number_text(0.0): ZERO}

    def value(self, op: str, inputs: tuple[int, ...]) -> int:
        """Returns the value of an operation on values."""
        numbers = [self._facts[source].number for source in inputs]
        if None not in numbers:
            return self._number(_computed(op, tuple(numbers)))  # type: ignore[arg-type]
        split = statistic_of(op)
        if split:
            return self._aggregation(*split, op, inputs[0])
        if len(inputs) == 1:
            return self._unary(op, inputs[0])
        return getattr(self, f"_{op}")(*sorted(inputs) if op in COMMUTATIVE else inputs)

    def graph(self, output: int) -> LayerGraph:
        """Returns the values that the output needs, as a graph."""
        needed = [index < FIRST for index in range(len(self._values))]
        needed[output] = True
        for index in range(len(self._values) - 1, FIRST - 1, -1):
            if needed[index]:
                for source in self._values[index].inputs:
                    needed[source] = True
        kept = [index for index, need in enumerate(needed) if need]
        places = {index: place for place, index in enumerate(kept)}
        moved = [self._values[index] for index in kept[FIRST:]]
        return LayerGraph(
            nodes=tuple([Node(op, tuple([places[source] for source in inputs])) for op, inputs in moved]),
            output=places[output],
            facts=tuple([self._facts[index] for index in kept]),
            origins=tuple([self._origins[index] for index in kept[FIRST:]]),
        )

    def _aggregation(self, statistic: str, index_set: str, op: str, x: int) -> int:
        if not self._facts[x].varies & _REDUCES[index_set]:
            return self._of_what_does_not_vary(statistic, x)
        inner, sources = self._values[x]
        if statistic == "mean":
            # A mean of means over some of the axes, whose parts are all of one size.
            of_means = inner == "mean_wh" or (inner == "mean_whcg" and index_set == "whc")
            return self.value(op, sources) if of_means else self._add_value(op, (x,))
        if inner == "neg" or (inner == "abs" and statistic == "rms"):
            return self.value(op, sources)
        if inner == "add" and statistic == "std":
            for moved, shift in (sources, sources[::-1]):
                if not self._facts[shift].varies & _REDUCES[index_set]:
                    return self.value(op, (moved,))
        return self._add_value(op, (x,))

    def _of_what_does_not_vary(self, statistic: str, x: int) -> int:
        if statistic == "mean":
            return x
        if statistic == "std":
            return self._number(math.sqrt(EPSILON))
        return self._unary("abs", x) if self._approximately else self._add_value("rms_wh", (x,))

    def _unary(self, op: str, x: int) -> int:
        inner, sources = self._values[x]
        if op == "neg" and inner == "neg":
            return sources[0]
        if op == "abs" and self._facts[x].nonnegative:
            return x
        if (op in ("abs", "square") and inner == "neg") or (op == "square" and inner == "abs"):
            return self._unary(op, sources[0])
        return self._add_value(op, (x,))

    def _add(self, a: int, b: int) -> int:
        if ZERO in (a, b):
            return b if a == ZERO else a
        if self._values[a] == ("neg", (b,)) or self._values[b] == ("neg", (a,)):
            return ZERO
        return self._add_value("add", (a, b))

    def _mul(self, a: int, b: int) -> int:
        if ZERO in (a, b):
            return ZERO
        if a == b:
            return self._unary("square", a)
        for one, other in ((a, b), (b, a)):
            if self._facts[one].number in (1, -1):
                return other if self._facts[one].number == 1 else self._unary("neg", other)
        if self._values[a].op == self._values[b].op == "neg":
            inner = sorted([self._values[a].inputs[0], self._values[b].inputs[0]])
            return self._mul(inner[0], inner[1])
        return self._add_value("mul", (a, b))

    def _div(self, a: int, b: int) -> int:
        if a == ZERO:
            return ZERO
        if self._facts[b].number in (1, -1):
            return a if self._facts[b].number == 1 else self._unary("neg", a)
        if a == b and (self._approximately or self._facts[b].nonzero):
            return self._number(1.0)
        return self._add_value("div", (a, b))

    def _max(self, a: int, b: int) -> int:
        for one, other in ((a, b), (b, a)):
            inner, sources = self._values[one]
            always = self._facts[one].nonnegative and self._never_positive(other)
            if a == b or always or (inner == "max" and other in sources):
                return one
        return self._add_value("max", (a, b))

    def _never_positive(self, value: int) -> bool:
        number = self._facts[value].number
        if number is not None:
            return number <= 0
        op, inputs = self._values[value]
        return op == "neg" and self._facts[inputs[0]].nonnegative

    def _number(self, number: float) -> int:
        key = number_text(number)
        if key not in self._seen:
            facts = Facts(0, number >= 0, abs(number) >= _SMALLEST, number)
            self._seen[key] = self._append(Node(NUMBER, ()), facts)
        return self._seen[key]

    def _add_value(self, op: str, inputs: tuple[int, ...]) -> int:
        node = Node(op, inputs)
        if node not in self._seen:
            self._seen[node] = self._append(node, _facts_of(op, [self._facts[source] for source in inputs]))
        return self._seen[node]

    def _append(self, node: Node, facts: Facts) -> int:
        self._values.append(node)
        self._facts.append(facts)
        self._origins.append(self.origin)
        return len(self._values) - 1


def number_text(number: float) -> str:
    """Returns a number with 9 digits; numbers of one text are one value. Never `-0`."""
    return f"{number + 0.0:.9g}"


def _facts_of(op: str, inputs: list[Facts]) -> Facts:
    split = statistic_of(op)
    name = split[0] if split else op
    varies = inputs[0].varies | inputs[-1].varies
    signs = [one.nonnegative for one in inputs]
    above = [one.nonnegative and one.nonzero for one in inputs]  # at least sqrt(eps)
    match name:
        case "rms" | "std":
            nonzero = True
        case "max":
            nonzero = any(above)
        case "add":
            nonzero = any(above) and all(signs)
        case "exp" | "sigmoid":
            nonzero = signs[0]
        case "abs" | "neg":
            nonzero = inputs[0].nonzero
        case "mean":
            nonzero = above[0] and op != "mean_bwh"  # the moving average of a mean starts at zero
        case _:
            nonzero = False
    nonnegative = name in _NEVER_NEGATIVE or (name in _KEEPS_SIGN and all(signs)) or (name == "max" and any(signs))
    return Facts(varies & ~_REDUCES[split[1]] if split else varies, nonnegative, nonzero)


@lru_cache(maxsize=4096)
def _computed(op: str, numbers: tuple[float, ...]) -> float:
    """The value of an operation on numbers."""
    with np.errstate(all="ignore"):
        arrays = [np.full((1, 1, 1, 1), number) for number in numbers]
        return float(apply(op, arrays, 1, abs(numbers[-1]) >= _SMALLEST).item())
