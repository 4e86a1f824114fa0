"""The spec of an update rule: groups of five tokens as frozen data, and the settings of what the tokens mean."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from components.records.search import Section
from components.search_spaces.update_rule.primitives import AVERAGES, BINARIES, OPERANDS, UNARIES, decay

MAX_GROUPS = 4
PARTS = ("left", "right", "left_unary", "right_unary", "binary")
_RESULTS = {f"#{number}": number for number in range(1, MAX_GROUPS)}


class RuleBehaviour(Section, frozen=True, kw_only=True):
    """What tokens mean where the sources are silent or disagree.

    Fields:
        beta1, beta2, beta3: decay of the moving averages m, v and gamma, each in [0, 1).
        bias_correction: whether m, v and gamma are divided by 1 - beta^t, t counted from 1.
        noise_std: standard deviation of the operand `noise`, > 0.
        rescale_dropped: whether drop divides what it keeps by 1 - p.
        power_base: what a power is taken of: `raw`, so that a negative base with a broken exponent is NaN and the rule
            earns its verdict, or `absolute`, |x|^y.
    """

    beta1: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.999
    beta3: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.999
    bias_correction: bool = True
    noise_std: Annotated[float, msgspec.Meta(gt=0, le=1e3)] = 0.01
    rescale_dropped: bool = True
    power_base: Literal["raw", "absolute"] = "raw"


class Group(NamedTuple):
    """binary(left_unary(left), right_unary(right)).

    Fields:
        left, right: an operand, a decay, or `#k`, the result of the k-th group (from 1).
        left_unary, right_unary: the unary function of each.
        binary: the binary function of both; `left` keeps the left and does not compute the right.
    """

    left: str
    right: str
    left_unary: str
    right_unary: str
    binary: str


@dataclass(frozen=True)
class RuleSpec:
    """An update rule: w <- w - rate * (result of the last group). Groups without a use are allowed.

    Source: Neural Optimizer Search: strings of 5 tokens a group (operands, unaries, binary), whose result is an operand
    of the groups after it, or the update if it is the last.

    Raises:
        ValueError: naming group and part, for an unknown token or a result that isn't an earlier group's; and for a
            rule of no group or more than 4.
    """

    groups: tuple[Group, ...]

    def __post_init__(self):
        if not 1 <= len(self.groups) <= MAX_GROUPS:
            raise ValueError(f"`groups` must have 1 to {MAX_GROUPS} groups. Received: {len(self.groups)} groups.")
        for number, group in enumerate(self.groups, start=1):
            for part, token in zip(PARTS, group, strict=True):
                if not is_token(token, part, number):
                    raise ValueError(f"Group {number} must have {_wanted(part, number)}. Received: {part}={token!r}.")

    def to_json(self) -> list:
        """Returns the groups as `[[left, right, left_unary, right_unary, binary], ...]`."""
        return [list(group) for group in self.groups]

    @classmethod
    def from_json(cls, data: Any) -> "RuleSpec":
        """Returns the spec of `[[left, right, left_unary, right_unary, binary], ...]`.

        Raises:
            ValueError: naming group and part, where it is none.
        """
        try:
            return cls(msgspec.convert(data, tuple[Group, ...]))
        except msgspec.ValidationError as error:
            rule = "`groups` must be [[left, right, left_unary, right_unary, binary], ...]"
            raise ValueError(f"{rule}: {error}. Received: {data!r:.200}.") from error


def result_number(token: str) -> int | None:
    """Returns k of the token `#k`, the result of the k-th group (1 to 3); None for any other token."""
    return _RESULTS.get(token)


def is_token(token: str, part: str, number: int) -> bool:
    """Returns whether a token may stand as a part (one of `PARTS`) of the group of that number (from 1)."""
    if part == "binary":
        return token in BINARIES
    if part in ("left_unary", "right_unary"):
        return token in UNARIES
    result = result_number(token)
    return result < number if result else token in OPERANDS or decay(token) is not None


def used(spec: RuleSpec) -> tuple[tuple[bool, bool], ...]:
    """Returns for each group whether the update depends on its left and on its right operand.

    A group that nothing uses has neither; one of `left` that is used has the left alone.
    """
    needed = [False] * len(spec.groups)
    needed[-1] = True
    sides = [(False, False)] * len(spec.groups)
    for at in range(len(spec.groups) - 1, -1, -1):
        group = spec.groups[at]
        sides[at] = (needed[at], needed[at] and group.binary != "left")
        for token, side in zip(group, sides[at]):
            result = result_number(token)
            if side and result:
                needed[result - 1] = True
    return tuple(sides)


def used_operands(spec: RuleSpec) -> tuple[str, ...]:
    """Returns the operands and decays that the update depends on, each once, in the order of the groups."""
    tokens: dict[str, None] = {}
    for group, sides in zip(spec.groups, used(spec), strict=True):
        tokens |= {token: None for token, side in zip(group, sides) if side and not result_number(token)}
    return tuple(tokens)


def used_averages(spec: RuleSpec) -> tuple[str, ...]:
    """Returns the moving averages that a rule must keep, of `m`, `v` and `gamma` in this order."""
    needed = [average for token in used_operands(spec) if token in OPERANDS for average in OPERANDS[token].averages]
    return tuple(average for average in AVERAGES if average in needed)


def _wanted(part: str, number: int) -> str:
    if part == "binary":
        return f"one of {', '.join(BINARIES)} as {part}"
    if part in ("left_unary", "right_unary"):
        return f"one of {', '.join(UNARIES)} as {part}"
    results = [f"#{earlier}" for earlier in range(1, number)]
    return f"one of {', '.join([*OPERANDS, 'ld', 'cd', 'cd_N', 'rd_N', 'noise_t', *results])} as {part}"
