"""Numbers as text, and scales: each row of a table is read by eye."""

import math

import numpy as np
import pytest

from components.report import numerals
from components.report.markup import Markup, number, tag
from components.report.scales import Scale, fitted


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (numerals.fixed, 0.98333, "0.983"),
        (numerals.fixed, math.nan, "–"),
        (numerals.fixed, None, "–"),
        (numerals.significant, 0.0, "0"),
        (numerals.significant, 0.012345, "0.0123"),
        (numerals.significant, 9.996, "10.0"),
        (numerals.significant, 99.95, "100"),
        (numerals.significant, 1234.6, "1,235"),
        (numerals.significant, -12.34, "-12.3"),
        (numerals.milliseconds, 12.345, "12.3 ms"),
        (numerals.milliseconds, math.inf, "–"),
        (numerals.count, 1234567, "1,234,567"),
        (numerals.count, None, "–"),
        (numerals.seconds, 0.4234, "0.42 s"),
        (numerals.seconds, 12.34, "12.3 s"),
        (numerals.seconds, 59.94, "59.9 s"),
        (numerals.seconds, 59.96, "1 min 00 s"),
        (numerals.seconds, 245.4, "4 min 05 s"),
        (numerals.seconds, 3599.6, "1 h 00 min"),
        (numerals.seconds, 7380.0, "2 h 03 min"),
        (numerals.seconds, -75.0, "-1 min 15 s"),
        (numerals.size, 812, "812 B"),
        (numerals.size, 24 * 1024, "24.0 KiB"),
        (numerals.size, 1023.9 * 1024, "1.00 MiB"),
        (numerals.size, 3 * 1024**4, "3.00 TiB"),
        (numerals.multiplier, 1.0, "×1"),
        (numerals.multiplier, 1.25, "×1.25"),
    ],
)
def test_numbers_read_well(function, value, text):
    assert function(value) == text


def test_share_of_nothing_is_a_dash():
    assert numerals.percent(1, 8) == "12.5 %"
    assert numerals.percent(0, 0) == "–"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.912, 0.958, ["0.92", "0.93", "0.94", "0.95"]),
        (3.0, 52.0, ["10", "20", "30", "40", "50"]),
    ],
)
def test_ticks_are_round_numbers_inside_the_limits(low, high, ticks):
    scale = Scale(low, high, 0, 100)
    assert [scale.text(tick) for tick in scale.ticks()] == ticks


def test_logarithmic_scale_where_latencies_span_much():
    scale = fitted([1.0, 100.0], 0, 100, log=True)
    assert scale.logarithmic and not fitted([1.0, 10.0], 0, 100, log=True).logarithmic
    assert scale(10.0) == pytest.approx(50.0)
    assert [scale.text(tick) for tick in scale.ticks()] == ["1", "2", "5", "10", "20", "50", "100"]


@pytest.mark.parametrize("values", [[0.5], [0.0], [0.0, 0.0], [1.0, 1.0], []])
def test_a_scale_over_equal_values_has_a_width_and_holds_them(values):
    scale = fitted(values, 0, 100, within=(0, 1))
    assert scale.low < scale.high
    assert all(0 <= scale(value) <= 100 for value in values)
    assert scale.ticks()


def test_attributes_and_children_are_escaped_once():
    assert tag("p", "a < b", title='"x" & y') == '<p title="&quot;x&quot; &amp; y">a &lt; b</p>'
    assert tag("p", Markup("<b>c</b>"), None, hidden=None) == "<p><b>c</b></p>"
    assert tag("line", x1=1.23456, stroke_width=2, class_="a") == '<line x1="1.23" stroke-width="2" class="a"/>'


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (-0.001, "0"), (0.1 + 0.2, "0.3"), (np.float64(2.5), "2.5")])
def test_coordinates_are_short(value, text):
    assert number(value) == text


def test_coordinates_must_be_finite():
    with pytest.raises(ValueError, match=r"A coordinate must be finite\. Received: nan\."):
        number(math.nan)
