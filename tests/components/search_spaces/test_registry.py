"""Opening a space by name: strict settings with paths, and no Keras."""

import subprocess
import sys

import msgspec
import pytest

from components.search_spaces.registry import open_space

BAD_SETTINGS = [
    ({"nodes": 0}, r"Expected `int` >= 1 - at `\$.nodes`"),
    ({"nodes": 31}, r"Expected `int` <= 30 - at `\$.nodes`"),
    ({"nodes": "ten"}, r"Expected `int`, got `str` - at `\$.nodes`"),
    ({"nodes": True}, r"Expected `int`, got `bool` - at `\$.nodes`"),
    ({"node": 10}, r"unknown field `node`"),
    ({"batch_independent": "yes"}, r"Invalid enum value 'yes' - at `\$.batch_independent`"),
    ({"op_sampling": "uniform"}, r"Invalid enum value 'uniform' - at `\$.op_sampling`"),
    ({"groups": 0}, r"Expected `int` >= 1 - at `\$.groups`"),
    ({"decay": 1.0}, r"Expected `float` < 1.0 - at `\$.decay`"),
    ({"networks": []}, r"Expected `array` of length >= 1 - at `\$.networks`"),
    ({"networks": ["vgg"]}, r"Invalid enum value 'vgg' - at `\$.networks\[0\]`"),
    ({"networks": ["mobilenet_v2", "mobilenet_v2"]}, r"must name each network once. Received: .*mobilenet_v2"),
    ({"width": 0.01}, r"Expected `float` >= 0.1 - at `\$.width`"),
    ({"nodes": 2, "min_active_ops": 3}, r"`min_active_ops` must be at most `nodes` \(2\). Received: min_active_ops=3"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS, ids=str)
def test_a_bad_setting_is_refused_with_its_path(settings, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        open_space("norm_act_layer", settings)


def test_an_unknown_space_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"must be one of .*norm_act_layer.* Received: space='norm_act'"):
        open_space("norm_act", {})


def test_settings_reach_the_space():
    space = open_space("norm_act_layer", {"networks": ["efficientnet", "preact_resnet"], "width": 2, "depth": 0.5})
    assert [(v.name, v.network, v.width, v.depth) for v in space.variants()] == [
        ("efficientnet", "efficientnet", 2.0, 0.5),
        ("preact_resnet", "preact_resnet", 2.0, 0.5),
    ]


def test_sampling_screening_and_costs_never_import_keras():
    script = """
import sys
import numpy as np
from components.search_spaces.registry import SPACES, open_space
for name in SPACES:
    space = open_space(name, {})
    rng = np.random.default_rng(0)
    spec = space.sample(rng)
    space.static_screen(spec), space.numerical_screen(spec, rng), space.formula(spec), space.drawing(spec)
    space.canonical(spec), space.mutate(spec, rng), space.encode(spec)
print([module for module in ("keras", "tensorflow", "jax", "torch", "sklearn") if module in sys.modules])
"""
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
