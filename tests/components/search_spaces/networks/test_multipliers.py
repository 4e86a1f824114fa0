"""Width and depth: one number for all networks, or one for each."""

import msgspec
import pytest

from components.search_spaces.networks.multipliers import check_multipliers, multiplier
from components.search_spaces.registry import open_space

PUBLISHED = {"preact_resnet50": 0.25, "mobilenet_v2_full": 0.5, "efficientnet_b0": 0.5}


def test_one_number_is_that_of_every_network():
    assert [multiplier(0.5, network) for network in ("a", "b")] == [0.5, 0.5]
    check_multipliers("width", 0.5, ("a", "b"))


def test_a_mapping_has_one_for_each_network_in_any_order():
    check_multipliers("width", {"b": 2.0, "a": 0.5}, ("a", "b"))
    assert [multiplier({"b": 2.0, "a": 0.5}, network) for network in ("a", "b")] == [0.5, 2.0]


@pytest.mark.parametrize("given", [{}, {"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "c": 1.0}], ids=str)
def test_a_mapping_of_other_networks_is_refused(given):
    with pytest.raises(ValueError, match=r"`depth` must .* \(a, b\) and no other\. Received: depth=\{"):
        check_multipliers("depth", given, ("a", "b"))


def test_the_published_networks_stand_at_their_published_widths():
    space = open_space("norm_act_layer", {"networks": list(PUBLISHED), "width": PUBLISHED})
    assert {one.network: (one.width, one.depth) for one in space.variants()} == {
        name: (width, 1.0) for name, width in PUBLISHED.items()
    }
    alone = open_space("norm_act_layer", {"networks": ["preact_resnet50"], "width": 0.25})
    encoded = space.encode(space.known["BN-ReLU"])[None]
    costs = [one.costs(encoded, one.variants()[0], (32, 32, 3), 10) for one in (space, alone)]
    assert costs[0] == costs[1]


def test_a_width_out_of_range_is_refused_in_a_mapping_too():
    with pytest.raises(msgspec.ValidationError, match="<= 16"):
        open_space("norm_act_layer", {"networks": ["efficientnet"], "width": {"efficientnet": 17}})
