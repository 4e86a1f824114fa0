"""Which tokens may follow which: masks, samples, mutations, encodings."""

from collections import Counter

import numpy as np
import pytest

from components.search_spaces.registry import open_space
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.spec import Group, RuleSpec, result_number

SETTINGS = (
    {"reuse_results": False},
    {"groups": 3},
    {"groups": 3, "reuse_results": False, "distinct_operands": True},
    {"groups": 4, "distinct_operands": True, "final_not_add": True},
    {"groups": 2, "operands": ["g", "m"], "decays": [], "distinct_operands": True},
    {"groups": 2, "operands": ["g"], "decays": [], "final_not_add": True},
)


def kept(settings, spec, known=False):
    """Whether a rule keeps to the settings, by their definition; a known rule may have other operands."""
    allowed = [*settings.operands, *settings.decays]
    for number, group in enumerate(spec.groups, start=1):
        results = [token for token in group[:2] if result_number(token)]
        drawn = all(token in allowed for token in group[:2] if token not in results)
        reused = number == 1 or not settings.reuse_results or bool(results)
        distinct = not settings.distinct_operands or group.left != group.right
        if not ((drawn or known) and reused and distinct):
            return False
    return not settings.final_not_add or spec.groups[-1].binary != "add"


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_samples_and_their_mutations_keep_to_the_settings(settings):
    space, rng = open_space("update_rule", settings), np.random.default_rng(0)
    for _ in range(300):
        spec = space.sample(rng)
        assert len(spec.groups) == space.settings.groups
        for _ in range(10):
            assert kept(space.settings, spec), spec
            changed, _ = space.mutate(spec, rng)
            assert changed != spec
            assert len(changed.groups) == len(spec.groups)
            spec = changed


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_masks_allow_exactly_what_keeps_to_the_settings(settings):
    """For each decision of sampled rules, each choice: allowed if and only if some completion keeps to the settings.

    A completion is searched in the same group alone (with reuse, a right operand can make up for the left one), and the
    groups after it are those of the sample, whose own constraints don't depend on it.
    """
    space, rng = open_space("update_rule", settings), np.random.default_rng(1)
    for _ in range(6):
        spec = space.sample(rng)
        encoded = space.encode(spec)[: space.lengths[-1]].tolist()
        for at in range(len(encoded)):
            number, part = divmod(at, 5)
            mask = space.allowed(encoded[:at])
            choices = space.grammar.choices(number + 1, Group._fields[part])
            assert mask.any()
            for token, allowed in zip(choices, mask, strict=True):
                group = spec.groups[number]._replace(**{Group._fields[part]: token})
                rights = space.grammar.choices(number + 1, "right") if part == 0 else [group.right]
                completions = [
                    RuleSpec((*spec.groups[:number], group._replace(right=right), *spec.groups[number + 1 :]))
                    for right in rights
                ]
                assert allowed == any(kept(space.settings, one) for one in completions), (group, token)


def test_a_rule_of_fewer_groups_may_not_end_in_add_either():
    space = open_space("update_rule", {"groups": 3, "final_not_add": True})
    prefix = space.encode(space.sample(np.random.default_rng(2))).tolist()
    for length, at, expected in ((5, 4, False), (10, 4, True), (10, 9, False), (15, 9, True), (15, 14, False)):
        assert space.allowed(prefix[:at], length)[0] == expected  # add is the first binary function


def test_samples_follow_the_uniform_policy():
    """Chi-square over the 3 * 4 operand pairs and 10 of a group: each path has the product of its masks' shares.

    Two operands and the result of group 1, in group 2 with reuse: left is g, m or #1 with 1/3 each; right is #1 after g
    or m, and any of the three after #1. 5 cells, 4 degrees of freedom: above 23.5 with a chance of 1e-4.
    """
    space = open_space("update_rule", {"operands": ["g", "m"], "decays": []})
    rng, count = np.random.default_rng(3), 5000
    pairs = Counter(space.sample(rng).groups[1][:2] for _ in range(count))
    expected = {("g", "#1"): 1 / 3, ("m", "#1"): 1 / 3} | {("#1", right): 1 / 9 for right in ("g", "m", "#1")}
    assert set(pairs) == set(expected)
    assert sum((pairs[pair] - count * share) ** 2 / (count * share) for pair, share in expected.items()) < 23.5


def test_each_kind_of_mutation_says_what_it_changed():
    space, rng = open_space("update_rule", {}), np.random.default_rng(4)
    spec, seen = KNOWN["PowerSign"], Counter()
    for _ in range(500):
        child, change = space.mutate(spec, rng)
        before, after = ([token for group in one.groups for token in group] for one in (spec, child))
        changed = [at for at in range(10) if before[at] != after[at]]
        assert change.kind == ("operand", "operand", "unary", "unary", "binary")[changed[0] % 5]
        assert len(changed) == 1 or [at % 5 for at in changed] == [0, 1]  # the right one had to follow the left
        for at in changed:
            assert change.text.startswith(f"group {at // 5 + 1}: ")
            assert f"{before[at]} became {after[at]}" in change.text
        seen[changed[0]] += 1
    # A position stays untouched with (1 - 1/10)^500 < 1e-22; the right of group 2 has alternatives, as its left is #1.
    assert set(seen) == set(range(10))


def test_known_rules_are_mutated_whatever_the_settings():
    for settings in SETTINGS:
        space, rng = open_space("update_rule", settings), np.random.default_rng(5)
        for spec in KNOWN.values():
            for _ in range(50):
                child, _ = space.mutate(spec, rng)
                assert len(child.groups) == len(spec.groups)
                assert space.decode(space.encode(child)) == child


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 22, r"a choice for group 1 left in \[0, 22\). Received: 22"),
        (0, -1, r"group 1 left in \[0, 22\). Received: -1"),
        (6, 23, r"group 2 right in \[0, 23\). Received: 23"),
        (7, 12, r"group 2 left_unary in \[0, 12\). Received: 12"),
        (9, -1, r"group 2 binary in \[0, 6\). Received: -1"),
        (9, 6, r"group 2 binary in \[0, 6\). Received: 6"),
        (10, 0, r"group 3 right in \[0, 24\). Received: -1"),
        (12, 3, r"`encoded` must hold -1 for group 3 left_unary. Received: 3"),
        (19, 0, r"`encoded` must hold -1 for group 4 binary. Received: 0"),
        (19, -2, r"`encoded` must hold -1 for group 4 binary. Received: -2"),
    ],
)
def test_a_wrong_encoding_names_the_decision(at, value, message):
    space = open_space("update_rule", {})
    encoded = space.encode(KNOWN["PowerSign"])
    encoded[at] = value
    with pytest.raises(ValueError, match=message):
        space.decode(encoded)


@pytest.mark.parametrize("encoded", [np.zeros(20), np.zeros(15, int), np.zeros((1, 20), int)])
def test_an_encoding_of_another_shape_or_type_is_refused(encoded):
    with pytest.raises(ValueError, match=r"`encoded` must be 20 integers. Received: (int|float)64"):
        open_space("update_rule", {}).decode(encoded)


@pytest.mark.parametrize(
    ("prefix", "length", "message"),
    [
        ([0] * 10, None, r"`prefix` must be shorter than 10. Received: a prefix of 10"),
        ([0] * 5, 5, r"`prefix` must be shorter than 5"),
        ([], 15, r"`length` must be one of \[5, 10\]. Received: length=15"),
        ([], 7, r"`length` must be one of"),
        ([], 0, r"`length` must be one of"),
    ],
)
def test_a_mask_past_the_rule_is_refused(prefix, length, message):
    with pytest.raises(ValueError, match=message):
        open_space("update_rule", {}).allowed(prefix, length)


def test_an_operand_outside_the_alphabet_is_refused():
    spec = RuleSpec((Group("g", "rd_7", "identity", "identity", "mul"),))
    space = open_space("update_rule", {})
    for refuse in (lambda: space.encode(spec), lambda: space.from_json(spec.to_json())):
        with pytest.raises(ValueError, match=r"one of g, .* as the right of group 1. Received: rd_7"):
            refuse()
    wider = open_space("update_rule", {"decays": ["rd_7"]})
    assert wider.from_json(spec.to_json()) == spec
