"""A limit that no design meets is refused with the smallest one; a limit that hardly any meets is not."""

import numpy as np
import pytest

from components.records.manifest import DataManifest, Split
from components.records.search import Scoring, SizeLimits
from components.rounds.limits import SizeLimitsOfSearch
from components.rounds.reachable import DRAWN, require_reachable, smallest
from components.search_file.problems import InvalidSearch
from components.search_file.validate import read_search
from components.search_spaces.registry import open_space

PART = Split(rows=1, class_rows=(), sha256="")
ROWS = DataManifest(source="x", input_shape=(30,), classes=("0", "1"), train=PART, validation=PART, test=PART)


class Context:
    """What is asked of a search: its description, its space and its data."""

    def __init__(self, size, settings, device="tpu-v5e"):
        text = f"""
            name: t
            data: {{source: "sklearn:breast_cancer"}}
            space: {{name: tabular_mlp, settings: {settings}}}
            final_scaling: {{widths: [1.0], depths: [1.0]}}
            scoring: {{device: {device}, latency: estimated}}
            rejection: {{size: {size}}}
        """
        self.search = read_search(text)
        self.space = open_space("tabular_mlp", self.search.space.settings)
        self.manifest = ROWS


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_network_is_found_among_those_of_twenty_layers(seed):
    """1 in 20 to the 8th designs is the smallest one, eight layers of 8 units; nothing random comes near."""
    space = open_space("tabular_mlp", {"layers": 8})
    limits = SizeLimitsOfSearch(space, ROWS, SizeLimits(parameters=1), Scoring())
    found = smallest(space, limits, np.random.default_rng(seed))
    assert found.spec.widths == (8,) * 8
    assert found.ratio == 30 * 8 + 8 + 7 * (8 * 8 + 8) + 8 + 1  # one logit for two classes
    assert found.tried >= DRAWN + 8 * 19  # each other width of each layer of the smallest


def test_designs_are_counted_once_however_often_they_are_drawn():
    space = open_space("tabular_mlp", {"layers": 2, "widths": [8, 16, 24]})
    limits = SizeLimitsOfSearch(space, ROWS, SizeLimits(parameters=1), Scoring())
    assert smallest(space, limits, np.random.default_rng(0)).tried == 9


def test_a_limit_that_one_design_in_millions_meets_passes():
    smallest_one = 30 * 8 + 8 + 4 * (8 * 8 + 8) + 8 + 1
    require_reachable(Context(f"{{parameters: {smallest_one}}}", "{layers: 5}"))
    with pytest.raises(InvalidSearch):
        require_reachable(Context(f"{{parameters: {smallest_one - 1}}}", "{layers: 5}"))


def test_a_limit_that_none_meets_is_refused_with_the_smallest_and_how_it_was_found():
    with pytest.raises(InvalidSearch) as caught:
        require_reachable(Context("{parameters: 300, multiply_adds: 20000}", "{layers: 2}"))
    (problem,) = caught.value.problems
    assert problem.path == "$.rejection.size"
    # 30 -> 8 -> 8 -> 1: 248 + 72 + 9 parameters, 240 + 64 + 8 multiply-adds.
    assert "(random ones, then changes that make it smaller) has parameters 329, multiply_adds 312: 8-8" in problem.rule
    assert problem.received == '{"parameters": 300, "multiply_adds": 20000}'


@pytest.mark.parametrize(
    ("size", "named"),
    [
        ("{activation_bytes: 60}", "activation_bytes 68: 8-8"),  # 4 * (8 + 8 + 1)
        ("{memory_bytes: 5000}", "memory_bytes 5668: 8-8"),  # 4 * 329 + 64 * 68
        ("{latency_ms: 1.0e-9}", "latency_ms"),
    ],
)
def test_every_cost_can_be_what_none_meets(size, named):
    with pytest.raises(InvalidSearch, match=named):
        require_reachable(Context(size, "{layers: 2}"))


def test_without_limits_nothing_is_looked_for():
    context = Context("{}", "{layers: 2}")
    context.space = None
    require_reachable(context)
