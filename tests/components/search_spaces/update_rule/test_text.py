"""Formulas and strings of tokens: printed, read back, and refused with the position."""

import numpy as np
import pytest

from components.search_spaces.update_rule.formula import formula, tokens
from components.search_spaces.update_rule.parsing import parse_formula, parse_rule, parse_tokens
from components.search_spaces.update_rule.simplification import canonical
from components.search_spaces.update_rule.spec import Group, RuleSpec
from tests.components.search_spaces.update_rule.drawn_rules import drawn_rules

COUNT = 6000  # of random rules


@pytest.mark.parametrize(
    ("string", "printed"),
    [
        # As the paper prints them; x / y leaves delta out.
        ("sign(g) sign(m) identity identity mul; #1 g exp identity mul", "e^(sign(g) * sign(m)) * g"),
        ("g m identity drop_0.3 add", "g + drop(m, 0.3)"),
        ("g m exp exp sub", "e^(g) - e^(m)"),
        ("m v clip_1e-4 exp mul", "clip(m, 1e-4) * e^(v)"),
        ("m g^2 drop_0.1 exp div", "drop(m, 0.1) / e^(g^2)"),
        ("m 1e-3w drop_0.3 exp mul", "drop(m, 0.3) * e^(1e-3w)"),
        ("adam v log sqrt pow", "ln|adam|^sqrt|v|"),
        # Parentheses stand where the order needs them, and nowhere else.
        ("g m identity identity sub; v #1 identity identity sub", "v - (g - m)"),
        ("g m identity identity sub; #1 v identity identity sub", "g - m - v"),
        ("g m identity identity div; v #1 identity identity mul", "v * (g / m)"),
        ("g m neg neg add", "-g + (-m)"),
        ("g m identity identity add; #1 2 neg identity pow", "(-(g + m))^2"),
        ("g^2 2 identity identity pow", "(g^2)^2"),
        ("2 g exp exp pow", "(e^(2))^(e^(g))"),
        ("g m identity identity pow; #1 v neg identity mul", "-g^m * v"),
        # What nothing uses is left out; what is used twice gets a name, but an operand never.
        ("v v exp exp mul; g m identity identity left", "g"),
        ("g m identity identity mul; #1 #1 identity exp mul", "#1 * e^(#1), #1 = g * m"),
        ("m 1 identity identity left; #1 #1 identity exp mul", "m * e^(m)"),
        ("g m identity identity mul; #1 1 identity identity left; #2 #1 identity exp mul", "#1 * e^(#1), #1 = g * m"),
        (
            "g m identity identity mul; #1 #1 exp sign add; #2 #2 identity identity div",
            "#2 / #2, #2 = e^(#1) + sign(#1), #1 = g * m",
        ),
    ],
)
def test_a_rule_prints_as_people_write_it(string, printed):
    spec = parse_tokens(string)
    assert tokens(spec) == string
    assert formula(spec) == printed
    assert canonical(parse_formula(printed)) == canonical(spec)


def test_tokens_read_back_as_the_same_rule():
    for spec in drawn_rules(COUNT, 0):
        assert parse_rule(tokens(spec)) == spec


def test_formulas_read_back_as_a_rule_of_equal_id_that_prints_the_same():
    for spec in drawn_rules(COUNT, 1):
        text = formula(spec)
        read = parse_rule(text)
        assert formula(read) == text
        assert len(read.groups) <= len(spec.groups), text
        for absolute_base in (False, True):
            assert canonical(read, absolute_base) == canonical(spec, absolute_base), text


def test_spacing_and_parentheses_change_nothing():
    rng = np.random.default_rng(2)
    for spec in drawn_rules(1000, 3):
        text = formula(spec)
        main, *definitions = text.split(", #")
        wrapped = ", #".join([f"(( {main} ))", *definitions])
        airy = "".join(f"{sign}{' ' * rng.integers(3)}" if sign in "+*()|,^/" else sign for sign in text)
        packed = text.replace(" ", "")
        for other in (wrapped, airy, packed, f"  {text}\n", f"{text} [never uses the gradient]"):
            assert parse_rule(other) == parse_rule(text), other


def test_ways_to_write_the_same():
    expected = parse_rule("e^(sign(g) * sign(m)) * g")
    for text in ("exp(sign(g) * sign(m)) * g", "e^(sign((g))*sign(m))*(g)"):
        assert parse_rule(text) == expected
    assert parse_rule("ln(g) + sqrt(v)") == parse_rule("ln|g| + sqrt|v|")
    assert parse_rule("e^g") == parse_rule("e^(g)")
    assert parse_rule("drop(m, 3e-1) * clip(g, 0.0001)") == parse_rule("drop(m, 0.3) * clip(g, 1e-4)")
    assert parse_rule("g 1 exp sign left g m sign sign add") == parse_rule("g 1 exp sign left; g m sign sign add;")


def test_operators_bind_as_in_mathematics():
    assert parse_rule("g - m - v") == parse_rule("(g - m) - v")
    assert parse_rule("g / m * v") == parse_rule("(g / m) * v")
    assert parse_rule("g + m * v") == parse_rule("g + (m * v)")
    assert parse_rule("g^m^v") == parse_rule("g^(m^v)")
    assert parse_rule("-g^m") == parse_rule("-(g^m)")
    assert parse_rule("g * -m") == parse_rule("g * (-m)")
    assert parse_rule("g^2 * m").groups[0] == Group("g^2", "m", "identity", "identity", "mul")
    assert parse_rule("g^2^m").groups[0] == Group("2", "m", "identity", "identity", "pow")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"must have an operand, a function or `\(` at position 1. Received: 'the end'"),
        ("g * + m", r"an operand, a function or `\(` at position 5. Received: '\+'"),
        ("g *", r"at position 4. Received: 'the end'"),
        ("(g", r"`\)` at position 3. Received: 'the end'"),
        ("g)", r"one of \+ - \* / \^, .* or the end at position 2. Received: '\)'"),
        ("g m", r"or the end at position 3. Received: 'm'"),
        ("g $ m", r"at position 3. Received: '\$'"),
        ("g * gama", r"\(near matches: gamma.*\) at position 5. Received: 'gama'"),
        ("ADAM * g", r"\(near matches: adam\) at position 1. Received: 'ADAM'"),
        ("1e-5w", r"\(near matches: 1e-.w.*\) at position 1. Received: '1e-5w'"),
        ("3 * g", r"at position 1. Received: '3'"),
        ("clip(g, 0.1)", r"one of 1e-5, 1e-4, 1e-3 as the number of clip at position 9. Received: '0.1'"),
        ("drop(g)", r"`,` at position 7. Received: '\)'"),
        ("drop(g, m)", r"one of 0.1, 0.3, 0.5 as the number of drop at position 9. Received: 'm'"),
        ("ln|g", r"`\|` at position 5. Received: 'the end'"),
        ("ln g", r"`\(` at position 4. Received: 'g'"),
        ("e * g", r"`\^` at position 3. Received: '\*'"),
        ("sign g", r"`\(` at position 6"),
        ("#1 * g", r"an operand that is defined at position 1. Received: '#1'"),
        ("#1, #1 = #1 * g", r"a definition without itself at position 10. Received: '#1'"),
        ("#1, #1 = #2 * g, #2 = #1 + m", r"a definition without itself at position 23. Received: '#1'"),
        ("g, #1 = m", r"must use what it defines. Received: #1, unused"),
        ("#1 + m, #1 = g, #1 = v", r"a new name such as #1 at position 17. Received: '#1'"),
        ("g, m", r"a new name such as #1 at position 4. Received: 'm'"),
        ("g + g + g + g + g + g", r"at most 4 groups: .* Received: 5 groups"),
        ("-(-(-(-(-g))))", r"at most 4 groups: .* Received: 5 groups"),
        ("(" * 100 + "g" + ")" * 100, r"at most 40 levels of parentheses, signs and powers at position 41"),
        ("-" * 100 + "g", r"at most 40 levels"),
        ("+".join(["g"] * 250), r"at most 4 groups: .* Received: 249 groups"),
        ("+".join(["g"] * 251), r"at most 500 characters. Received: 501 characters"),
    ],
)
def test_a_broken_formula_is_refused_with_the_position(text, message):
    with pytest.raises(ValueError, match=message):
        parse_rule(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g g exp identity", r"the binary of group 1, one of add, .*left, at position 17. Received: 'the end'"),
        ("g g identity identity mul; #2 g exp exp mul", r"the left of group 2.*, #1,.* at position 28. Received: '#2'"),
        ("g g identity identity mul; g #1 exp", r"the right_unary of group 2, .* at position 36. Received: 'the end'"),
        ("g ; g identity identity mul", r"the right of group 1, one of g, .* at position 3. Received: ';'"),
        ("; g g identity identity mul", r"the left of group 1, one of g, .* at position 1. Received: ';'"),
        ("g g identity identty mul", r"the right_unary of group 1, .* \(near matches: identity\) at position 14"),
        ("g g identity identity plus", r"the binary of group 1, .* at position 23. Received: 'plus'"),
        ("g rd_0 identity identity mul", r"the right .*\(near matches: .*rd_N.*\) at position 3. Received: 'rd_0'"),
        ("g g identity identity mul " * 5, r"nothing after group 4 at position 105. Received: 'g'"),
    ],
)
def test_a_broken_string_of_tokens_is_refused_with_the_position(text, message):
    with pytest.raises(ValueError, match=message):
        parse_rule(text)


def test_any_damage_to_a_text_gives_a_rule_or_an_error_that_says_what_was_received():
    """Characters are cut out, doubled or replaced at random; whatever comes of it, there is no other exception."""
    rng, signs = np.random.default_rng(4), list("gmv#1e2^()|,*+-/ ;w")
    outcomes = {"rule": 0, "error": 0}
    for index, spec in enumerate(drawn_rules(4000, 5)):
        text = list(formula(spec) if index % 2 else tokens(spec))
        for _ in range(rng.integers(1, 4)):
            at = rng.integers(len(text))
            text[at : at + rng.integers(0, 3)] = [signs[rng.integers(len(signs))]] * rng.integers(0, 3)
            text = text or ["g"]
        try:
            assert isinstance(parse_rule("".join(text)), RuleSpec)
            outcomes["rule"] += 1
        except ValueError as error:
            assert "Received: " in str(error)
            outcomes["error"] += 1
    assert min(outcomes.values()) > 100  # both happen
