"""An update rule as text: as a formula for people, and as the string of its tokens. `parsing` reads both back."""

from components.search_spaces.space import Box
from components.search_spaces.update_rule.primitives import UNARIES
from components.search_spaces.update_rule.spec import Group, RuleSpec, result_number, used

SUM, PRODUCT, SIGN, POWER, LEAF = range(1, 6)  # how strongly a text binds
Term = tuple[str, int]
_JOINED = {"add": (" + ", SUM), "sub": (" - ", SUM), "mul": (" * ", PRODUCT), "div": (" / ", PRODUCT)}


def formula(spec: RuleSpec) -> str:
    """Returns the update as a formula; what nothing uses is left out, and a result that is used twice gets its name.

    Examples: `e^(sign(g) * sign(m)) * g`, or `#1 / (sqrt|v| + #1), #1 = g + drop(m, 0.3)`. Not shown: the delta that is
    added to divisors. Read back, it is a rule of equal behaviour and equal canonical id, which may have fewer groups.
    """
    names = _named(spec)
    terms: list[Term] = []
    definitions = []
    for at, (group, sides) in enumerate(zip(spec.groups, used(spec), strict=True)):
        term = _group_term(group, terms) if sides[0] else ("", LEAF)
        if at in names:
            definitions.append(f"{names[at]} = {term[0]}")
            term = (names[at], LEAF)
        terms.append(term)
    return ", ".join([terms[-1][0], *reversed(definitions)])


def tokens(spec: RuleSpec) -> str:
    """Returns the string of tokens, such as `sign(g) sign(m) identity identity mul; #1 g exp identity mul`."""
    return "; ".join(" ".join(group) for group in spec.groups)


def drawing(spec: RuleSpec) -> tuple[Box, ...]:
    """Returns each group as boxes: its operands, their unaries and its binary, the last one the update."""
    boxes: list[Box] = []
    results: list[int] = []
    for group, sides in zip(spec.groups, used(spec), strict=True):
        sources = []
        for token, unary, side in zip(group[:2], group[2:4], sides, strict=True):
            number = result_number(token)
            if not number:
                boxes.append(Box(token, (), side))
            source = results[number - 1] if number else len(boxes) - 1
            if unary != "identity":
                boxes.append(Box(unary, (source,), side))
                source = len(boxes) - 1
            sources.append(source)
        boxes.append(Box(group.binary, tuple(sources), sides[0]))
        results.append(len(boxes) - 1)
    return tuple(boxes)


def _named(spec: RuleSpec) -> dict[int, str]:
    """The names of results that are used more than once, by the place of their group."""
    source = list(range(len(spec.groups)))  # a group that only passes a result on stands for that
    uses = [0] * len(spec.groups)
    for at, (group, sides) in enumerate(zip(spec.groups, used(spec), strict=True)):
        numbers = [result_number(token) for token, side in zip(group, sides) if side]
        if _passes_on(group) and numbers and numbers[0]:
            source[at] = source[numbers[0] - 1]
        elif not _passes_on(group):
            for number in numbers:
                if number and not _passes_on(spec.groups[source[number - 1]]):
                    uses[source[number - 1]] += 1
    uses[source[-1]] += 1
    shared = [at for at, count in enumerate(uses) if count > 1]
    return {at: f"#{number}" for number, at in enumerate(shared, start=1)}


def _passes_on(group: Group) -> bool:
    return group.binary == "left" and group.left_unary == "identity"


def _group_term(group: Group, results: list[Term]) -> Term:
    x = _unary_term(group.left_unary, _operand_term(group.left, results))
    if group.binary == "left":
        return x
    y = _unary_term(group.right_unary, _operand_term(group.right, results))
    if group.binary == "pow":
        return f"{_within(x, LEAF)}^{_within(y, LEAF)}", POWER
    joint, binds = _JOINED[group.binary]
    right = f"({y[0]})" if y[0].startswith("-") else _within(y, binds + 1)
    return f"{_within(x, binds)}{joint}{right}", binds


def _operand_term(token: str, results: list[Term]) -> Term:
    number = result_number(token)
    if number:
        return results[number - 1]
    return token, POWER if token in ("g^2", "g^3") else LEAF


def _unary_term(token: str, x: Term) -> Term:
    _, kind, _ = UNARIES[token]
    match kind:
        case "identity":
            return x
        case "neg":
            return f"-{_within(x, POWER)}", SIGN
        case "exp":
            return f"e^({x[0]})", POWER
        case "log":
            return f"ln|{x[0]}|", LEAF
        case "sqrt":
            return f"sqrt|{x[0]}|", LEAF
        case "sign":
            return f"sign({x[0]})", LEAF
    return f"{kind}({x[0]}, {token.partition('_')[2]})", LEAF


def _within(term: Term, needed: int) -> str:
    text, binds = term
    return text if binds >= needed else f"({text})"
