"""The screens, the mark of rules without a gradient, and the NumPy evaluation that the screen computes with."""

import numpy as np
import pytest

from components.search_spaces.registry import open_space
from components.search_spaces.update_rule.evaluation import decay_number, updates
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.parsing import parse_rule
from components.search_spaces.update_rule.primitives import BINARIES, OPERANDS, UNARIES, decay
from components.search_spaces.update_rule.screen import uses_gradient
from components.search_spaces.update_rule.spec import Group, RuleBehaviour, RuleSpec
from tests.oracles import update_rule as oracle

STEPS, SIZE, TOTAL = 5, 30, 8
DEFAULT = RuleBehaviour()


def inputs(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((STEPS, SIZE), np.float32), rng.standard_normal(SIZE, np.float32)


def computed(rule, behaviour=DEFAULT, total_steps=TOTAL, gradients=None, weights=None):
    default = inputs()
    gradients = default[0] if gradients is None else gradients
    weights = default[1] if weights is None else weights
    return updates(rule, gradients, weights, total_steps, behaviour, np.random.default_rng(1))


def expected(rule, betas=(0.9, 0.999, 0.999), corrected=True, absolute=False):
    gradients, weights = inputs()
    rows = []
    for t in range(STEPS):
        values = oracle.operands(gradients[: t + 1], weights, TOTAL, None, None, betas, corrected)
        rows.append(np.broadcast_to(oracle.raw_update(rule.groups, values, [None] * 8, absolute), SIZE))
    return np.stack(rows)


def alone(operand, unary="identity"):
    return RuleSpec((Group(operand, "1", unary, "identity", "left"),))


@pytest.mark.parametrize("operand", [*(name for name in OPERANDS if name != "noise"), "ld", "cd", "cd_2", "rd_10"])
def test_every_operand_is_what_it_says(operand):
    np.testing.assert_allclose(computed(alone(operand)), expected(alone(operand)), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("unary", [name for name in UNARIES if not name.startswith("drop")])
def test_every_unary_function_is_what_it_says(unary):
    for operand in ("g", "m", "1e-4w"):
        rule = alone(operand, unary)
        np.testing.assert_allclose(computed(rule), expected(rule), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("binary", BINARIES)
@pytest.mark.parametrize("absolute", [False, True])
def test_every_binary_function_is_what_it_says(binary, absolute):
    rule = RuleSpec((Group("g", "m", "identity", "identity", binary), Group("#1", "v", "identity", "sqrt", "mul")))
    behaviour = RuleBehaviour(power_base="absolute" if absolute else "raw")
    np.testing.assert_allclose(computed(rule, behaviour), expected(rule, absolute=absolute), rtol=1e-4, atol=1e-7)


def test_the_averages_follow_their_settings():
    behaviour = RuleBehaviour(beta1=0.5, beta2=0.6, beta3=0.7, bias_correction=False)
    for operand in ("m", "v", "gamma", "sign(m)", "adam", "rmsprop"):
        rule = alone(operand)
        np.testing.assert_allclose(
            computed(rule, behaviour), expected(rule, (0.5, 0.6, 0.7), corrected=False), rtol=2e-5, atol=1e-7
        )


def test_noise_has_its_size_and_is_one_draw_a_step():
    """20,000 numbers: a standard deviation is met within 5 of its own (0.5%) but with a chance of 1e-6."""
    gradients, weights = np.zeros((2, 20_000), np.float32), np.zeros(20_000, np.float32)
    for operand, deviations in (("noise", (0.3, 0.3)), ("noise_t", (1.0, 2 ** (-0.55 / 2)))):
        rule, behaviour = alone(operand), RuleBehaviour(noise_std=0.3)
        rows = computed(rule, behaviour, gradients=gradients, weights=weights)
        assert rows.std(axis=1) == pytest.approx(deviations, rel=0.025)
        assert abs(np.corrcoef(rows)[0, 1]) < 0.036  # 5 standard deviations of 1 / sqrt(20,000)
        difference = RuleSpec((Group(operand, operand, "identity", "identity", "sub"),))
        assert not computed(difference, behaviour, gradients=gradients, weights=weights).any()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_drop_sets_its_share_to_zero_and_rescales_if_asked(rate):
    """20,000 numbers: the share has a deviation of at most 0.0036; 5 of them are 0.018."""
    ones, weights = np.ones((1, 20_000), np.float32), np.zeros(20_000, np.float32)
    for rescaled in (True, False):
        row = computed(alone("g", f"drop_{rate}"), RuleBehaviour(rescale_dropped=rescaled), 1, ones, weights)[0]
        assert np.mean(row == 0) == pytest.approx(rate, abs=0.018)
        assert row[row != 0] == pytest.approx(1 / (1 - rate) if rescaled else 1.0)


def test_each_place_of_drop_is_a_draw_of_its_own_and_a_result_is_one():
    ones, weights = np.ones((1, 1000), np.float32), np.zeros(1000, np.float32)
    twice = computed(parse_rule("drop(g, 0.5) - drop(g, 0.5)"), RuleBehaviour(), 1, ones, weights)
    once = computed(parse_rule("#1 - #1, #1 = drop(g, 0.5)"), RuleBehaviour(), 1, ones, weights)
    assert 400 < np.count_nonzero(twice) < 600  # half of 1000, 6 deviations either way
    assert not once.any()


@pytest.mark.parametrize(("token", "values"), [
    ("ld", (1.0, 0.75, 0.5, 0.25, 0.0, 0.0)),
    ("cd", (1.0, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0.0, 0.0)),
    ("cd_1", (1.0, 0.5, 0.0, 0.5, 1.0, 1.0)),
    ("rd_2", (1.0, 0.5, 1.0, 0.5, 1.0, 1.0)),  # two restarts: (t * 2) mod 4 is 0, 2, 0, 2
])  # fmt: skip
def test_decays_at_t_of_four_steps_and_past_them(token, values):
    assert [decay_number(decay(token), t, 4) for t in range(6)] == pytest.approx(values)
    assert [oracle.decay(token, t, 4) for t in range(6)] == pytest.approx(values)


STATIC = [
    ("1 + 2", "constant"),
    ("ld * cd", "constant"),
    ("e^(ld) - clip(2, 1e-3)", "constant"),
    ("g - g", "constant"),
    ("1^g", "constant"),
    ("g^(1 - 1)", "constant"),
    ("ln|1 - 1| * rd_10", "constant"),
    ("drop(1, 0.3)", None),
    ("noise", None),
    ("1e-3w", None),
    ("g", None),
    ("v * ld", None),
]


@pytest.mark.parametrize(("text", "reason"), STATIC)
def test_the_static_screen_drops_what_is_the_same_for_every_weight(text, reason):
    assert open_space("update_rule", {}).static_screen(parse_rule(text)) == reason


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("1e-3w", False),
        ("noise_t + 1e-1w", False),
        ("drop(1e-3w, 0.3) * ld", False),
        ("g * (1 - 1) + 1e-3w", False),
        ("1e-3w + clip(gamma, 1e-5)", True),
        ("rmsprop", True),
        ("e^(sign(m)) * noise", True),
    ],
)
def test_a_rule_that_never_uses_the_gradient_is_allowed_and_marked(text, uses):
    space, rule = open_space("update_rule", {}), parse_rule(text)
    assert uses_gradient(rule) == uses
    assert space.static_screen(rule) is None
    assert space.formula(rule) == text + ("" if uses else " [never uses the gradient]")
    assert parse_rule(space.formula(rule)) == rule


NUMERICAL = [
    ("g^m", "non_finite"),  # a negative base
    ("sqrt|g|^m", None),
    ("ln|g - g|", "non_finite"),
    ("e^(e^(1 / g^2))", "non_finite"),
    ("1 / g^3", "exploding"),  # 1e8 where g^3 < 1e-8, and 1e-5 * 1e8 / 10 > 10
    ("1 / v", "exploding"),
    ("g / v", None),  # 1e4 where g is 1e-4
    ("e^(2) * e^(2) * e^(2)", None),  # 403
    ("clip(g, 1e-4) * clip(m, 1e-5)", None),  # 1e-9, and 1e-8 at the rate 10
    ("clip(g, 1e-5) * clip(m, 1e-5) * clip(1e-4w, 1e-5)", "vanishing"),
    ("1e-3w", None),
]


@pytest.mark.parametrize(("text", "reason"), NUMERICAL)
def test_the_numerical_screen_says_why(text, reason):
    space = open_space("update_rule", {})
    reasons = [space.numerical_screen(parse_rule(text), np.random.default_rng(seed)) for seed in range(20)]
    assert reasons == [reason] * 20


def test_the_screen_follows_behaviour_and_rates():
    power = parse_rule("g^m")
    assert open_space("update_rule", {}).numerical_screen(power, np.random.default_rng(0)) == "non_finite"
    absolute = open_space("update_rule", {"behaviour": {"power_base": "absolute"}})
    assert absolute.numerical_screen(power, np.random.default_rng(0)) is None
    fast = open_space("update_rule", {"learning_rates": [100.0]})
    slow = open_space("update_rule", {"learning_rates": [1e-8]})
    assert fast.numerical_screen(parse_rule("2 + sign(g)"), np.random.default_rng(0)) == "exploding"
    assert slow.numerical_screen(parse_rule("clip(g, 1e-3)"), np.random.default_rng(0)) == "vanishing"


def test_known_rules_pass_for_any_draw():
    space = open_space("update_rule", {})
    for seed in range(20):
        for name, spec in KNOWN.items():
            assert space.numerical_screen(spec, np.random.default_rng(seed)) is None, (name, seed)
