"""The screens before a rule is tried: one by what it depends on, one by a few updates in NumPy."""

import numpy as np

from components.search_spaces.update_rule.evaluation import updates
from components.search_spaces.update_rule.normal_form import GRADIENT, STEP
from components.search_spaces.update_rule.simplification import simplified
from components.search_spaces.update_rule.spec import RuleBehaviour, RuleSpec

STEPS, WEIGHTS, TOTAL_STEPS = 4, 96, 100
LARGEST_STEP = 10.0  # a hundred times the size of ordinary weights, at the smallest rate
SMALLEST_STEP = 1e-9  # what no float32 weight of ordinary size (0.1) feels, at the largest rate


def uses_gradient(spec: RuleSpec, absolute_base: bool = False) -> bool:
    """Returns whether the update depends on the gradient, or on an average of it."""
    return bool(simplified(spec, absolute_base).facts.depends & GRADIENT)


def static_screen(spec: RuleSpec, absolute_base: bool = False) -> str | None:
    """Returns `constant` where all weights get the same update whatever they are (numbers and decays alone), else None.

    A rule without the gradient, such as a weight decay or noise, is allowed.
    """
    return None if simplified(spec, absolute_base).facts.depends & ~STEP else "constant"


def numerical_screen(
    spec: RuleSpec, rng: np.random.Generator, behaviour: RuleBehaviour, smallest_rate: float, largest_rate: float
) -> str | None:
    """Returns why the first updates on random gradients rule a rule out.

    Gradients have a part that stays and one that changes, of equal size, and sizes from 1e-4 to 1 over the weights,
    none exactly 0; weights are N(0, 0.1^2).

    Args:
        spec: the rule.
        rng: draws gradients, weights, noise.
        behaviour: what the tokens mean.
        smallest_rate, largest_rate: of the learning rates that a rule is tried with.

    Returns:
        `non_finite` where an update isn't finite; `exploding` where even the smallest rate moves the weights by more
        than 10 in the root mean square of a step; `vanishing` where the largest moves none by 1e-9; else None.
    """
    size = np.float32(10) ** rng.uniform(-4, 0, WEIGHTS).astype(np.float32)
    parts = rng.standard_normal((STEPS + 1, WEIGHTS), np.float32)
    gradients = size * (parts[:-1] + parts[-1])
    weights = np.float32(0.1) * rng.standard_normal(WEIGHTS, np.float32)
    computed = updates(spec, gradients, weights, TOTAL_STEPS, behaviour, rng)
    if not np.isfinite(computed).all():
        return "non_finite"
    sizes = np.abs(computed.astype(np.float64))
    if np.sqrt(np.square(sizes).mean(axis=1)).max() * smallest_rate > LARGEST_STEP:
        return "exploding"
    return "vanishing" if sizes.max() * largest_rate < SMALLEST_STEP else None
