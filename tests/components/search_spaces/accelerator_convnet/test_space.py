"""Choices and settings of convolutional networks: what is drawn, what is refused, and what is one design."""

import numpy as np
import pytest

from components.search_spaces.accelerator_convnet.known import KNOWN
from components.search_spaces.accelerator_convnet.space import AcceleratorConvnetSettings
from components.search_spaces.registry import open_space

SMALL = {"stem_channels": 16, "head_channels": 96, "stages": [{"channels": 16}, {"channels": 24, "stride": 2}]}


def small(**settings):
    return open_space("accelerator_convnet", {"skeleton": SMALL, **settings})


def test_a_stage_has_seven_decisions_beside_space_to_depth():
    space = open_space("accelerator_convnet", {})
    names = [one.name for one in space.decisions()]
    assert len(names) == 1 + 7 * 7 and names[:3] == ["space to depth", "stage 1 operation", "stage 1 kernel"]
    assert {one.name: one.choices for one in space.decisions()}["stage 4 blocks"] == 3


def test_equal_products_and_sums_are_one_choice():
    """0.75, 1 and 1.25 times 16 are 16, 16 and 24 in multiples of 8; one block less or more than 1 are 1, 1 and 2."""
    choices = {one.name: one.choices for one in small().decisions()}
    assert (choices["stage 1 channels"], choices["stage 1 blocks"]) == (2, 2)
    drawn = {small().sample(np.random.default_rng(seed)).stages[0].channels for seed in range(40)}
    assert drawn == {16, 24}  # a draw of 40 misses one by chance with 2 * 0.5**40


def test_known_networks_are_those_that_the_settings_hold():
    assert set(open_space("accelerator_convnet", {}).known) == set(KNOWN)
    assert set(open_space("accelerator_convnet", {"activations": ["swish"]}).known) == {"EfficientNet-B0"}
    assert set(open_space("accelerator_convnet", {"block_steps": [1]}).known) == set()
    assert set(small().known) == set()


def test_a_mutation_gives_one_decision_another_value():
    space, rng = small(), np.random.default_rng(0)
    spec = space.sample(rng)
    for _ in range(200):
        child, change = space.mutate(spec, rng)
        at = np.flatnonzero(space.encode(child) != space.encode(spec))
        assert len(at) == 1 and change.text.startswith(space.decisions()[at[0]].name + ": ")


def test_without_a_choice_nothing_mutates():
    only = {
        "space_to_depth": ["none"], "operations": ["fused"], "kernels": [3], "expansions": [4], "squeezes": [0],
        "activations": ["relu"], "channel_factors": [1], "block_steps": [0],
    }  # fmt: skip
    space = small(**only)
    spec = space.sample(np.random.default_rng(0))
    assert space.mutate(spec, np.random.default_rng(0)) == (spec, ("choice", "no decision has another value"))
    assert space.formula(spec) == "fused 3x3 e4 16x1 relu; fused 3x3 e4 24x1 relu"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kernels": [3, 3]}, r"`kernels` must name each choice once\. Received: kernels=\[3, 3\]"),
        ({"squeezes": [0.25, 0.25]}, r"`squeezes` must name each choice once"),
        ({"operations": []}, "at `\\$.operations`"),
        ({"expansions": [0]}, "at `\\$.expansions"),
        ({"skeleton": {"stages": []}}, "at `\\$.skeleton.stages`"),
        ({"skeleton": {"stages": [{"channels": 8, "stride": 3}]}}, "at `\\$.skeleton.stages\\[0\\].stride`"),
        ({"width": 0}, "at `\\$.width`"),
    ],
)
def test_settings_that_are_none_are_refused_with_their_path(settings, says):
    with pytest.raises(ValueError, match=says):
        small(**settings) if "skeleton" not in settings else open_space("accelerator_convnet", settings)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stages": []}, r"`spec` must be a network: .*stages"),
        ({"space_to_depth": "twice"}, r"`spec` must be a network: Invalid enum value 'twice'"),
        ({"stages": [{"operation": "mbconv"}]}, r"`spec` must be a network: .*kernel"),
        ({"more": 1}, r"`spec` must be a network: .*more"),
    ],
)
def test_json_that_is_no_network_is_refused(change, says):
    space = small()
    data = space.to_json(space.sample(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=says):
        space.from_json({**data, **change})


def test_a_network_with_a_value_that_is_no_choice_is_refused():
    space = small()
    data = space.to_json(space.sample(np.random.default_rng(0)))
    data["stages"][1]["kernel"] = 7
    with pytest.raises(ValueError, match=r"`spec` must have one of 3, 5 as stage 2 kernel\. Received: 7"):
        space.from_json(data)
    with pytest.raises(ValueError, match=r"`spec` must have 2 stages\. Received: 7 stages"):
        space.encode(KNOWN["EfficientNet-B0"])


@pytest.mark.parametrize(
    ("encoded", "says"), [([0] * 14, "must be 15 integers"), ([9] + [0] * 14, "space to depth in")]
)
def test_an_encoding_that_is_none_is_refused(encoded, says):
    with pytest.raises(ValueError, match=says):
        small().decode(np.array(encoded))


@pytest.mark.parametrize("shape", [(13,), (8, 8)])
def test_rows_that_are_no_images_are_refused(shape):
    space = small()
    encoded = space.encode(space.sample(np.random.default_rng(0)))[None]
    with pytest.raises(ValueError, match=r"`input_shape` must be \[height, width, channels\]"):
        space.costs(encoded, space.variants()[0], shape, 10)


def test_the_default_skeleton_is_that_of_the_known_networks():
    for spec in KNOWN.values():
        for stage, of in zip(spec.stages, AcceleratorConvnetSettings().skeleton.stages, strict=True):
            assert (stage.channels, stage.blocks) == (of.channels, of.blocks)
