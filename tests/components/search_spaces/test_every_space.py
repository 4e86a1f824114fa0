"""The contract of `SearchSpace`, for every space of the registry. A new space needs one row in `CASES`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from components.search_spaces.registry import SPACES, open_space
from components.search_spaces.space import Categorical

# name -> (settings to try, shape of a row, classes)
CASES = {
    "norm_act_layer": (
        [{}, {"nodes": 3}, {"nodes": 30, "op_sampling": "table"}, {"batch_independent": "op_set"}],
        (8, 8, 1),
        10,
    ),
    "update_rule": (
        [
            {},
            {"groups": 1},
            {"groups": 4, "distinct_operands": True, "final_not_add": True},
            {"groups": 3, "reuse_results": False, "decays": [], "behaviour": {"power_base": "absolute"}},
            {"operands": ["g", "m"], "decays": [], "networks": ["mlp", "preact_resnet"]},
        ],
        (8, 8, 1),
        10,
    ),
    "accelerator_convnet": (
        [
            {},
            {"width": 0.25, "depth": 0.5},
            {"skeleton": {"stages": [{"channels": 16}, {"channels": 24, "blocks": 2, "stride": 2}]}},
        ],
        (32, 32, 3),
        10,
    ),
    "tabular_mlp": (
        [
            {},
            {"layers": 1, "widths": [7, 9]},
            {"widths": [[4, 8], [3], [16, 2, 5]], "activation": "tanh"},
            {"layers": 5},
        ],
        (13,),
        2,
    ),
}
COSTS = ("parameters", "multiply_adds", "activation_bytes", "traffic_bytes")  # of every space
SPECS = 200  # drawn for each setting


def spaces():
    """A space for each setting to try."""
    return [
        pytest.param(open_space(name, settings), shape, classes, id=f"{name} {settings}")
        for name, (choices, shape, classes) in CASES.items()
        for settings in choices
    ]


def draws(space, count=SPECS, seed=0):
    """Random specs and mutations of them, alternately."""
    rng = np.random.default_rng(seed)
    specs = [space.sample(rng) for _ in range(count // 2)]
    return [one for spec in specs for one in (spec, space.mutate(spec, rng)[0])]


def whole(encoded):
    """The decisions of an encoding without what fills it up."""
    return [choice for choice in encoded.tolist() if choice != -1]


def test_every_space_of_the_registry_has_a_row():
    assert set(CASES) == set(SPACES)


@pytest.mark.parametrize(("space", "shape", "classes"), spaces())
class TestContract:
    def test_encoding_and_json_come_back_as_they_were(self, space, shape, classes):
        for spec in [*draws(space), *space.known.values()]:
            encoded = space.encode(spec)
            assert encoded.shape == (len(space.decisions()),)
            assert space.decode(encoded) == spec
            assert space.from_json(json.loads(json.dumps(space.to_json(spec)))) == spec
            assert hash(space.decode(encoded)) == hash(spec)

    def test_every_choice_of_an_encoding_is_allowed_after_those_before_it(self, space, shape, classes):
        for spec in draws(space, 20):
            encoded = whole(space.encode(spec))
            assert len(encoded) in space.lengths
            for at, decision in enumerate(space.decisions()[: len(encoded)]):
                mask = space.allowed(encoded[:at], len(encoded))
                if isinstance(decision, Categorical):
                    assert mask.shape == (decision.choices,)
                    assert mask[encoded[at]], f"{decision.name}: {encoded[at]}"

    def test_where_it_says_that_choices_are_independent_none_rules_out_another(self, space, shape, classes):
        masks = [
            space.allowed(encoded[:at], len(encoded))
            for encoded in (whole(space.encode(spec)) for spec in draws(space, 20))
            for at in range(len(encoded))
        ]
        free = space.lengths == (len(space.decisions()),) and all(mask.all() for mask in masks)
        assert free or not space.independent

    def test_whatever_the_masks_allow_is_a_spec(self, space, shape, classes):
        rng = np.random.default_rng(3)
        for length in 20 * space.lengths:
            encoded = []
            while len(encoded) < length:
                encoded.append(int(rng.choice(np.flatnonzero(space.allowed(encoded, length)))))
            encoded += [-1] * (len(space.decisions()) - length)
            assert space.encode(space.decode(np.array(encoded))).tolist() == encoded

    def test_lengths_ascend_and_the_longest_is_the_default(self, space, shape, classes):
        assert list(space.lengths) == sorted(set(space.lengths))
        assert space.lengths[-1] <= len(space.decisions())
        encoded = whole(space.encode(space.sample(np.random.default_rng(4))))
        for at in range(len(encoded)):
            masks = [space.allowed(encoded[:at]), space.allowed(encoded[:at], space.lengths[-1])]
            assert masks[0].tolist() == masks[1].tolist()

    def test_mutation_leaves_its_parent_alone_and_reports_the_change(self, space, shape, classes):
        rng = np.random.default_rng(1)
        for spec in draws(space, 20):
            before = space.encode(spec)
            child, change = space.mutate(spec, rng)
            assert space.encode(spec).tolist() == before.tolist()
            assert change.kind in space.mutation_kinds
            assert change.text
            assert (child == spec) or (space.encode(child) != before).any()

    def test_a_mutation_can_reach_every_part_of_a_spec(self, space, shape, classes):
        """A position stays untouched by chance with less than (1 - 1/30)**600 < 1e-8 for at most 30 places."""
        rng = np.random.default_rng(2)
        spec = space.sample(rng)
        before, changed = space.encode(spec), np.zeros(len(space.decisions()), bool)
        for _ in range(600):
            changed |= space.encode(space.mutate(spec, rng)[0]) != before
        length = len(whole(before))
        free = [at for at in range(length) if space.allowed(before[:at].tolist(), length).sum() > 1]
        assert changed[free].mean() > 0.9

    def test_equal_ids_mean_equal_costs_and_formulas(self, space, shape, classes):
        by_id = {}
        for spec in draws(space, 2000):
            by_id.setdefault(space.canonical(spec), []).append(spec)
        assert all(len(name) == 12 and int(name, 16) >= 0 for name in by_id)
        shared = [specs for specs in by_id.values() if len(specs) > 1]
        variant = space.variants()[0]
        for specs in shared[:50]:
            costs = space.costs(np.stack([space.encode(spec) for spec in specs]), variant, shape, classes)
            assert all(len(set(column.tolist())) == 1 for column in costs.values()), space.formula(specs[0])

    def test_costs_of_many_are_the_costs_of_each(self, space, shape, classes):
        specs = [*draws(space, 30), *space.known.values()]
        encoded = np.stack([space.encode(spec) for spec in specs])
        for variant in space.variants():
            together = space.costs(encoded, variant, shape, classes)
            assert set(together) >= set(COSTS)
            for name, column in together.items():
                alone = [space.costs(row[None], variant, shape, classes)[name][0] for row in encoded]
                assert column.shape == (len(specs),)
                assert (column > 0).all() if name in COSTS else (column >= 0).all()
                assert column.tolist() == alone, name

    def test_every_design_of_a_layered_space_holds_layers_that_the_index_names(self, space, shape, classes):
        for variant in space.variants():
            index = space.layers(variant, shape, classes)
            assert (index is not None) == space.layered
            if index is None:
                continue
            assert len(set(index.names)) == len(index.names)
            assert space.layers(variant, shape, classes).names == index.names
            encoded = np.stack([space.encode(spec) for spec in draws(space)])
            places = index.places(encoded)
            assert places.ndim == 2 and len(places) == len(encoded)
            assert places.min() >= -1 and places.max() < len(index.names) and (places >= 0).any(axis=1).all()
            alone = [index.places(row[None])[0].tolist() for row in encoded]
            assert places.tolist() == alone

    def test_a_layer_alone_is_a_model_of_a_batch_of_its_inputs(self, space, shape, classes):
        for variant in space.variants() if space.layered else ():
            index = space.layers(variant, shape, classes)
            for at in np.random.default_rng(0).choice(len(index.names), 5):
                model = index.build(int(at))
                outputs = model(np.ones((3, *model.input_shape[1:]), np.float32))
                assert tuple(outputs.shape) == (3, *model.output_shape[1:])

    def test_known_designs_pass_the_screens(self, space, shape, classes):
        for name, spec in space.known.items():
            if space.static_screen(spec) != "uses_batch":
                assert space.static_screen(spec) is None, name
                assert space.numerical_screen(spec, np.random.default_rng(0)) is None, name

    def test_parts_are_new_each_time_and_made_again_by_keras(self, space, shape, classes):
        import keras

        for spec in [*draws(space, 4), *space.known.values()]:
            for name, part in space.parts(spec).items():
                again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(part))
                assert again.get_config() == part.get_config()
                assert space.parts(spec)[name] is not part

    def test_drawings_are_in_topological_order(self, space, shape, classes):
        for spec in draws(space, 20):
            boxes = space.drawing(spec)
            assert boxes[-1].active
            assert all(source < at for at, box in enumerate(boxes) for source in box.inputs)

    def test_variants_are_the_networks_in_order(self, space, shape, classes):
        assert tuple(dict.fromkeys(variant.network for variant in space.variants())) == space.networks
        assert len({variant.name for variant in space.variants()}) == len(space.variants())


def test_the_same_seed_gives_the_same_in_processes_of_different_hash_seeds():
    script = """
import json
import numpy as np
from components.search_spaces.registry import SPACES, open_space
for name in SPACES:
    space, rng = open_space(name, {}), np.random.default_rng(5)
    for _ in range(50):
        spec = space.sample(rng)
        child, change = space.mutate(spec, rng)
        print(json.dumps(space.to_json(child)), change, space.canonical(child), space.formula(child),
              space.static_screen(child), space.numerical_screen(child, rng))
"""
    printed = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0].count("\n") == 50 * len(SPACES)
    assert printed[0] == printed[1]
