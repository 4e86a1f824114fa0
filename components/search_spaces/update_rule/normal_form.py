"""A normal form of arithmetic in which equal expressions get one text: constants, sums of products, and atoms.

A value is `constant + sum of coefficient * term`; a term is a product of atoms with whole powers; an atom is an
operand, a function of values, or a sum in parentheses (its first coefficient 1). Terms and factors are sorted, so the
order and the grouping of sums and products show no more, and what cancels is gone.

A part is only dropped, as in x - x or 0 * x, where it can't be infinite or NaN: `Facts.bound` says so.
"""

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

GRADIENT, WEIGHT, RANDOM, STEP = 1, 2, 4, 8  # what a value depends on
LARGEST = 1e30  # a value that may be larger may overflow in float32
_PLACE = re.compile(r"~\d+")


class Facts(NamedTuple):
    """What is known of an atom or a term.

    Fields:
        bound: no larger in size where operands are of ordinary size (see `simplification`); inf where it may be
            infinite or NaN.
        nonnegative: never below 0.
        positive: above 0, also in float32, and finite.
        depends: sum of GRADIENT, WEIGHT, RANDOM and STEP.
        operations: its own element-wise operations, those of its parts apart.
        parts: the terms that it is computed from.
    """

    bound: float
    nonnegative: bool
    positive: bool
    depends: int
    operations: int = 0
    parts: tuple[str, ...] = ()


class Value(NamedTuple):
    """constant + sum of coefficient * term, the terms in order and each once.

    Fields:
        constant: the number.
        terms: (text of the term, coefficient).
    """

    constant: float
    terms: tuple[tuple[str, float], ...] = ()


class NormalForm:
    """Sums and products of values.

    Attributes:
        facts: of each term and atom by its text.
    """

    def __init__(self):
        self.facts: dict[str, Facts] = {}
        self._factors: dict[str, tuple[tuple[str, int], ...]] = {}

    def atom(self, text: str, facts: Facts) -> Value:
        """Returns the value of an atom."""
        self.facts[text] = facts
        return Value(0.0, ((text, 1.0),))

    def add(self, a: Value, b: Value) -> Value:
        """Returns a + b."""
        if not a.terms or not b.terms:
            return Value(single(a.constant + b.constant), a.terms or b.terms)
        terms = dict(a.terms)
        for text, coefficient in b.terms:
            before = terms.get(text, 0.0)
            total = before + coefficient
            terms[text] = 0.0 if abs(total) <= 1e-6 * abs(before) < LARGEST else total
        return Value(single(a.constant + b.constant), self._kept(terms.items()))

    def scale(self, a: Value, factor: float) -> Value:
        """Returns factor * a."""
        if factor == 1:
            return a
        constant = single(a.constant * factor) if a.constant else 0.0
        if factor == 0:
            return Value(constant, self._kept((text, 0.0) for text, _ in a.terms))
        return Value(constant, tuple((text, coefficient * factor) for text, coefficient in a.terms))

    def multiply(self, a: Value, b: Value) -> Value:
        """Returns a * b; sums are not multiplied out."""
        if not a.terms:
            return self.scale(b, a.constant)
        if not b.terms:
            return self.scale(a, b.constant)
        scale_a, factors_a = self._as_product(a)
        scale_b, factors_b = self._as_product(b)
        powers = dict(factors_a)
        for text, power in factors_b:
            powers[text] = powers.get(text, 0) + power
        return self.scale(self._product(powers), scale_a * scale_b)

    def power(self, a: Value, exponent: int) -> Value:
        """Returns a^exponent for a whole exponent >= 1."""
        scale, factors = self._as_product(a)
        product = self._product({text: power * exponent for text, power in factors})
        return self.scale(product, number_power(scale, exponent))

    def leading(self, a: Value) -> tuple[float, Value]:
        """Splits a value with terms into (first coefficient, a divided by it); a coefficient 0 stays."""
        first = a.terms[0][1]
        if first in (0, 1) or abs(first) > LARGEST or first != first:
            return 1.0, a
        return first, Value(
            a.constant / first + 0.0, tuple((text, coefficient / first) for text, coefficient in a.terms)
        )

    def facts_of(self, a: Value) -> Facts:
        """Returns what is known of a value; its operations are those that join its terms."""
        facts = [self.facts[text] for text, _ in a.terms]
        weights = [coefficient for _, coefficient in a.terms]
        bound = abs(a.constant) + sum(
            abs(weight) * one.bound if weight else one.bound for weight, one in zip(weights, facts)
        )
        grows = a.constant >= 0 and all(weight >= 0 for weight in weights)
        nonnegative = grows and all(one.nonnegative for one in facts)
        bound = bound if bound < LARGEST else math.inf
        positive = nonnegative and bound < math.inf and (a.constant > 0 or any(one.positive for one in facts))
        depends = 0
        for one in facts:
            depends |= one.depends
        joined = sum(weight not in (1, -1) for weight in weights) + len(weights) - (a.constant == 0 and bool(weights))
        parts = tuple(text for text, _ in a.terms)
        return Facts(bound, nonnegative, positive, depends, joined, parts)

    def _kept(self, terms: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        """The terms in order, without those of coefficient 0 that are finite."""
        kept = [term for term in terms if term[1] != 0 or self.facts[term[0]].bound > LARGEST]
        return tuple(sorted(kept, key=lambda term: order(term[0])))

    def _as_product(self, a: Value) -> tuple[float, tuple[tuple[str, int], ...]]:
        scale, a = self.leading(a)
        if len(a.terms) == 1 and a.constant == 0 and a.terms[0][1] == 1:
            text = a.terms[0][0]
            return scale, self._factors.get(text, ((text, 1),))
        text = f"({value_text(a)})"
        self.facts[text] = self.facts_of(a)
        return scale, ((text, 1),)

    def _product(self, powers: dict[str, int]) -> Value:
        factors = tuple(sorted(powers.items(), key=lambda factor: order(factor[0])))
        text = "*".join(name if power == 1 else f"{name}**{power}" for name, power in factors)
        if len(factors) > 1 or factors[0][1] > 1:
            self._factors[text] = factors
            self.facts[text] = self._product_facts(factors)
        return Value(0.0, ((text, 1.0),))

    def _product_facts(self, factors: tuple[tuple[str, int], ...]) -> Facts:
        bound, depends, nonnegative = 1.0, 0, True
        for name, power in factors:
            one = self.facts[name]
            bound *= number_power(max(one.bound, 1.0), power)
            depends |= one.depends
            nonnegative = nonnegative and (one.nonnegative or power % 2 == 0)
        operations = len(factors) - 1 + sum(power > 1 for _, power in factors)
        bound = bound if bound < LARGEST else math.inf
        # A product of positive numbers may be too small for float32.
        return Facts(bound, nonnegative, False, depends, operations, tuple(name for name, _ in factors))


def value_text(a: Value) -> str:
    """Returns a value as an arithmetic expression, numbers with 9 digits."""
    terms = [text if coefficient == 1 else f"{number_text(coefficient)}*{text}" for text, coefficient in a.terms]
    if a.constant != 0 or not terms:
        terms.append(number_text(a.constant))
    return "+".join(terms)


def number_text(number: float) -> str:
    """Returns a number with 9 digits, as Python reads it; `inf` and `nan` where it isn't finite."""
    return f"{number:.9g}"


def number_power(base: float, exponent: float) -> float:
    """Returns base^exponent; NaN for a negative base with a broken exponent, inf where it overflows or divides by 0."""
    try:
        power = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return power if isinstance(power, float) else math.nan


def single(number: float) -> float:
    """Returns a number with the range of float32: 0 and infinite beyond it, and never -0."""
    if abs(number) > 3.4e38:
        return math.copysign(math.inf, number)
    return number if abs(number) > 1e-45 or number != number else 0.0


def order(text: str) -> tuple[str, str]:
    """Returns what terms are sorted by: the text, places of random draws last."""
    return (_PLACE.sub("", text), text) if "~" in text else (text, "")


def numbered(text: str) -> str:
    """Returns a text with the places of random draws numbered in the order in which they come."""
    places: dict[str, str] = {}
    return _PLACE.sub(lambda found: places.setdefault(found[0], f"~{len(places)}"), text)
