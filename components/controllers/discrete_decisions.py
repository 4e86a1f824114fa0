"""A space's decisions as a policy sees them: choices numbered from 0, with masks over what is allowed."""

from collections.abc import Callable, Sequence
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
        valid: which of them each decision has at all, `[decisions, choices]`.

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
        self.valid = np.arange(self.choices) < np.array(self._widths)[:, None]

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
        return self._space.decode(self.encoded(tokens[None])[0])

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
        """Draws rows of tokens from a recurrent policy, `[rows, decisions]`.

        Args:
            weights: of the policy.
            length: decisions of each, one of `lengths`.
            rows: how many.
            rng: source of every draw; it gives one number for each row and decision.
        """
        carry = first_carry(weights, rows)

        def logits_at(step: int, previous: np.ndarray) -> np.ndarray:
            nonlocal carry
            logits, carry = next_logits(weights, step, previous, carry)
            return logits

        return self.draw(logits_at, length, rows, rng)[0]

    def draw(
        self, logits_at: Callable[[int, np.ndarray], np.ndarray], length: int, rows: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws rows of tokens, each by a softmax over what is allowed after those before it.

        Args:
            logits_at: gives the logits of a decision, `[rows, choices]` or `[choices]`, from its number and the tokens
                of the one before, `[rows]`, zeros at the first.
            length, rows, rng: as in `sample`.

        Returns:
            The tokens, `[rows, decisions]`, and what was allowed, `[decisions, rows, choices]`.
        """
        tokens = np.full((rows, self.decisions), -1, np.int64)
        masks = np.zeros((self.decisions, rows, self.choices), bool)
        encoded: list[list[int]] = [[] for _ in range(rows)]
        previous = np.zeros(rows, np.int64)
        for step in range(length):
            for row in range(rows):
                self._fill(masks[step, row], encoded[row], length)
            logits = np.broadcast_to(logits_at(step, previous), masks[step].shape)
            cumulative = masked_softmax(logits.astype(np.float64), masks[step]).probabilities.cumsum(axis=1)
            drawn = rng.random((rows, 1)) * cumulative[:, -1:]
            previous = tokens[:, step] = np.argmax(cumulative > drawn, axis=1)
            for row, value in enumerate((previous + self._lows[step]).tolist()):
                encoded[row].append(value)
        return tokens, masks

    def encoded(self, tokens: np.ndarray) -> np.ndarray:
        """Returns the space's encodings, `[rows, all decisions]`, of rows of tokens, `[rows, decisions]`."""
        whole = np.full((len(tokens), self.decisions + self._padding), -1, np.int64)
        whole[:, : self.decisions] = np.where(tokens >= 0, tokens + self._lows, -1)
        return whole

    def read(self, encoded: np.ndarray) -> np.ndarray:
        """Returns the tokens, `[rows, decisions]`, of the space's encodings, `[rows, all decisions]`."""
        own = np.asarray(encoded)[:, : self.decisions]
        return np.where(own == -1, -1, own - self._lows) if not self._fixed else own - self._lows

    def every(self, most: int) -> np.ndarray | None:
        """Returns the tokens of every design of the longest length, `[rows, decisions]`; None for more than `most`."""
        rows: list[list[int]] = [[]]
        for step in range(self.decisions):
            low = int(self._lows[step])
            longer = []
            for row in rows:
                allowed = self._space.allowed(row, self.decisions)
                longer += [[*row, low + int(choice)] for choice in np.flatnonzero(allowed)]
                if len(longer) > most:
                    return None
            rows = longer
        return np.array(rows) - self._lows

    def _fill(self, mask: np.ndarray, prefix: Sequence[int], length: int) -> None:
        allowed = self._space.allowed(prefix, length)
        mask[: len(allowed)] = allowed


def _discrete(decision: Decision) -> Categorical | Integer:
    if isinstance(decision, Categorical | Integer):
        return decision
    raise ValueError(f"`space` must have discrete decisions only. Received: {decision}.")
