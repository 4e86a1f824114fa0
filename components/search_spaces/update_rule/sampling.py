"""Random update rules under the grammar, and mutations of them."""

import numpy as np

from components.search_spaces.space import Change
from components.search_spaces.update_rule.encoding import Grammar
from components.search_spaces.update_rule.primitives import UNARIES
from components.search_spaces.update_rule.spec import PARTS, Group, RuleSpec

MUTATION_KINDS = ("operand", "unary", "binary")
_UNARIES = tuple(UNARIES)


class Sampler:
    """Draws rules as a policy that knows nothing would: each token uniformly from those that the grammar allows."""

    def __init__(self, grammar: Grammar):
        self._grammar = grammar

    def sample(self, rng: np.random.Generator) -> RuleSpec:
        """Draws a rule of the grammar's number of groups."""
        count = self._grammar.groups
        draws = rng.random((count, len(PARTS))).tolist()
        return RuleSpec(
            tuple(self._group(number, number == count, draws[number - 1]) for number in range(1, count + 1))
        )

    def mutate(self, spec: RuleSpec, rng: np.random.Generator) -> tuple[RuleSpec, Change]:
        """Gives a uniformly drawn token of the rule another one that the grammar allows there.

        A token without an alternative is not drawn. Where a right operand can't stay beside the new left one, it is
        drawn again, too. The number of groups stays.
        """
        while True:
            at, part = divmod(int(rng.integers(len(PARTS) * len(spec.groups))), len(PARTS))
            others = self._alternatives(spec, at, PARTS[part])
            if others:
                break
        old, new = spec.groups[at], others[int(rng.integers(len(others)))]
        group = old._replace(**{PARTS[part]: new})
        rights = self._grammar.operands(at + 1, new) if part == 0 else (group.right,)
        if group.right not in rights:
            group = group._replace(right=rights[int(rng.integers(len(rights)))])
        changes = [
            f"{name.replace('_', ' ')} {before} became {after}"
            for name, before, after in zip(PARTS, old, group, strict=True)
            if before != after
        ]
        kind = "operand" if part < 2 else "binary" if part == len(PARTS) - 1 else "unary"
        change = Change(kind, f"group {at + 1}: {', '.join(changes)}")
        return RuleSpec((*spec.groups[:at], group, *spec.groups[at + 1 :])), change

    def _group(self, number: int, last: bool, draws: list[float]) -> Group:
        left = _one(self._grammar.operands(number, None), draws[0])
        right = _one(self._grammar.operands(number, left), draws[1])
        binary = _one(self._grammar.binaries(last), draws[4])
        return Group(left, right, _one(_UNARIES, draws[2]), _one(_UNARIES, draws[3]), binary)

    def _alternatives(self, spec: RuleSpec, at: int, part: str) -> list[str]:
        group = spec.groups[at]
        if part == "binary":
            tokens = self._grammar.binaries(at == len(spec.groups) - 1)
        elif part in ("left_unary", "right_unary"):
            tokens = _UNARIES
        else:
            tokens = self._grammar.operands(at + 1, None if part == "left" else group.left)
        return [token for token in tokens if token != getattr(group, part)]


def _one(tokens: tuple[str, ...], draw: float) -> str:
    return tokens[int(draw * len(tokens))]
