"""Random gradients, weights and draws, for rules computed by the oracles of tests/oracles/update_rule.py."""

from tests.oracles.update_rule import operands

SIZE = 40
TOTAL_STEPS = 10


def world(rng, size=SIZE):
    """Values of all operands after three gradients, by token, and masks of drop for each of 8 places."""
    gradients = rng.standard_normal((3, size)) * 10.0 ** rng.uniform(-3, 0.5, (1, size))
    noise = 0.01 * rng.standard_normal(size), 0.5 * rng.standard_normal(size)
    values = operands(gradients, rng.standard_normal(size), TOTAL_STEPS, *noise)
    return values, [(rng.random(size) > 0.3) / 0.7 for _ in range(8)]
