"""A space's decisions as a policy sees them: choices numbered from 0, with masks over what is allowed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.controllers.policy_gradient import masked_softmax
from components.controllers.token_network import NetworkWeights, first_carry, next_logits
from components.search_spaces.space import Categorical, Decision, Integer, SearchSpace, Spec


class DiscreteDecisions:
    """The decisions of a space whose every decision is among a few values.

    Tokens are choices counted from 0 (an Integer's `low` is 0), -1 after the end of a shorter encoding.

    Args:
        space: gives decisions, lengths, masks, encodings.

    Attributes:
        lengths: numbers of decisions that make a whole encoding, ascending.
        decisions: the longest of them.
        choices: the most values that a decision has.

    Raises:
        ValueError: a decision is neither Categorical nor Integer.
    """

    def __init__(self, space: SearchSpace):
        self._space = space
        self.lengths = tuple(space.lengths)
        self.decisions = self.lengths[-1]
        every = space.decisions()
        drawn = [_discrete(one) for one in every[: self.decisions]]
        self._padding = len(every) - len(drawn)
        self._fixed = self.lengths == (len(every),)
        self._lows = np.array([one.low if isinstance(one, Integer) else 0 for one in drawn])
        self._widths = [one.high - one.low + 1 if isinstance(one, Integer) else one.choices for one in drawn]
        self.choices = max(self._widths)

    def tokens(self, data: Any) -> np.ndarray | None:
        """Returns the tokens of a spec's JSON data, `[decisions]`; None where a policy could not have drawn it."""
        encoded = np.asarray(self._space.encode(self._space.from_json(data)))
        length = self.decisions if self._fixed else int((encoded != -1).sum())
        if length not in self.lengths:
            return None
        tokens = np.full(self.decisions, -1, np.int64)
        tokens[:length] = encoded[:length] - self._lows[:length]
        masks = self.masks(tokens[None])
        chosen = masks[np.arange(length), 0, tokens[:length]]
        return tokens if chosen.all() else None

    def spec(self, tokens: np.ndarray) -> Spec:
        """Returns the spec of tokens, `[decisions]`."""
        encoded = np.where(tokens >= 0, tokens + self._lows, -1)
        return self._space.decode(np.concatenate([encoded, np.full(self._padding, -1)]))

    def masks(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what was allowed at each decision of rows of tokens, `[rows, decisions]`.

        Its shape is `[decisions, rows, choices]`; after the end of a row nothing is.
        """
        masks = np.zeros((self.decisions, len(tokens), self.choices), bool)
        for row, length in enumerate((tokens >= 0).sum(axis=1)):
            encoded = (tokens[row] + self._lows).tolist()
            for step in range(length):
                self._fill(masks[step, row], encoded[:step], int(length))
        return masks

    def sample(self, weights: NetworkWeights, length: int, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Draws rows of tokens from a policy, `[rows, decisions]`.

        Args:
            weights: of the policy.
            length: decisions of each, one of `lengths`.
            rows: how many.
            rng: source of every draw; it gives one number for each row and decision.
        """
        tokens = np.full((rows, self.decisions), -1, np.int64)
        encoded: list[list[int]] = [[] for _ in range(rows)]
        carry, previous = first_carry(weights, rows), np.zeros(rows, np.int64)
        for step in range(length):
            mask = np.zeros((rows, self.choices), bool)
            for row in range(rows):
                self._fill(mask[row], encoded[row], length)
            logits, carry = next_logits(weights, step, previous, carry)
            cumulative = masked_softmax(logits.astype(np.float64), mask).probabilities.cumsum(axis=1)
            drawn = rng.random((rows, 1)) * cumulative[:, -1:]
            previous = tokens[:, step] = np.argmax(cumulative > drawn, axis=1)
            for row, value in enumerate((previous + self._lows[step]).tolist()):
                encoded[row].append(value)
        return tokens

    def _fill(self, mask: np.ndarray, prefix: Sequence[int], length: int) -> None:
        allowed = self._space.allowed(prefix, length)
        mask[: len(allowed)] = allowed


def _discrete(decision: Decision) -> Categorical | Integer:
    if isinstance(decision, Categorical | Integer):
        return decision
    raise ValueError(f"`space` must have discrete decisions only. Received: {decision}.")
