"""The unary and binary functions of the language, applied to values in normal form."""

import math

from components.search_spaces.update_rule.normal_form import (
    LARGEST,
    RANDOM,
    Facts,
    NormalForm,
    Value,
    number_power,
    number_text,
    single,
    value_text,
)
from components.search_spaces.update_rule.primitives import DELTA, UNARIES

MOST_EXPONENT = 8  # a larger whole power stays a power
MOST_EXPONENTIAL = 60.0  # e^60 is 1e26
DROP_OPERATIONS, POWER_OPERATIONS = 4, 8  # additions that take as long (measured: 3.8 and 7.2; an exponential 1.0)


class Functions(NormalForm):
    """Normal form with functions; where a law below makes two expressions one, they get one text.

    Args:
        absolute_base: whether a power is taken of |x|.
    """

    def __init__(self, absolute_base: bool = False):
        super().__init__()
        self._absolute_base = absolute_base
        self._arguments: dict[str, Value] = {}  # of function atoms
        self._limits: dict[str, float] = {}  # of clips

    def unary(self, token: str, x: Value, place: int) -> Value:
        """Returns a unary function of x.

        Args:
            token: its name.
            x: the argument.
            place: number of the draw where it is random; equal places are one draw.
        """
        _, kind, amount = UNARIES[token]
        if kind == "identity":
            return x
        if kind == "neg":
            return self.scale(x, -1.0)
        if kind == "drop":
            return self._drop(x, amount, place)
        if not x.terms:
            return Value(single(_number(kind, x.constant, amount)))
        if kind == "clip":
            return self._clip(x, amount)
        return {"exp": self._exp, "log": self._log, "sqrt": self._sqrt, "sign": self._sign}[kind](x)

    def binary(self, token: str, x: Value, y: Value) -> Value:
        """Returns a binary function of x and y."""
        match token:
            case "add":
                return self.add(x, y)
            case "sub":
                return self.add(x, self.scale(y, -1.0))
            case "mul":
                return self.multiply(x, y)
            case "div":
                return self.divide(x, y)
            case "pow":
                return self._pow(x, y)
        return x

    def divide(self, x: Value, y: Value) -> Value:
        """Returns x / (y + delta), as a product with recip(y)."""
        if not y.terms:
            # In float32, 1 + delta is 1.
            return self.scale(x, number_power(y.constant + (DELTA if abs(y.constant) < 0.1 else 0.0), -1.0))
        facts = self.facts_of(y)
        bound = 1 / DELTA if facts.nonnegative and facts.bound < math.inf else math.inf
        inverse = self._function(f"recip({value_text(y)})", y, facts, bound, facts.nonnegative)
        return self.multiply(x, inverse)

    def _exp(self, x: Value) -> Value:
        facts = self.facts_of(x)
        bounded = facts.bound <= MOST_EXPONENTIAL
        bound = math.exp(facts.bound) if bounded else math.inf
        return self._function(f"exp({value_text(x)})", x, facts, bound, nonnegative=True, positive=bounded)

    def _log(self, x: Value) -> Value:
        """ln|c x| = ln|c| + ln|x|, of sums only where c = -1; ln e^x = x where e^x can't overflow."""
        scale, x = self.leading(x)
        if len(x.terms) > 1 or x.constant != 0:
            scale, x = 1.0, self.scale(x, abs(scale))  # ln|1 +- 1| must stay exact
        inner = self._argument("exp", x)
        if inner is not None and self.facts_of(inner).bound <= MOST_EXPONENTIAL:
            log = inner
        else:
            log = self._function(f"log({value_text(x)})", x, self.facts_of(x), math.inf)
        return self.add(log, Value(math.log(abs(scale))))

    def _sqrt(self, x: Value) -> Value:
        """sqrt|c x| = sqrt|c| sqrt|x|."""
        scale, x = self.leading(x)
        facts = self.facts_of(x)
        root = self._function(f"sqrt({value_text(x)})", x, facts, math.sqrt(facts.bound), nonnegative=True)
        return self.scale(root, math.sqrt(abs(scale)))

    def _sign(self, x: Value) -> Value:
        """sign(c x) = sign(c) sign(x); sign of a sign or of a clip is that of what is inside; sign(e^x) = 1."""
        scale, x = self.leading(x)
        facts, clipped = self.facts_of(x), self._argument("clip", x)
        if facts.positive:
            sign = Value(1.0)
        elif clipped is not None:
            sign = self._sign(clipped)
        elif self._argument("sign", x) is not None:
            sign = x
        else:
            bound = 1.0 if facts.bound < math.inf else math.inf
            sign = self._function(f"sign({value_text(x)})", x, facts, bound, facts.nonnegative)
        return self.scale(sign, math.copysign(1.0, scale))

    def _clip(self, x: Value, limit: float) -> Value:
        """clip(-x) = -clip(x); a clip of a clip is the tighter; of a sign it is a number times the sign."""
        facts = self.facts_of(x)
        if facts.bound <= limit:
            return x
        first = x.terms[0][1]
        if first < 0:
            return self.scale(self._clip(self.scale(x, -1.0), limit), -1.0)
        inner = self._argument("clip", x)
        if inner is not None:
            return self._clip(inner, min(limit, self._limits[x.terms[0][0]]))
        if self._argument("sign", self.leading(x)[1]) is not None:
            return self.scale(x, min(first, limit) / first)
        bound = limit if facts.bound < math.inf else math.inf
        text = f"clip({value_text(x)},{number_text(limit)})"
        self._limits[text] = limit
        return self._function(text, x, facts, bound, facts.nonnegative)

    def _drop(self, x: Value, rate: float, place: int) -> Value:
        """drop(c x) = c drop(x), with the same draw."""
        scale = 1.0
        if x.terms:
            scale, x = self.leading(x)
        elif x.constant == 0:
            return x
        elif abs(x.constant) < LARGEST:
            scale, x = x.constant, Value(1.0)
        facts = self.facts_of(x)
        text = f"drop({value_text(x)},{number_text(rate)},~{place})"
        random = facts._replace(depends=facts.depends | RANDOM, operations=facts.operations + DROP_OPERATIONS - 1)
        dropped = self._function(text, x, random, facts.bound / (1 - rate), facts.nonnegative)
        return self.scale(dropped, scale)

    def _pow(self, x: Value, y: Value) -> Value:
        """x^0 = 1 and 1^y = 1; a small whole power is a product; a power of e is exp."""
        if not y.terms:
            if not x.terms:
                return Value(single(number_power(abs(x.constant) if self._absolute_base else x.constant, y.constant)))
            return self._constant_power(x, y.constant)
        if not x.terms and abs(x.constant - 1) < 1e-6:
            return Value(1.0)
        if not x.terms and abs(x.constant - math.e) < 1e-5:
            return self._exp(y)
        facts_x, facts_y = self.facts_of(x), self.facts_of(y)
        depends = facts_x.depends | facts_y.depends
        bound = math.inf
        if not x.terms and x.constant > 0 and facts_y.bound * abs(math.log(x.constant)) <= MOST_EXPONENTIAL:
            bound = math.exp(facts_y.bound * abs(math.log(x.constant)))
        parts = facts_x.parts + facts_y.parts
        operations = facts_x.operations + facts_y.operations + POWER_OPERATIONS
        facts = Facts(bound, bound < math.inf, bound < math.inf, depends, operations, parts)
        return self.atom(f"pow({value_text(x)},{value_text(y)})", facts)

    def _constant_power(self, x: Value, exponent: float) -> Value:
        whole = exponent == int(exponent) if abs(exponent) <= MOST_EXPONENT else False
        if exponent == 0:
            return Value(1.0)
        facts = self.facts_of(x)
        same = not self._absolute_base or facts.nonnegative or exponent % 2 == 0
        if whole and exponent > 0 and same:
            return self.power(x, int(exponent))
        text = f"pow({value_text(x)},{number_text(exponent)})"
        power = facts._replace(operations=facts.operations + POWER_OPERATIONS - 1)
        return self._function(text, x, power, math.inf)

    def _function(
        self,
        text: str,
        x: Value,
        facts: Facts,
        bound: float,
        nonnegative: bool = False,
        positive: bool = False,
    ) -> Value:
        """The atom of a function of x, of which `facts` are known."""
        self._arguments[text] = x
        finite = bound if bound < LARGEST else math.inf
        return self.atom(text, Facts(finite, nonnegative, positive, facts.depends, facts.operations + 1, facts.parts))

    def _argument(self, name: str, x: Value) -> Value | None:
        """The argument of a function, where x is one of that name and nothing else."""
        if len(x.terms) > 1 or x.constant != 0 or x.terms[0][1] != 1 or not x.terms[0][0].startswith(name + "("):
            return None
        return self._arguments.get(x.terms[0][0])


def _number(kind: str, x: float, amount: float) -> float:
    """A unary function of a number."""
    match kind:
        case "exp":
            return number_power(math.e, x)
        case "log":
            return math.log(abs(x)) if x else -math.inf
        case "sqrt":
            return math.sqrt(abs(x))
        case "clip":
            return x if x != x else max(-amount, min(amount, x))
    return x if x != x else float((x > 0) - (x < 0))
