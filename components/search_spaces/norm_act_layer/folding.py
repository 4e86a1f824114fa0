"""Constant folding of a layer graph: what is left of it when trivial operations are taken away.

A value is folded to an earlier one by identities that need no numbers: x - x, 0 * x, 0 / x, x / x, max(x, x), -(-x),
a maximum of which one side always wins, a mean over axes along which nothing varies, the spread of a constant, …
Meant for screening only: x / x is taken for 1, which eps makes not quite true.
"""

from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE, statistic_of
from components.search_spaces.norm_act_layer.spec import INITIAL, ZERO, LayerSpec

ROW, SPACE, GROUP, WITHIN = 1, 2, 4, 8  # along which axes a value varies; channels: between and within groups
_REDUCES = {"bwh": ROW | SPACE, "whc": SPACE | GROUP | WITHIN, "wh": SPACE, "whcg": SPACE | WITHIN}
_NEVER_NEGATIVE = ("abs", "square", "exp", "sigmoid", "rms", "std")
_KEEPS_SIGN = ("add", "mul", "div", "sqrt", "tanh", "mean")
_ZERO_AT_ZERO = ("neg", "abs", "square", "sqrt", "tanh", "log")


class Folded:
    """The folded graph.

    Attributes:
        output_varies_by_row: whether the output differs from row to row of the batch.
        operations: operations that the output needs.
    """

    def __init__(self, spec: LayerSpec):
        self._values: list[tuple[str, tuple[int, ...]]] = [(name, ()) for name in INITIAL]
        self._varies = [ROW | SPACE | GROUP | WITHIN, 0, GROUP | WITHIN, GROUP | WITHIN]
        self._never_negative = [False, True, False, False]
        self._seen: dict[tuple[str, tuple[int, ...]], int] = {}
        place = list(range(len(INITIAL)))
        for op, inputs in spec.nodes:
            place.append(self._fold(op, tuple(place[source] for source in inputs)))
        self.output_varies_by_row = bool(self._varies[place[-1]] & ROW)
        self.operations = self._count(place[-1])

    def _fold(self, op: str, inputs: tuple[int, ...]) -> int:
        split = statistic_of(op)
        if split:
            return self._fold_aggregation(*split, op, inputs[0])
        if len(inputs) == 1:
            return self._fold_unary(op, inputs[0])
        return self._fold_binary(op, *(sorted(inputs) if op in COMMUTATIVE else inputs))

    def _fold_aggregation(self, statistic: str, index_set: str, op: str, x: int) -> int:
        if self._varies[x] & _REDUCES[index_set]:
            return self._add(op, (x,))
        if statistic == "mean":
            return x
        if statistic == "rms" and x != ZERO:
            return self._fold_unary("abs", x)
        return self._add("std_bwh", (ZERO,))

    def _fold_unary(self, op: str, x: int) -> int:
        inner, sources = self._values[x]
        if x == ZERO and op in _ZERO_AT_ZERO:
            return ZERO
        if op == "neg" and inner == "neg":
            return sources[0]
        if op == "abs" and self._never_negative[x]:
            return x
        if op in ("abs", "square") and inner == "neg":
            return self._fold_unary(op, sources[0])
        return self._add(op, (x,))

    def _fold_binary(self, op: str, a: int, b: int) -> int:
        zeros, ones = [value == ZERO for value in (a, b)], [self._is_one(value) for value in (a, b)]
        if op == "add" and any(zeros):
            return b if zeros[0] else a
        if op == "add" and (self._is_negative_of(a, b) or self._is_negative_of(b, a)):
            return ZERO
        if (op == "mul" and any(zeros)) or (op == "div" and zeros[0]):
            return ZERO
        if op == "mul" and any(ones):
            return b if ones[0] else a
        if op == "div" and ones[1]:
            return a
        if op == "div" and a == b:
            return self._add("exp", (ZERO,))
        if op == "max":
            if a == b or (self._never_negative[a] and self._never_positive(b)):
                return a
            if self._never_negative[b] and self._never_positive(a):
                return b
        return self._add(op, (a, b))

    def _add(self, op: str, inputs: tuple[int, ...]) -> int:
        key = (op, inputs)
        if key not in self._seen:
            self._seen[key] = len(self._values)
            self._values.append(key)
            split = statistic_of(op)
            varies = 0
            for source in inputs:
                varies |= self._varies[source]
            self._varies.append(varies & ~_REDUCES[split[1]] if split else varies)
            signs = [self._never_negative[source] for source in inputs]
            name = split[0] if split else op
            never = name in _NEVER_NEGATIVE or (name in _KEEPS_SIGN and all(signs)) or (name == "max" and any(signs))
            self._never_negative.append(never or (name == "mul" and inputs[0] == inputs[1]))
        return self._seen[key]

    def _is_one(self, value: int) -> bool:
        return self._values[value] == ("exp", (ZERO,))

    def _is_negative_of(self, a: int, b: int) -> bool:
        return self._values[a] == ("neg", (b,))

    def _never_positive(self, value: int) -> bool:
        op, inputs = self._values[value]
        return value == ZERO or (op == "neg" and self._never_negative[inputs[0]])

    def _count(self, output: int) -> int:
        reached, waiting = {output}, [output]
        while waiting:
            for source in self._values[waiting.pop()][1]:
                if source not in reached:
                    reached.add(source)
                    waiting.append(source)
        return sum(value >= len(INITIAL) for value in reached)
