"""The layers of tabular networks: the ones that their models are built of, each by its name."""

import keras
import numpy as np
import pytest

from components.records.results import Variant
from components.search_spaces.registry import open_space

VARIANT = Variant(name="tabular_mlp", network="tabular_mlp")
WIDTHS = [[3, 7, 5], [2, 5], [5, 1]]
ROWS = [((5,), 2), ((5,), 3), ((5,), 1), ((4, 3, 2), 10), ((2, 2, 1), 2)]  # (shape of a row, outputs)
EVERY = np.array(list(np.ndindex(3, 2, 2)))


def opened(**settings):
    return open_space("tabular_mlp", {"widths": WIDTHS, "activation": "tanh", **settings})


def dense_of(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def test_the_names_of_a_table():
    names = opened().layers(VARIANT, (5,), 3).names
    assert names == (
        "dense-5-3-tanh", "dense-5-7-tanh", "dense-5-5-tanh",
        "dense-3-2-tanh", "dense-3-5-tanh", "dense-7-2-tanh", "dense-7-5-tanh", "dense-5-2-tanh",
        # 5-5 is a layer from the features, too, and stands there
        "dense-2-5-tanh", "dense-2-1-tanh", "dense-5-1-tanh",
        "dense-5-3", "dense-1-3",
    )  # fmt: skip


def test_the_names_of_images_and_of_two_classes():
    names = opened(layers=1, widths=[3]).layers(VARIANT, (4, 3, 2), 2).names
    assert names == ("flatten-dense-4x3x2-3-tanh", "dense-3-1-logits")
    assert opened(layers=1, widths=[3]).layers(VARIANT, (6,), 1).names == ("dense-6-3-tanh", "dense-3-1")


def test_a_published_space_has_four_hundred_and_forty_layers():
    """20 widths: 20 layers from the features, 400 between two widths wherever they stand, 20 to the outputs."""
    names = open_space("tabular_mlp", {"layers": 5}).layers(VARIANT, (500,), 5).names
    assert len(names) == len(set(names)) == 20 + 400 + 20


@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_the_layers_of_a_design_are_those_of_its_model(shape, outputs):
    """Sizes and activations of the built model's dense layers spell the names."""
    space = opened()
    index = space.layers(VARIANT, shape, outputs)
    places = index.places(EVERY)
    assert places.shape == (12, 4) and set(places.ravel().tolist()) == set(range(len(index.names)))
    for row, encoded in zip(places, EVERY):
        built = dense_of(space.build(space.decode(encoded), VARIANT, shape, outputs))
        spelled = [f"dense-{one.kernel.shape[0]}-{one.units}" for one in built]
        if len(shape) > 1:
            spelled[0] = f"flatten-dense-{'x'.join(map(str, shape))}-{built[0].units}"
        ends = [f"-{one.activation.__name__}" for one in built[:-1]] + ["-logits" if outputs == 2 else ""]
        assert [index.names[at] for at in row] == [name + end for name, end in zip(spelled, ends, strict=True)]
        assert built[-1].activation.__name__ == "linear"


@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_the_layers_alone_compute_what_their_model_does(shape, outputs):
    space = opened()
    index = space.layers(VARIANT, shape, outputs)
    x = np.random.default_rng(0).normal(size=(9, *shape)).astype(np.float32)
    for encoded in EVERY[[0, 5, 11]]:
        model = space.build(space.decode(encoded), VARIANT, shape, outputs)
        weights, given = iter(model.get_weights()), x
        for at in index.places(encoded[None])[0]:
            layer = index.build(int(at))
            layer.set_weights([next(weights), next(weights)])
            given = layer(given)
        np.testing.assert_allclose(given, model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("shape", "outputs"), ROWS)
def test_the_parameters_of_a_layer_are_those_of_its_model(shape, outputs):
    index = opened().layers(VARIANT, shape, outputs)
    built = [index.build(at).count_params() for at in range(len(index.names))]
    assert list(index.parameters) == built


def test_every_build_has_weights_of_its_own():
    index = opened().layers(VARIANT, (5,), 3)
    first, second = index.build(0), index.build(0)
    assert first.input_shape == (None, 5) and first.output_shape == (None, 3)
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])


def test_what_costs_refuse_has_no_layers_either():
    with pytest.raises(ValueError, match="`width` must be 1, as a design says its widths itself. Received: width=2.0"):
        opened().layers(Variant(name="x", network="tabular_mlp", width=2.0), (5,), 3)
