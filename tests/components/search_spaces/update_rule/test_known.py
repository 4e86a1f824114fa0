"""Published rules: their formulas, and their values against formulas written out here."""

import math

import numpy as np
import pytest

from components.search_spaces.update_rule.evaluation import updates
from components.search_spaces.update_rule.formula import formula
from components.search_spaces.update_rule.known import DECAYS, KNOWN
from components.search_spaces.update_rule.parsing import parse_rule
from components.search_spaces.update_rule.simplification import canonical
from components.search_spaces.update_rule.spec import RuleBehaviour

STEPS, SIZE, TOTAL = 12, 25, 12

FORMULAS = {
    "SGD": "g",
    "Momentum": "m",
    "RMSProp": "rmsprop",
    "Adam": "adam",
    "PowerSign": "e^(sign(g) * sign(m)) * g",
    "PowerSign-2": "2^(sign(g) * sign(m)) * g",
    "AddSign": "(1 + sign(g) * sign(m)) * g",
    "AddSign-2": "(2 + sign(g) * sign(m)) * g",
    **{f"PowerSign-{decay}": f"e^({decay} * sign(g) * sign(m)) * g" for decay in DECAYS},
    **{f"AddSign-{decay}": f"(1 + {decay} * sign(g) * sign(m)) * g" for decay in DECAYS},
}


def decayed(name, t):
    return {
        "ld": 1 - t / TOTAL,
        "cd": (1 + math.cos(math.pi * t / TOTAL)) / 2,
        "rd_10": (1 + math.cos(math.pi * ((10 * t) % TOTAL) / TOTAL)) / 2,
        "rd_20": (1 + math.cos(math.pi * ((20 * t) % TOTAL) / TOTAL)) / 2,
    }.get(name, 1.0)


def by_hand(name, gradients):
    """The updates of each step, with the averages as recursions."""
    family, _, ending = name.partition("-")
    m = v = np.zeros(SIZE)
    rows = []
    for t, g in enumerate(gradients.astype(float)):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        m_hat, v_hat = m / (1 - 0.9 ** (t + 1)), v / (1 - 0.999 ** (t + 1))
        signs = decayed(ending, t) * np.sign(g) * np.sign(m)
        rows.append({
            "SGD": g,
            "Momentum": m_hat,
            "RMSProp": g / (np.sqrt(v_hat) + 1e-8),
            "Adam": m_hat / (np.sqrt(v_hat) + 1e-8),
            "PowerSign": (2.0 if ending == "2" else math.e) ** signs * g,
            "AddSign": ((2.0 if ending == "2" else 1.0) + signs) * g,
        }[family])  # fmt: skip
    return np.stack(rows)


def test_the_table_is_complete():
    assert set(FORMULAS) == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_rule_prints_as_published_and_reads_back(name):
    assert formula(KNOWN[name]) == FORMULAS[name]
    assert canonical(parse_rule(FORMULAS[name])) == canonical(KNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_rule_computes_its_formula(name):
    rng = np.random.default_rng(0)
    gradients, weights = rng.standard_normal((STEPS, SIZE), np.float32), rng.standard_normal(SIZE, np.float32)
    computed = updates(KNOWN[name], gradients, weights, TOTAL, RuleBehaviour(), rng)
    np.testing.assert_allclose(computed, by_hand(name, gradients), rtol=2e-5, atol=1e-6)
