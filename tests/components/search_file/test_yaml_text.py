"""Strict YAML: scalars are read in one way, and what is written is read back."""

import math

import numpy as np
import pytest
import yaml

from components.search_file.problems import InvalidSearch
from components.search_file.yaml_text import read_yaml, write_inline, write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+3", 1000.0),
        ("-1.5e2", -150.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", -math.inf),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("On", "On"),
        ("off", "off"),
        ("y", "y"),
        ("007", "007"),
        ("00.5", "00.5"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("1e", "1e"),
        (".", "."),
        ("'1e-3'", "1e-3"),
        ('"null"', "null"),
    ],
)
def test_scalar_is_read_in_one_way(text, value):
    read = read_yaml(f"x: {text}\n")["x"]
    assert read == value and type(read) is type(value)


def test_nan_is_a_number():
    assert math.isnan(read_yaml("x: .nan\n")["x"])


def test_integer_of_a_hundred_digits_is_exact_and_a_longer_one_is_a_float():
    assert read_yaml(f"x: {10**99}\n")["x"] == 10**99
    assert read_yaml(f"x: {10**100}\n")["x"] == 1e100


TEXTS = ["", " ", "no", "1e-3", "1.0", "null", "~", "007", "2024-01-01", "é", "\U0001f600", "\x85\u2028"]
TEXTS += ["a\nb", "#", "- a", "k: v", "*a", "&a", "!!int", "<<", "=", "x" * 300]


def test_text_that_looks_like_something_else_comes_back_as_text():
    data = {text: [text, {text: text}] for text in TEXTS}
    assert read_yaml(write_yaml(data)) == data
    assert read_yaml(write_inline(data)) == data


def test_what_is_written_means_the_same_to_a_common_yaml_reader():
    data = {"texts": TEXTS, "numbers": [0.001, 1e-5, 1e18, 0, -3], "other": [True, None, [], {}]}
    assert yaml.safe_load(write_yaml(data)) == data


def test_floats_come_back_bit_for_bit():
    floats = np.random.default_rng(0).integers(0, 2**63, 500, dtype=np.int64).view(np.float64)
    finite = [float(x) for x in floats if np.isfinite(x)]
    assert len(finite) > 400, "about 1 in 2048 bit patterns is no finite number"
    assert read_yaml(write_yaml({"x": finite}))["x"] == finite


def test_the_same_object_twice_is_written_twice():
    shared = [1.0, 2.0]
    assert read_yaml(write_yaml({"widths": shared, "depths": shared})) == {"widths": shared, "depths": shared}


def test_billion_laughs_is_refused_at_the_first_anchor():
    levels = ["a: &a [x, x]"] + [f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi")]
    with pytest.raises(InvalidSearch, match="line 1, column 4"):
        read_yaml("\n".join(levels))


def test_depth_is_bounded_well_below_the_recursion_limit():
    with pytest.raises(InvalidSearch, match="levels deep"):
        read_yaml("x: " + "[" * 30_000)


def test_byte_order_mark_and_windows_line_ends_are_read():
    assert read_yaml("\ufeffname: a\r\nseed: 1\r\n") == {"name": "a", "seed": 1}
