"""The record of a candidate: what the space says of its spec, as JSON data."""

import msgspec
import numpy as np

from components.records.manifest import DataManifest, Split
from components.records.results import Variant
from components.rounds.candidates import make_candidate
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow
from tests.bare_context import BareContext

PART = Split(rows=3, class_rows=(1, 2), sha256="0")
MANIFEST = DataManifest(source="s", input_shape=(8, 8, 1), classes=("a", "b"), train=PART, validation=PART, test=PART)


def test_a_candidate_holds_what_its_space_says_of_it():
    space = open_space("norm_act_layer", {"networks": ["preact_resnet", "mobilenet_v2"]})
    spec = space.sample(np.random.default_rng(1))
    variants = [*space.variants(), Variant(name="wide", network="preact_resnet", width=2.0)]
    made = make_candidate(BareContext(space, MANIFEST), spec, variants, suffix="-wide", origin="random", change="all")
    assert made.id == space.canonical(spec) + "-wide"
    assert space.from_json(made.spec) == spec
    assert made.variants == tuple(variants)
    assert (made.origin, made.change, made.role) == ("random", "all", "searched")
    for variant in variants:
        costs = space.costs(space.encode(spec)[None], variant, (8, 8, 1), 2)
        assert made.costs[variant.name] == {name: float(value) for name, (value,) in costs.items()}
    assert made.costs["wide"]["parameters"] > made.costs["preact_resnet"]["parameters"]


def test_the_variants_of_texts_hold_the_vocabulary_that_their_costs_and_models_need():
    space = open_space("update_rule", {"networks": ["text_rnn"]})
    texts = msgspec.structs.replace(MANIFEST, input_shape=(12,), vocabulary=500)
    spec = space.sample(np.random.default_rng(1))
    made = make_candidate(BareContext(space, texts), spec, space.variants(), origin="random")
    assert {variant.vocabulary for variant in made.variants} == {500}
    prepare_tensorflow()
    model = space.build(spec, made.variants[0], texts.input_shape, 2)
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert made.costs[made.variants[0].name]["parameters"] == parameters > 500 * 32  # of the word vectors
