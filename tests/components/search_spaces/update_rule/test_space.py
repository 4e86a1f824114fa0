"""Settings of the space `update_rule`, its variants, and what it builds."""

import typing

import msgspec
import numpy as np
import pytest

from components.search_spaces.networks.table import NETWORKS
from components.search_spaces.registry import open_space
from components.search_spaces.update_rule import space as space_module
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.primitives import OPERANDS

BAD_SETTINGS = [
    ({"groups": 0}, r"Expected `int` >= 1 - at `\$.groups`"),
    ({"groups": 5}, r"Expected `int` <= 4 - at `\$.groups`"),
    ({"operands": []}, r"length >= 1 - at `\$.operands`"),
    ({"operands": ["h"]}, r"Invalid enum value 'h' - at `\$.operands\[0\]`"),
    ({"operands": ["g", "g"]}, r"`operands` must name each once. Received: operands=\['g', 'g'\]"),
    ({"decays": ["rd"]}, r"matching regex .* at `\$.decays\[0\]`"),
    ({"decays": ["rd_1001"]}, r"at `\$.decays\[0\]`"),
    ({"decays": ["ld", "ld"]}, r"`decays` must name each once"),
    ({"distinct_operands": True, "operands": ["g"], "decays": []}, r"`operands` must have two or more with `decays`"),
    ({"reuse_results": 1}, r"Expected `bool`, got `int` - at `\$.reuse_results`"),
    ({"behaviour": {"beta1": 1}}, r"at `\$.behaviour.beta1`"),
    ({"behaviour": {"betas": 1}}, r"unknown field `betas` - at `\$.behaviour`"),
    ({"networks": []}, r"at `\$.networks`"),
    ({"networks": ["convnet", "convnet"]}, r"`networks` must name each once"),
    ({"networks": ["vgg"]}, r"Invalid enum value 'vgg'"),
    ({"learning_rates": []}, r"at `\$.learning_rates`"),
    ({"learning_rates": [0]}, r"Expected `float` > 0.0 - at `\$.learning_rates\[0\]`"),
    ({"learning_rates": [0.1, 0.1]}, r"`learning_rates` must name each once"),
    ({"learning_rates": [0.125, 0.12500001]}, r"`learning_rates` must differ in their first 4 digits"),
    ({"learning_rates": [0.1, 0.10000001]}, r"`learning_rates` must differ in their first 4 digits"),
    ({"operands": ["1", "2"], "decays": ["ld", "cd_3"]}, r"`operands` must have .* gradient, the weights or noise"),
    ({"learning_rates": [float(rate) for rate in range(1, 34)]}, r"length <= 32 - at `\$.learning_rates`"),
    ({"depth": 17}, r"at `\$.depth`"),
    ({"nodes": 3}, r"unknown field `nodes`"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS, ids=str)
def test_a_bad_setting_is_refused_with_its_path(settings, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        open_space("update_rule", settings)


def test_the_names_that_settings_take_are_those_of_the_tables():
    assert typing.get_args(space_module.OperandName) == tuple(OPERANDS)
    assert sorted(typing.get_args(space_module.NetworkName)) == sorted(NETWORKS)


def test_variants_are_every_network_with_every_rate():
    space = open_space("update_rule", {"networks": ["mlp", "convnet"], "learning_rates": [3e-4, 0.125, 10], "width": 2})
    assert [(one.name, one.network, one.learning_rate, one.width) for one in space.variants()] == [
        ("mlp-3e-04", "mlp", 3e-4, 2.0),
        ("mlp-1.250e-01", "mlp", 0.125, 2.0),
        ("mlp-1e01", "mlp", 10.0, 2.0),
        ("convnet-3e-04", "convnet", 3e-4, 2.0),
        ("convnet-1.250e-01", "convnet", 0.125, 2.0),
        ("convnet-1e01", "convnet", 10.0, 2.0),
    ]
    default = [variant.learning_rate for variant in open_space("update_rule", {}).variants()]
    assert default == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]


@pytest.mark.parametrize("operands", [["1", "g"], ["1e-4w"], ["noise"]], ids=str)
def test_one_operand_that_is_no_number_is_enough(operands):
    assert open_space("update_rule", {"operands": operands, "decays": []}).settings.operands == tuple(operands)
    assert open_space("update_rule", {"operands": ["1"], "decays": ["noise_t"]}).settings.decays == ("noise_t",)


def test_the_part_for_others_is_the_same_each_time():
    """Also its noise: a seed that was drawn would differ from process to process."""
    made = [open_space("update_rule", {}).parts(KNOWN["Adam"])["optimizer"] for _ in range(2)]
    assert [one.get_config()["seed"] for one in made] == [0, 0]


def test_lengths_are_five_for_each_group_and_decisions_cover_every_known_rule():
    for groups in (1, 2, 3, 4):
        space = open_space("update_rule", {"groups": groups})
        assert space.lengths == tuple(5 * number for number in range(1, groups + 1))
        assert len(space.decisions()) == 20
    counts = [decision.choices for decision in open_space("update_rule", {"decays": ["ld"]}).decisions()]
    # 17 operands, ld, and cd, rd_10, rd_20 that known rules have; each group after the first has one result more.
    assert counts == [21, 21, 12, 12, 6, 22, 22, 12, 12, 6, 23, 23, 12, 12, 6, 24, 24, 12, 12, 6]


def test_the_alphabet_doesnt_depend_on_the_order_of_runs():
    alphabets = {open_space("update_rule", {}).grammar.alphabet for _ in range(3)}
    assert alphabets == {(*OPERANDS, "ld", "cd", "rd_10", "rd_20", "noise_t")}


def test_the_behaviour_reaches_ids_and_the_optimizer():
    from components.search_spaces.update_rule.parsing import parse_rule

    raw = open_space("update_rule", {})
    absolute = open_space("update_rule", {"behaviour": {"power_base": "absolute", "beta1": 0.5}})
    line = parse_rule("g^1")
    assert raw.canonical(line) == raw.canonical(parse_rule("g"))
    assert absolute.canonical(line) != absolute.canonical(parse_rule("g"))
    optimizer = absolute.optimizer(KNOWN["PowerSign-cd"], 0.25, 77)
    config = optimizer.get_config()
    assert (config["total_steps"], config["behaviour"]["beta1"], float(optimizer.learning_rate)) == (77, 0.5, 0.25)
    assert config["groups"] == absolute.to_json(KNOWN["PowerSign-cd"])
    assert absolute.parts(KNOWN["PowerSign-cd"])["optimizer"].get_config()["behaviour"]["beta1"] == 0.5


@pytest.mark.parametrize("network", ["convnet", "mlp", "preact_resnet"])
def test_a_rule_trains_the_network_that_it_is_tried_in(network):
    """20 steps of PowerSign on one batch of 32 random images: the loss falls below that of a guess, ln 10 = 2.303."""
    import keras

    space = open_space("update_rule", {"networks": [network]})
    variant = next(one for one in space.variants() if one.learning_rate == 1e-1)
    keras.utils.set_random_seed(0)
    model = space.build(KNOWN["PowerSign"], variant, (8, 8, 1), 10)
    model.compile(
        optimizer=space.optimizer(KNOWN["PowerSign"], variant.learning_rate, 20),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((32, 8, 8, 1), np.float32), rng.integers(10, size=32)
    losses = model.fit(rows, labels, batch_size=32, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 2.0
    assert np.isfinite(losses).all()
