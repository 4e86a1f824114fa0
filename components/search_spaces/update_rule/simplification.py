"""What an update rule computes, in a normal form that equal rules share, and the id that is made of it.

Unused groups and the right side of `left` go; sums and products are sorted and flattened, constants computed, and
identities applied: x - x, x + x, x * x, x^2, 0 * x, 1 * x, x / 1, -(-x), sign of sign, of -x and of a clip, clip of a
clip, ln|-x|, ln|e^x|, sqrt|-x|, 1^x, x^0, … `adam` is m / (sqrt(v) + delta), `g^2` is g * g. Each place of drop is a
draw of its own, so two of them are never one. x / x is not 1, because of delta, and ln|e^x| is x only where e^x can't
overflow.

Each holds in float32 up to rounding (sums and products change their order) and underflow, for operands of ordinary
size: gradients and weights up to 1e4, their squares up to 1e8.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from components.search_spaces.update_rule.functions import Functions
from components.search_spaces.update_rule.normal_form import (
    GRADIENT,
    RANDOM,
    STEP,
    WEIGHT,
    Facts,
    Value,
    numbered,
    value_text,
)
from components.search_spaces.update_rule.primitives import WEIGHT_SCALES
from components.search_spaces.update_rule.spec import Group, RuleSpec, result_number, used

# The last number: operations, an average's own update among them. A random number takes as long as nine additions.
LEAVES = {
    "g": Facts(1e4, False, False, GRADIENT),
    "m": Facts(1e4, False, False, GRADIENT, 4),
    "v": Facts(1e8, True, False, GRADIENT, 5),
    "gamma": Facts(1e12, False, False, GRADIENT, 6),
    "noise": Facts(1e4, False, False, RANDOM, 9),
    "noise_t": Facts(1e2, False, False, RANDOM | STEP, 9),
    "w": Facts(1e4, False, False, WEIGHT),
}
_DECAY = Facts(1.0, True, False, STEP)


class Simplified(NamedTuple):
    """A simplified rule.

    Fields:
        value: the update.
        facts: what is known of the update, above all what it depends on.
        parts: facts of every term and atom by its text.
        text: the update as an expression of +, *, ** and functions; `~n` names the place of a random draw, 2 * group +
            side counted from 0.
    """

    value: Value
    facts: Facts
    parts: dict[str, Facts]
    text: str


@lru_cache(maxsize=4096)
def simplified(spec: RuleSpec, absolute_base: bool = False) -> Simplified:
    """Returns a rule in normal form.

    Args:
        spec: the rule.
        absolute_base: whether a power is taken of |x|.
    """
    form = Functions(absolute_base)
    results: list[Value] = []
    for at, (group, sides) in enumerate(zip(spec.groups, used(spec), strict=True)):
        results.append(_group(form, group, sides, 2 * at, results))
    return Simplified(results[-1], form.facts_of(results[-1]), form.facts, value_text(results[-1]))


def canonical(spec: RuleSpec, absolute_base: bool = False) -> str:
    """Returns the id that rules of one normal form share: 12 hexadecimal digits."""
    text = numbered(simplified(spec, absolute_base).text)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def reached(rule: Simplified) -> list[str]:
    """Returns the texts of all terms and atoms that the update is computed from, in alphabetical order."""
    found: dict[str, None] = {}
    waiting = list(rule.facts.parts)
    while waiting:
        text = waiting.pop()
        if text not in found:
            found[text] = None
            waiting += rule.parts[text].parts
    return sorted(found)


def _group(form: Functions, group: Group, sides: tuple[bool, bool], place: int, results: list[Value]) -> Value:
    if not sides[0]:
        return Value(0.0)
    x = form.unary(group.left_unary, _operand(form, group.left, results), place)
    if not sides[1]:
        return x
    y = form.unary(group.right_unary, _operand(form, group.right, results), place + 1)
    return form.binary(group.binary, x, y)


def _operand(form: Functions, token: str, results: list[Value]) -> Value:
    number = result_number(token)
    if number:
        return results[number - 1]
    if token in LEAVES:
        return form.atom(token, LEAVES[token])
    if token in WEIGHT_SCALES:
        return form.scale(form.atom("w", LEAVES["w"]), WEIGHT_SCALES[token])
    match token:
        case "1" | "2":
            return Value(float(token))
        case "g^2" | "g^3":
            return form.power(form.atom("g", LEAVES["g"]), int(token[-1]))
        case "sign(g)" | "sign(m)":
            return form.unary("sign", _operand(form, token[5], results), 0)
        case "adam" | "rmsprop":
            root = form.unary("sqrt", form.atom("v", LEAVES["v"]), 0)
            return form.divide(_operand(form, "m" if token == "adam" else "g", results), root)
    return form.atom(token, _DECAY)
