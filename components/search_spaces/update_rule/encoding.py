"""Update rules as integer encodings, and the grammar: which token may follow which.

A group takes five decisions in the order of its parts. An operand is encoded as its index in the alphabet, which the
results of earlier groups follow; a unary or binary function as its row. A rule of fewer groups ends in -1.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from components.search_spaces.space import Categorical
from components.search_spaces.update_rule.primitives import BINARIES, UNARIES
from components.search_spaces.update_rule.spec import MAX_GROUPS, PARTS, Group, RuleSpec, result_number

NONE = -1
SIZE = len(PARTS)
_UNARIES, _BINARIES = tuple(UNARIES), tuple(BINARIES)
_RESULTS = tuple(f"#{number}" for number in range(1, MAX_GROUPS))


class Grammar(NamedTuple):
    """What rules may look like.

    Fields:
        alphabet: operands and decays that can be encoded.
        drawn: those of them that are drawn, at least 2 where `distinct_operands`.
        groups: groups of a drawn rule at most, [1, 4].
        distinct_operands: left and right operand of a group differ.
        reuse_results: a group after the first has a result of an earlier group as an operand, or two.
        final_not_add: the last group's binary function isn't `add`.
    """

    alphabet: tuple[str, ...]
    drawn: tuple[str, ...]
    groups: int
    distinct_operands: bool = False
    reuse_results: bool = False
    final_not_add: bool = False

    def operands(self, number: int, other: str | None) -> tuple[str, ...]:
        """Returns the tokens that may stand as an operand of a group, never none.

        Args:
            number: of the group, from 1.
            other: its other operand; None where that is drawn afterwards.
        """
        results = _RESULTS[: number - 1]
        if self.reuse_results and results and other is not None and not result_number(other):
            return results
        tokens = self.drawn + results
        if self.distinct_operands and other is not None:
            return tuple(token for token in tokens if token != other)
        return tokens

    def binaries(self, last: bool) -> tuple[str, ...]:
        """Returns the binary functions that a group may have, `last` where its result is the update."""
        return tuple(name for name in _BINARIES if not (last and self.final_not_add and name == "add"))

    def decisions(self) -> tuple[Categorical, ...]:
        """Returns the decisions of 4 groups, in order."""
        return tuple(
            Categorical(f"group {number} {part}", len(self.choices(number, part)))
            for number in range(1, MAX_GROUPS + 1)
            for part in PARTS
        )

    def choices(self, number: int, part: str) -> tuple[str, ...]:
        """Returns all tokens that a part of a group can be encoded as, in order of their codes."""
        if part == "binary":
            return _BINARIES
        if part in ("left_unary", "right_unary"):
            return _UNARIES
        return self.alphabet + _RESULTS[: number - 1]

    def allowed(self, prefix: Sequence[int], length: int) -> np.ndarray:
        """Returns the mask over the choices of the decision after the prefix, `[choices]`, never empty.

        Args:
            prefix: the decisions before it.
            length: of the whole encoding, 5 for each group.

        Raises:
            ValueError: where the length is that of no drawn rule, or the prefix is already so long.
        """
        if length % SIZE or not SIZE <= length <= SIZE * self.groups:
            lengths = [SIZE * groups for groups in range(1, self.groups + 1)]
            raise ValueError(f"`length` must be one of {lengths}. Received: length={length}.")
        if len(prefix) >= length:
            raise ValueError(f"`prefix` must be shorter than {length}. Received: a prefix of {len(prefix)}.")
        number, part = len(prefix) // SIZE + 1, PARTS[len(prefix) % SIZE]
        choices = self.choices(number, part)
        if part == "binary":
            tokens = self.binaries(len(prefix) == length - 1)
        elif part in ("left_unary", "right_unary"):
            tokens = choices
        else:
            tokens = self.operands(number, None if part == "left" else choices[prefix[-1]])
        mask = np.zeros(len(choices), bool)
        mask[[choices.index(token) for token in tokens]] = True
        return mask

    def encode(self, spec: RuleSpec) -> np.ndarray:
        """Returns the decisions of a spec, `[20]`. Raises ValueError where an operand isn't in the alphabet."""
        encoded = np.full(SIZE * MAX_GROUPS, NONE, np.int64)
        for number, group in enumerate(spec.groups, start=1):
            for at, (part, token) in enumerate(zip(PARTS, group, strict=True), start=SIZE * (number - 1)):
                choices = self.choices(number, part)
                if token not in choices:
                    rule = f"one of {', '.join(choices)} as the {part} of group {number}"
                    raise ValueError(f"`spec` must have {rule}. Received: {token}.")
                encoded[at] = choices.index(token)
        return encoded

    def decode(self, encoded: np.ndarray) -> RuleSpec:
        """Returns the spec of an encoding, of a drawn rule or of any other of the alphabet.

        Raises:
            ValueError: naming the decision, where it is out of range or there though an earlier one is missing.
        """
        values = np.asarray(encoded)
        if values.shape != (SIZE * MAX_GROUPS,) or not np.issubdtype(values.dtype, np.integer):
            raise ValueError(
                f"`encoded` must be {SIZE * MAX_GROUPS} integers. Received: {values.dtype} {values.shape}."
            )
        listed = values.tolist()
        ends = [at for at in range(SIZE, len(listed), SIZE) if listed[at] == NONE]
        length = ends[0] if ends else len(listed)
        for at, decision in enumerate(self.decisions()):
            low, high = (0, decision.choices) if at < length else (NONE, 0)
            if not low <= listed[at] < high:
                rule = f"a choice for {decision.name} in [0, {high})" if high else f"{NONE} for {decision.name}"
                raise ValueError(f"`encoded` must hold {rule}. Received: {listed[at]}.")
        return next(self.specs(values[None]))

    def specs(self, encoded: np.ndarray) -> Iterator[RuleSpec]:
        """Yields the specs of valid encodings, `[n, 20]`."""
        tables = [self.choices(number, part) for number in range(1, MAX_GROUPS + 1) for part in PARTS]
        for row in np.asarray(encoded).tolist():
            words = [table[code] for table, code in zip(tables, row, strict=True) if code != NONE]
            yield RuleSpec(tuple(Group(*words[at : at + SIZE]) for at in range(0, len(words), SIZE)))
