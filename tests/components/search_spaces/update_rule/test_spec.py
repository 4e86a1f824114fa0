"""Specs of update rules: what is refused and how, and what a rule uses."""

import msgspec
import pytest

from components.search_spaces.update_rule.primitives import BINARIES, OPERANDS, UNARIES, decay
from components.search_spaces.update_rule.spec import (
    Group,
    RuleBehaviour,
    RuleSpec,
    used,
    used_averages,
    used_operands,
)

PLAIN = Group("g", "m", "identity", "identity", "add")


def rule(*groups):
    return RuleSpec(tuple(Group(*group.split()) for group in groups))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ((), r"`groups` must have 1 to 4 groups. Received: 0 groups"),
        ((PLAIN,) * 5, r"Received: 5 groups"),
        ((PLAIN._replace(left="h"),), r"Group 1 must have one of g, .*noise_t as left. Received: left='h'"),
        ((PLAIN._replace(right="#1"),), r"Group 1 must have .* as right. Received: right='#1'"),
        ((PLAIN, PLAIN._replace(left="#2")), r"Group 2 must have .*noise_t, #1 as left. Received: left='#2'"),
        ((PLAIN, PLAIN._replace(left="#0")), r"Group 2 must have"),
        ((PLAIN._replace(left_unary="tanh"),), r"one of identity, .*sign as left_unary. Received: left_unary='tanh'"),
        ((PLAIN._replace(right_unary="g"),), r"as right_unary. Received: right_unary='g'"),
        ((PLAIN._replace(binary="max"),), r"one of add, sub, mul, div, pow, left as binary. Received: binary='max'"),
        ((PLAIN._replace(left="rd_0"),), r"left='rd_0'"),
        ((PLAIN._replace(left="rd_1001"),), r"left='rd_1001'"),
        ((PLAIN._replace(left="cd_2\n"),), r"left='cd_2\\n'"),
    ],
)
def test_a_wrong_token_is_refused_with_its_place(groups, message):
    with pytest.raises(ValueError, match=message):
        RuleSpec(groups)


@pytest.mark.parametrize(
    "data", [None, "g", [["g", "m"]], [["g", "m", "identity", "identity", 1]], [1], {"groups": []}]
)
def test_json_of_another_shape_is_refused(data):
    with pytest.raises(ValueError, match=r"`groups` must be \[\[left, right"):
        RuleSpec.from_json(data)


def test_the_tables_have_the_published_sizes():
    """17 operands, 12 unary and 6 binary functions: 17^2 * 12^2 * 6 = 249,696 rules of one group, as counted before."""
    assert (len(OPERANDS), len(UNARIES), len(BINARIES)) == (17, 12, 6)
    assert len(OPERANDS) ** 2 * len(UNARIES) ** 2 * len(BINARIES) == 249_696


@pytest.mark.parametrize(
    ("token", "kind", "periods"),
    [
        ("ld", "linear", 0),
        ("cd", "cosine", 0.5),
        ("cd_1", "cosine", 1),
        ("cd_1000", "cosine", 1000),
        ("rd_10", "restart", 10),
        ("noise_t", "noise", 0),
    ],
)
def test_a_decay_says_its_kind_and_periods(token, kind, periods):
    assert decay(token) == (token, kind, periods)


@pytest.mark.parametrize("token", ["rd", "cd_0", "cd_01", "rd_1001", "rd_-1", "ld_2", "g", "", "cd_2 ", "noise"])
def test_what_is_no_decay(token):
    assert decay(token) is None


def test_what_nothing_depends_on_is_not_used():
    spec = rule(
        "m v identity identity add",  # nothing uses it
        "g gamma exp identity left",  # its right is not computed
        "#2 sign(m) identity identity mul",
    )
    assert used(spec) == ((False, False), (True, False), (True, True))
    assert used_operands(spec) == ("g", "sign(m)")
    assert used_averages(spec) == ("m",)


def test_averages_come_in_one_order_and_once():
    spec = rule("gamma adam identity identity add", "#1 rmsprop identity identity mul")
    assert used_averages(spec) == ("m", "v", "gamma")
    assert used_averages(rule("g ld identity identity mul")) == ()


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("beta1", [0, 0.999999], [-1e-9, 1, "x"]),
        ("beta2", [0], [1]),
        ("beta3", [0], [1]),
        ("bias_correction", [True, False], [1, None]),
        ("noise_std", [1e-9, 1000], [0, 1001]),
        ("rescale_dropped", [False], ["no"]),
        ("power_base", ["raw", "absolute"], ["signed"]),
        ("beta4", [], [0.9]),
    ],
)
def test_limits_of_the_behaviour(name, accepted, refused):
    for value in accepted:
        assert getattr(msgspec.convert({name: value}, RuleBehaviour), name) == value
    for value in refused:
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert({name: value}, RuleBehaviour)
