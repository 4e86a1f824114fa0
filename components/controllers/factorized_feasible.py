"""The designs within the limits, V, under a policy: how probable they are, and which way that grows.

P(V) is exact where the space is small enough to be enumerated. Else it is estimated from N draws z of the proposal
q = stopgrad(p): P^(V) = 1/N sum p(z)/q(z) 1{z in V}, whose value is the share of the draws in V, and the gradient of
whose logarithm is the mean of the gradients of log p(z) over the draws in V.

Source: TabNAS (arXiv 2204.07615), algorithm 2.
"""

from functools import cached_property

import numpy as np

from components.controllers.factorized_distribution import Designs, FactorizedDistribution
from components.controllers.limits import CostLimits

LARGEST_BLOCK = 4096  # designs drawn at once
MOST_DRAWS = 1_000_000  # for one that is within the limits
MOST_MASKED_DRAWS = 20_000  # of designs under a grammar, whose draws are slow


class FeasibleSet:
    """The designs within limits.

    Args:
        distribution: of the designs.
        limits: what they have to meet; None lets all of them in.
        samples: N, draws of an estimate.
        enumerate_up_to: designs of a space up to which it is enumerated.
    """

    def __init__(
        self, distribution: FactorizedDistribution, limits: CostLimits | None, samples: int, enumerate_up_to: int
    ):
        self._distribution = distribution
        self._limits = limits
        self._samples = samples
        self._enumerate_up_to = enumerate_up_to

    @cached_property
    def enumerated(self) -> Designs | None:
        """All of V; None where the space is too large.

        Raises:
            ValueError: it is empty.
        """
        every = self._distribution.every(self._enumerate_up_to)
        if every is None:
            return None
        inside = every.rows(self.within(every))
        if not len(inside.tokens):
            raise ValueError(f"`limits` must be met by a design. Received: met by none of {len(every.tokens)}.")
        return inside

    def within(self, designs: Designs) -> np.ndarray:
        """Whether each design is in V, bool `[rows]`."""
        if self._limits is None:
            return np.ones(len(designs.tokens), bool)
        return self._limits.within(self._distribution.encoded(designs))

    def ratio(self, designs: Designs) -> np.ndarray:
        """Largest cost over limit of each design, `[rows]`; 1 where there are no limits."""
        if self._limits is None:
            return np.ones(len(designs.tokens))
        return self._limits.ratio(self._distribution.encoded(designs))

    def mean_score(self, logits: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """Returns the gradient of log P(V) by the logits, `[decisions, choices]`.

        None where it is estimated and no draw is in V.
        """
        if self._limits is None:
            return np.zeros(self._distribution.shape)
        if self.enumerated is not None:
            logarithms = self._distribution.log_probabilities(logits, self.enumerated)
            weights = np.exp(logarithms - logarithms.max())
            return self._distribution.mean_score(logits, self.enumerated, weights / weights.sum())
        drawn = self._distribution.draw(logits, self._samples, rng)
        inside = self.within(drawn)
        return self._distribution.mean_score(logits, drawn.rows(inside)) if inside.any() else None

    def log_mass(self, logits: np.ndarray, rng: np.random.Generator) -> float:
        """Returns log P(V), exact or estimated; -inf where no draw is in V."""
        if self._limits is None:
            return 0.0
        if self.enumerated is not None:
            return log_sum(self._distribution.log_probabilities(logits, self.enumerated))
        share = self.within(self._distribution.draw(logits, self._samples, rng)).mean()
        return float(np.log(share)) if share else -np.inf

    def draw(self, logits: np.ndarray, rows: int, rng: np.random.Generator) -> tuple[Designs, np.ndarray]:
        """Draws designs until so many are in V.

        Where V is enumerated, they are drawn from it, and how many others rejection would have seen is drawn, too.

        Returns:
            Those, and before each how many were drawn that aren't, `[rows]`.

        Raises:
            ValueError: hardly any is.
        """
        if self._limits is not None and self.enumerated is not None:
            return self._drawn_from(self.enumerated, logits, rows, rng)
        found: list[Designs] = []
        places: list[np.ndarray] = []
        drawn = missing = 0
        while (missing := rows - sum(map(len, places))) > 0:
            most = MOST_DRAWS if self._distribution.independent else MOST_MASKED_DRAWS
            if drawn >= most * rows:
                rule = "`$.rejection.size` must be met by designs that the policy draws now and then"
                raise ValueError(f"{rule}. Received: {rows - missing} of {drawn} draws are within it.")
            block = self._distribution.draw(logits, min(max(missing, drawn), LARGEST_BLOCK), rng)
            inside = np.flatnonzero(self.within(block))[:missing]
            found.append(block.rows(inside))
            places.append(drawn + inside)
            drawn += len(block.tokens)
        at = np.concatenate(places)
        return _joined(found), np.diff(at, prepend=-1) - 1

    def _drawn_from(
        self, inside: Designs, logits: np.ndarray, rows: int, rng: np.random.Generator
    ) -> tuple[Designs, np.ndarray]:
        logarithms = self._distribution.log_probabilities(logits, inside)
        mass = log_sum(logarithms)
        chosen = rng.choice(len(logarithms), rows, p=_normalised(np.exp(logarithms - mass)))
        return inside.rows(chosen), rng.geometric(np.clip(np.exp(mass), 1 / MOST_DRAWS, 1.0), rows) - 1


def log_sum(logarithms: np.ndarray) -> float:
    """Returns the logarithm of the sum of numbers given as logarithms; -inf of none."""
    top = logarithms.max(initial=-np.inf)
    return float(top + np.log(np.exp(logarithms - top).sum())) if np.isfinite(top) else -np.inf


def _normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _joined(parts: list[Designs]) -> Designs:
    tokens = np.concatenate([part.tokens for part in parts])
    masks = [part.masks for part in parts if part.masks is not None]
    return Designs(tokens, np.concatenate(masks, axis=1) if masks else None)
