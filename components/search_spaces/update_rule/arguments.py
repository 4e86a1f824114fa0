"""What an optimizer is made from besides its learning rate, checked: rule, behaviour, steps, seed."""

from typing import Any

import msgspec
import numpy as np

from components.search_spaces.update_rule.primitives import WEIGHT_SCALES, decay
from components.search_spaces.update_rule.spec import RuleBehaviour, RuleSpec, used_operands


def rule_behaviour(given: Any) -> RuleBehaviour:
    """Returns a behaviour from itself, from its fields as a mapping, or from None (the defaults).

    Raises:
        ValueError: naming the field, where one is unknown or out of range.
    """
    if isinstance(given, RuleBehaviour):
        return given
    try:
        return msgspec.convert(given or {}, RuleBehaviour)
    except msgspec.ValidationError as error:
        raise ValueError(f"`behaviour` must have the fields of RuleBehaviour: {error}. Received: {given!r}.") from error


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """Returns an argument as an int.

    Raises:
        ValueError: naming it, where it is no whole number in [least, most].
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and least <= value <= most):
        raise ValueError(f"`{name}` must be a whole number in [{least}, {most}]. Received: {name}={value!r}.")
    return int(value)


def timed_by_total(rule: RuleSpec) -> str | None:
    """Returns the first token of a rule that depends on the number of all steps, None where there is none."""
    decays = [decay(token) for token in used_operands(rule)]
    return next((one.name for one in decays if one is not None and one.kind != "noise"), None)


def takes_weights(rule: RuleSpec) -> bool:
    """Returns whether an operand of the rule is the weight itself."""
    return any(token in WEIGHT_SCALES for token in used_operands(rule))
