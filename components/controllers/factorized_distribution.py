"""Designs as draws from independent softmaxes, one a decision: drawing, probabilities, and their gradient.

Source: TabNAS (arXiv 2204.07615): p_ij = softmax(l_i)_j, P(y) = prod_i p_{i, y_i}.
NOTE: where a grammar masks choices, as in spaces that TabNAS doesn't have, a decision's softmax is over what is allowed
after the decisions before it. So everything that is drawn is a design, and only limits are left to reject. Of a space
with several lengths, designs of the longest one are drawn.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from components.controllers.discrete_decisions import DiscreteDecisions
from components.controllers.policy_gradient import chosen_log_probabilities, masked_softmax
from components.search_spaces.space import SearchSpace


class Designs(NamedTuple):
    """Rows of designs.

    Fields:
        tokens: choices counted from 0, `[rows, decisions]`.
        masks: what was allowed, `[decisions, rows, choices]`; None where always every choice is.
    """

    tokens: np.ndarray
    masks: np.ndarray | None

    def rows(self, which: slice | np.ndarray) -> "Designs":
        """The designs of some rows: a slice, a mask or indices."""
        return Designs(self.tokens[which], None if self.masks is None else self.masks[:, which])


class FactorizedDistribution:
    """The designs of a space under logits, `[decisions, choices]`.

    Args:
        space: whose designs are drawn.

    Attributes:
        shape: of the logits; a decision with fewer choices leaves the last ones idle.
        independent: whether no choice rules out another.

    Raises:
        ValueError: the space has decisions that aren't discrete.
    """

    def __init__(self, space: SearchSpace):
        self._discrete = DiscreteDecisions(space)
        self.independent = space.independent
        self._valid = self._discrete.valid
        self._places = np.arange(self._discrete.decisions)
        self.shape = (self._discrete.decisions, self._discrete.choices)

    def draw(self, logits: np.ndarray, rows: int, rng: np.random.Generator) -> Designs:
        """Draws designs; `rng` gives one number for each row and decision."""
        if not self.independent:
            drawn = self._discrete.draw(lambda step, _: logits[step], self._discrete.decisions, rows, rng)
            return Designs(*drawn)
        cumulative = self._probabilities(logits).cumsum(axis=1)
        cumulative /= cumulative[:, -1:]  # the last is 1, and a draw is below
        uniform = rng.random((*self.shape[:1], rows))
        columns = [np.searchsorted(cumulative[at], uniform[at], side="right") for at in self._places]
        return Designs(np.stack(columns, axis=1), None)

    def log_probabilities(self, logits: np.ndarray, designs: Designs) -> np.ndarray:
        """Returns log P of each design, `[rows]`."""
        if designs.masks is None:
            return masked_softmax(logits, self._valid).logarithms[self._places, designs.tokens].sum(axis=1)
        rows_of_logits = np.broadcast_to(logits[:, None], designs.masks.shape)
        return chosen_log_probabilities(rows_of_logits, designs.masks, designs.tokens).sum(axis=1)

    def mean_score(self, logits: np.ndarray, designs: Designs, weights: np.ndarray | None = None) -> np.ndarray:
        """Returns the mean over designs of the gradient of log P by the logits, `[decisions, choices]`.

        A decision's part of one design is the one-hot vector of its choice less the probabilities that it had.

        Args:
            logits: of the policy.
            designs: at least one.
            weights: of the designs, `[rows]`, which sum to 1; None weighs all alike.
        """
        rows, choices = len(designs.tokens), self.shape[1]
        if weights is None:
            weights = np.full(rows, 1 / rows)
        counted = [np.bincount(column, weights, minlength=choices) for column in designs.tokens.T]
        if designs.masks is None:
            return np.stack(counted) - self._probabilities(logits)
        expected = [
            weights @ masked_softmax(np.broadcast_to(row, mask.shape), mask).probabilities
            for row, mask in zip(logits, designs.masks, strict=True)
        ]  # one decision after the other, as all at once would hold rows x decisions x choices numbers
        return np.stack(counted) - np.stack(expected)

    def every(self, most: int) -> Designs | None:
        """Returns every design there is; None where there are more than `most`."""
        if not self.independent:
            tokens = self._discrete.every(most)
            return None if tokens is None else self.of_tokens(tokens)
        if self.size() > most:
            return None
        return self.numbered(np.arange(self.size()))

    def size(self) -> int:
        """How many encodings there are where no choice rules out another; else a number that they don't exceed."""
        return prod(self._widths())

    def numbered(self, numbers: np.ndarray) -> Designs:
        """Returns designs by their numbers in [0, size), of a space where no choice rules out another."""
        return Designs(np.stack(np.unravel_index(numbers, self._widths()), axis=1), None)

    def by_probability(self, logits: np.ndarray, most: int) -> np.ndarray | None:
        """Returns the numbers of all designs, the most probable first; None for more than `most`, or under masks."""
        if not self.independent or self.size() > most:
            return None
        logarithms = masked_softmax(logits, self._valid).logarithms
        total = np.zeros(1)
        for row, width in zip(logarithms, self._widths(), strict=True):
            total = (total[:, None] + row[:width]).ravel()
        return np.argsort(-total, kind="stable")

    def designs(self, encoded: np.ndarray) -> Designs:
        """Returns the designs of the space's encodings, `[rows, all decisions]`."""
        return self.of_tokens(self._discrete.read(encoded))

    def of_tokens(self, tokens: np.ndarray) -> Designs:
        """Returns the designs of tokens, `[rows, decisions]`."""
        return Designs(tokens, None if self.independent else self._discrete.masks(tokens))

    def design(self, data: object) -> Designs | None:
        """Returns the one design of a spec's JSON data; None where it could not have been drawn."""
        tokens = self._discrete.tokens(data)
        return None if tokens is None or (tokens < 0).any() else self.of_tokens(tokens[None])

    def encoded(self, designs: Designs) -> np.ndarray:
        """Returns the space's encodings of designs, `[rows, all decisions]`."""
        return self._discrete.encoded(designs.tokens)

    def is_design(self, encoded: np.ndarray) -> np.ndarray:
        """Whether each row of `[rows, all decisions]` is an encoding that can be drawn, bool `[rows]`."""
        tokens = self._discrete.read(encoded)
        whole = ((tokens >= 0) & (tokens < self._valid.sum(axis=1))).all(axis=1)
        if not self.independent and whole.any():
            masks = self._discrete.masks(tokens[whole])
            rows = np.arange(masks.shape[1])
            whole[whole] = masks[self._places[:, None], rows, tokens[whole].T].all(axis=0)
        return whole

    def _widths(self) -> tuple[int, ...]:
        return tuple(self._valid.sum(axis=1).tolist())

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        return masked_softmax(logits, self._valid).probabilities
