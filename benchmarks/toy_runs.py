"""The published toy example of TabNAS, many runs side by side in NumPy.

Two hidden layers of 2, 3 or 4 units between 2 inputs and 1 output, at most 25 parameters, and a table of losses instead
of training. The best network within the limit, 4-2, is a bottleneck; the better ones over the limit are not.

A run here takes the steps of `components.controllers.factorized_policy`, and a test holds both against each other.

Source: the public notebook of TabNAS (google-research/tabnas): table, limit, steps, learning rates, moving average.
"""

from typing import NamedTuple

import numpy as np

from components.controllers.adam import adam_step
from components.controllers.factorized_rewards import Reward, shaped_reward

SIZES = (2, 3, 4)
LIMIT = 25
STEPS = 500
LOSSES = np.array([[0.9, 0.9, 0.66], [0.9, 0.66, 0.3], [0.6, 0.3, 0.1]])  # [first layer, second layer]
PARAMETERS = np.array([[(2 * a + a) + (a * b + b) + (b + 1) for b in SIZES] for a in SIZES])
BEST = (2, 0)  # 4-2
BASELINE_DECAY, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-8

_DESIGNS = np.stack(np.unravel_index(np.arange(9), (3, 3)), axis=1)  # [9, 2]
_ONE_HOT = (_DESIGNS[:, :, None] == np.arange(3)).astype(float)  # [9, 2, 3]
_WITHIN = (PARAMETERS <= LIMIT).ravel()  # [9]


class Arm(NamedTuple):
    """A way to learn.

    Fields:
        reward: `rejection` or a rival.
        correction: of rejection: `exact`, `none`, or how many samples estimate it.
        weight: of a rival's penalty, <= 0.
        rate: learning rate.
    """

    reward: Reward
    correction: int | str = "none"
    weight: float = 0.0
    rate: float = 0.1


class Runs(NamedTuple):
    """Runs of one arm: logits and Adam's moments `[runs, 2, 3]`; moving average and Adam's steps `[runs, 1, 1]`."""

    logits: np.ndarray
    first: np.ndarray
    second: np.ndarray
    baseline_sum: np.ndarray
    baseline_weight: np.ndarray
    updates: np.ndarray


class Ends(NamedTuple):
    """Shares of the runs at their end.

    Fields:
        within, of_all: in which the best design is the most probable one within the limit, and of all.
        mass: mean probability of what is within the limit.
        best: mean probability of the best design, given that it is within the limit.
    """

    within: float
    of_all: float
    mass: float
    best: float


def finished(arm: Arm, seeds: int, steps: int = STEPS) -> Ends:
    """Runs an arm from uniform logits, once a seed, and returns how it ends."""
    rng = np.random.default_rng(0)
    runs = first_runs(seeds)
    for _ in range(steps):
        designs = drawn(runs.logits, 1, rng)[:, 0]
        samples = drawn(runs.logits, arm.correction, rng) if isinstance(arm.correction, int) else None
        runs = step(runs, arm, designs, samples)
    probability = probabilities(runs.logits)
    inside = np.where(_WITHIN, probability, 0)
    best = int(np.ravel_multi_index(BEST, (3, 3)))
    return Ends(
        within=float((inside.argmax(axis=1) == best).mean()),
        of_all=float((probability.argmax(axis=1) == best).mean()),
        mass=float(inside.sum(axis=1).mean()),
        best=float((inside[:, best] / inside.sum(axis=1)).mean()),
    )


def first_runs(seeds: int) -> Runs:
    """Uniform logits, nothing learnt."""
    zeros, zero = np.zeros((seeds, 2, 3)), np.zeros((seeds, 1, 1))
    return Runs(zeros, zeros, zeros, zero, zero, zero)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """P of the nine designs in each run, `[runs, 9]`."""
    each = _softmax(logits)
    return (each[:, 0, :, None] * each[:, 1, None, :]).reshape(-1, 9)


def drawn(logits: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draws designs by number from each run's policy, `[runs, count]`."""
    cumulative = probabilities(logits).cumsum(axis=1)[:, None]
    return (rng.random((len(logits), count, 1)) * cumulative[..., -1:] >= cumulative).sum(axis=-1)


def step(runs: Runs, arm: Arm, designs: np.ndarray, samples: np.ndarray | None) -> Runs:
    """Returns the runs after one step.

    Args:
        runs: before it.
        arm: how they learn.
        designs: drawn by each run, as numbers `[runs]`.
        samples: for an estimated correction, as numbers `[runs, samples]`.
    """
    ratio = PARAMETERS.ravel()[designs] / LIMIT
    reward = shaped_reward(arm.reward, 1 - LOSSES.ravel()[designs], ratio, arm.weight)[:, None, None]
    gradient = _ONE_HOT[designs] - _softmax(runs.logits)
    learns = np.ones(len(designs), bool)
    if arm.reward == "rejection":
        correction, sampled = _correction(runs.logits, arm, samples)
        gradient, learns = gradient - correction, _WITHIN[designs] & sampled
    total = BASELINE_DECAY * runs.baseline_sum + (1 - BASELINE_DECAY) * reward
    weight = BASELINE_DECAY * runs.baseline_weight + (1 - BASELINE_DECAY)
    logits, first, second = adam_step(
        {"": runs.logits},
        {"": -(reward - total / weight) * gradient},
        {"": runs.first},
        {"": runs.second},
        runs.updates + 1,
        arm.rate,
        beta_1=BETA_1,
        beta_2=BETA_2,
        epsilon=EPSILON,
    )
    after = Runs(logits[""], first[""], second[""], total, weight, runs.updates + 1)
    taken = learns[:, None, None]
    return Runs(*(np.where(taken, new, old) for new, old in zip(after, runs, strict=True)))


def _correction(logits: np.ndarray, arm: Arm, samples: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of log P(V), `[runs, 2, 3]`, and in which runs there is one, `[runs]`."""
    everywhere = np.ones(len(logits), bool)
    if arm.correction == "none":
        return np.zeros_like(logits), everywhere
    if samples is None:
        inside = np.where(_WITHIN, probabilities(logits), 0)
        return _mean_one_hot(inside) - _softmax(logits), everywhere
    counted = (samples[..., None] == np.arange(9)).sum(axis=1) * _WITHIN
    return _mean_one_hot(counted) - _softmax(logits), counted.any(axis=1)


def _mean_one_hot(weights: np.ndarray) -> np.ndarray:
    """The mean one-hot vectors of designs by their weights `[runs, 9]`; 0 where all weights are."""
    total = weights.sum(axis=1, keepdims=True)
    return np.einsum("rz,zdc->rdc", weights / np.maximum(total, np.finfo(float).tiny), _ONE_HOT)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weight = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)
