"""Rules as optimizers against Keras's own optimizers and NumPy, step for step; every token against its formula."""

import keras
import numpy as np
import pytest
from keras import optimizers

from components.search_spaces.update_rule.build import UpdateRule
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.primitives import BINARIES, OPERANDS, UNARIES
from components.search_spaces.update_rule.spec import Group, RuleSpec, used_averages
from tests.oracles import optimizers as oracle
from tests.oracles import update_rule

STEPS = 50
SHAPES = ((3, 4), (5,))
DECAYS = ("ld", "cd", "cd_1", "cd_2", "rd_1", "rd_10", "rd_20")


def gradients(steps=STEPS, seed=0):
    """For each weight `[steps, *shape]`: a part that stays and one that changes, so that signs agree often."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) + 0.7 * rng.normal(size=(steps, *shape)) for shape in SHAPES]


def weights(dtype, seed=1):
    rng = np.random.default_rng(seed)
    return [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]


def run(optimizer, steps, dtype="float64"):
    """Applies the gradients to fresh weights; returns every weight after every step, `[steps + 1, *shape]` each."""
    variables = weights(dtype)
    course = [[np.asarray(variable)] for variable in variables]
    for step in zip(*steps, strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype) for g in step], variables)
        for values, variable in zip(course, variables, strict=True):
            values.append(np.asarray(variable))
    return [np.stack(values) for values in course]


def assert_course(optimizer, expected, **tolerance):
    """Holds every step of an optimizer against `expected(weight, gradients up to that step)`."""
    steps = gradients()
    for received, g in zip(run(optimizer, steps), steps, strict=True):
        for t in range(1, STEPS + 1):
            np.testing.assert_allclose(received[t], expected(received[0], g[:t]), **tolerance)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs", "rtol"),
    [
        (("SGD", 0.1, True), optimizers.SGD(0.1), 1e-12),
        # without bias correction m is (1 - beta1) times the velocity of SGD with momentum
        (("Momentum", 0.1, False), optimizers.SGD(0.01, momentum=0.9), 1e-6),
        # epsilon stands under the root there: its share of a denominator of 0.03 |g| and more
        (("RMSProp", 0.01, False), optimizers.RMSprop(0.01, rho=0.999, epsilon=1e-20), 1e-4),
        # and isn't corrected there
        (("Adam", 0.01, True), optimizers.Adam(0.01, epsilon=1e-20), 1e-4),
    ],
    ids=["SGD", "Momentum", "RMSProp", "Adam"],
)
def test_known_rules_equal_the_optimizers_of_keras(ours, theirs, rtol, fused):
    name, rate, corrected = ours
    steps = gradients()
    rule = UpdateRule.known(name, learning_rate=rate, behaviour={"bias_correction": corrected}, fused=fused)
    mine, other = run(rule, steps), run(optimizers.deserialize(optimizers.serialize(theirs)), steps)
    for received, expected in zip(mine, other, strict=True):
        np.testing.assert_allclose(received, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("SGD", oracle.sgd), ("Momentum", oracle.momentum), ("RMSProp", oracle.rms_prop), ("Adam", oracle.adam)],
)
def test_known_rules_equal_numpy(name, expected, fused):
    rule = UpdateRule.known(name, learning_rate=0.03125, fused=fused)  # a power of 2: float32 holds it
    assert_course(rule, lambda w, g: expected(w, g, 0.03125), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in KNOWN if "Sign" in name])
@pytest.mark.parametrize("total", [STEPS, 37])  # beyond step 37 decays stay at their end
def test_power_sign_and_add_sign_with_every_decay_equal_numpy(name, total):
    rule = UpdateRule.known(name, learning_rate=0.03125, total_steps=total)

    def expected(weight, g):
        return oracle.sign_rule(name, weight, g, 0.03125, total)

    assert_course(rule, expected, rtol=1e-9, atol=1e-9)


def test_decays_stay_at_their_end_beyond_the_last_step():
    for token, end in {"ld": 0.0, "cd": 0.0, "cd_2": 1.0, "rd_10": 1.0}.items():
        rule = UpdateRule([[token, "1", "identity", "identity", "left"]], 1.0, total_steps=10)
        received = run(rule, gradients(20))[0]
        np.testing.assert_allclose(received[10:-1] - received[11:], end, atol=1e-12)


def test_every_decay_that_is_named_was_compared():
    assert {name.partition("-")[2] for name in KNOWN if "Sign" in name} == {"", "2", "ld", "cd", "rd_10", "rd_20"}


def alone(token, unary="identity"):
    return [[token, "1", unary, "identity", "left"]]


def last_update(groups, steps, **arguments):
    """The update of the last step with rate 1, of the first weight, and that weight before the step."""
    received = run(UpdateRule(groups, 1.0, total_steps=10, **arguments), steps)[0]
    return received[-2] - received[-1], received[-2]


@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("token", [token for token in (*OPERANDS, *DECAYS) if token != "noise"])
def test_every_operand_equals_numpy(token, corrected):
    betas = (0.8, 0.9, 0.95)
    behaviour = dict(zip(("beta1", "beta2", "beta3"), betas, strict=True), bias_correction=corrected)
    steps = gradients(7)
    update, weight = last_update(alone(token), steps, behaviour=behaviour)
    values = update_rule.operands(steps[0], weight, 10, None, None, betas, corrected)
    np.testing.assert_allclose(update, np.broadcast_to(values[token], update.shape), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.9999999])
def test_the_bias_correction_is_exact_at_both_ends_of_its_range(beta):
    """1 - beta^5 is 5e-7 at the upper one, of which 1 - x in float32 keeps no digit: numbers below 1 are 6e-8 apart."""
    steps = gradients(5)
    received = run(UpdateRule(alone("m"), 1.0, behaviour={"beta1": beta}), steps, "float32")[0]
    exact = update_rule.moving_averages(steps[0], (beta, 0.999, 0.999))[0]  # in float64
    np.testing.assert_allclose(received[-2] - received[-1], exact, rtol=1e-6, atol=1e-6)  # of weights of size 1 to 5


@pytest.mark.parametrize("unary", [name for name in UNARIES if not name.startswith("drop")])
@pytest.mark.parametrize("scale", [1.0, 1e-4])  # the smaller ones lie on both sides of two limits of clip
def test_every_unary_function_equals_numpy(unary, scale):
    steps = [scale * g for g in gradients(1)]
    update, _ = last_update(alone("g", unary), steps)
    np.testing.assert_allclose(update, update_rule.unary(unary, steps[0][0], None), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("power_base", ["raw", "absolute"])
@pytest.mark.parametrize("binary", BINARIES)
def test_every_binary_function_equals_numpy(binary, power_base):
    steps = gradients(1)
    update, weight = last_update(
        [["g", "1e-1w", "identity", "identity", binary]], steps, behaviour={"power_base": power_base}
    )
    with np.errstate(invalid="ignore"):  # a negative gradient to a broken power is NaN
        expected = update_rule.binary(binary, steps[0][0], 0.1 * weight, power_base == "absolute")
    np.testing.assert_allclose(update, expected, rtol=1e-6)
    assert np.isnan(update).any() == (binary == "pow" and power_base == "raw")


def random_rule(groups, rng):
    """A rule whose tokens are drawn uniformly, those that draw themselves left out."""
    operands = [token for token in (*OPERANDS, *DECAYS) if token != "noise"]
    unaries = [name for name in UNARIES if not name.startswith("drop")]

    def group(number):
        known = operands + 6 * [f"#{earlier}" for earlier in range(1, number)]  # results are drawn more often
        return Group(*(str(rng.choice(x)) for x in (known, known, unaries, unaries, list(BINARIES))))

    return RuleSpec(tuple(group(number) for number in range(1, groups + 1)))


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_random_rules_equal_numpy(groups, fused):
    """20 rules, until weights cease to be finite."""
    rng, rate = np.random.default_rng(groups), 2.0**-10  # float32 holds it
    for seed in range(20):
        spec, steps = random_rule(groups, rng), gradients(3, seed)
        received = run(UpdateRule(spec, rate, total_steps=10, fused=fused), steps)[0]
        for t in range(1, 4):
            if not np.isfinite(received[t - 1]).all():
                break
            values = update_rule.operands(steps[0][:t], received[t - 1], 10, None, None)
            update = update_rule.raw_update(spec.groups, values, [1] * 8)
            moved = received[t - 1] - rate * np.broadcast_to(update, SHAPES[0])
            np.testing.assert_allclose(received[t], moved, rtol=1e-5, atol=1e-7, err_msg=f"{spec.groups}, step {t}")


def test_a_result_that_nothing_uses_is_not_computed_and_needs_no_slot():
    spec = RuleSpec((Group("gamma", "v", "exp", "log", "div"), Group("g", "m", "sign", "identity", "left")))
    rule = UpdateRule(spec, 1.0)
    np.testing.assert_allclose(run(rule, gradients(1))[0][0] - run(UpdateRule(spec, 1.0), gradients(1))[0][1],
                               np.sign(gradients(1)[0][0]), rtol=1e-6)  # fmt: skip
    assert [variable.name for variable in rule.variables] == ["iteration", "learning_rate"]


@pytest.mark.parametrize(("fused", "tensors"), [(False, 2), (True, 1)])
@pytest.mark.parametrize("token", OPERANDS)
def test_slots_are_those_of_the_averages_that_are_used(token, fused, tensors):
    rule = UpdateRule(alone(token), fused=fused)
    rule.build(weights("float32"))
    slots = rule.variables[2:]  # after iterations and the learning rate
    assert len(slots) == tensors * len(used_averages(rule.rule))
    assert sum(np.prod(slot.shape) for slot in slots) == (12 + 5) * len(used_averages(rule.rule))


def test_adam_and_rmsprop_share_their_averages_with_m_and_v():
    spec = [["adam", "m", "identity", "identity", "add"], ["#1", "rmsprop", "identity", "identity", "add"]]
    rule = UpdateRule(spec, 1.0)
    g = gradients(6)
    received = run(rule, g)[0]
    m, v, _ = update_rule.moving_averages(g[0])
    expected = m / (np.sqrt(v) + 1e-8) + m + g[0][-1] / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(received[-2] - received[-1], expected, rtol=1e-6)
    assert len(rule.variables) == 2 + 2 * 2  # m and v of two weights


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("rescaled", [True, False])
def test_drop_zeroes_its_share_and_scales_the_rest(rate, rescaled):
    variable = keras.Variable(np.zeros(40_000), dtype="float32")
    rule = UpdateRule(alone("2", f"drop_{rate}"), 1.0, behaviour={"rescale_dropped": rescaled}, seed=3)
    rule.apply([keras.ops.ones(40_000)], [variable])
    values, counts = np.unique(-np.asarray(variable), return_counts=True)
    np.testing.assert_allclose(values, [0, 2 / (1 - rate) if rescaled else 2], rtol=1e-6)
    # 40,000 draws: the share's standard deviation is at most 0.0025; the seed is fixed, so luck plays once
    assert counts[0] / 40_000 == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize(
    ("token", "sizes"), [("noise", [0.01, 0.01, 0.01]), ("noise_t", [(1 + t) ** -0.275 for t in range(3)])]
)
def test_noise_is_normal_of_its_size_and_new_in_every_step(token, sizes):
    variable = keras.Variable(np.zeros(40_000), dtype="float32")
    rule = UpdateRule(alone(token), 1.0, seed=5)
    draws, before = [], np.zeros(40_000)
    for _ in sizes:
        rule.apply([keras.ops.ones(40_000)], [variable])
        draws.append(before - np.asarray(variable, np.float64))
        before = np.asarray(variable, np.float64)
    # standard errors of 40,000 draws: 0.005 of the mean, 0.0035 of the deviation, 0.005 of a correlation
    for draw, size in zip(draws, sizes, strict=True):
        assert abs(draw.mean()) < 0.025 * size
        assert draw.std() == pytest.approx(size, rel=0.02)
        assert np.mean(np.abs(draw) < size) == pytest.approx(0.6827, abs=0.015)
    assert abs(np.corrcoef(draws)[np.triu_indices(3, 1)]).max() < 0.025


def test_noise_is_one_draw_a_weight_and_step_and_every_drop_its_own():
    twice = [["noise", "noise", "identity", "identity", "sub"]]
    assert (last_update(twice, gradients(2))[0] == 0).all()
    size = 1000
    drops = [["1", "1", "drop_0.5", "drop_0.5", "sub"]]
    variables = [keras.Variable(np.zeros(size), dtype="float32") for _ in range(2)]
    UpdateRule(drops, 1.0, seed=0).apply([keras.ops.ones(size)] * 2, variables)
    first, second = (np.asarray(variable) for variable in variables)
    assert set(np.unique(first)) == {-2, 0, 2}  # draws of the two places differ; a quarter each is -2 and 2
    assert not np.array_equal(first, second)  # and so do those of two weights
