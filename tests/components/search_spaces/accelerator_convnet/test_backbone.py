"""The backbone as a layer of anyone's model: what the whole network computes before its head, and saved with it."""

import keras
import numpy as np
import pytest

from components.search_spaces.accelerator_convnet.build import ConvnetBackbone
from components.search_spaces.registry import open_space
from components.training.runtime import prepare_tensorflow

prepare_tensorflow()
SKELETON = {"stem_channels": 8, "head_channels": 24, "stages": [{"channels": 8}, {"channels": 16, "stride": 2}]}
SPACE = open_space("accelerator_convnet", {"skeleton": SKELETON, "width": 1.5})


@pytest.fixture
def spec():
    return SPACE.sample(np.random.default_rng(3))


def test_the_backbone_gives_the_last_stages_features(spec):
    """The network's own weights in it, up to the head's convolution, give what that is given."""
    model = SPACE.build(spec, SPACE.variants()[0], (16, 16, 3), 5)
    backbone = SPACE.parts(spec)["backbone"]
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    features = backbone(x)
    assert features.shape == backbone.compute_output_shape(x.shape)
    count = len(backbone.get_weights())
    backbone.set_weights(model.get_weights()[:count])
    head = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    np.testing.assert_allclose(backbone(x), keras.Model(model.input, head.input)(x), rtol=1e-5, atol=1e-6)


def test_a_model_with_a_backbone_is_saved_and_loaded(spec, tmp_path):
    inputs = keras.Input((16, 16, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(SPACE.parts(spec)["backbone"](inputs))
    model = keras.Model(inputs, keras.layers.Dense(2)(pooled))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_array_equal(again(x), model(x))


def test_a_backbone_trains(spec):
    inputs = keras.Input((16, 16, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(SPACE.parts(spec)["backbone"](inputs))
    model = keras.Model(inputs, keras.layers.Dense(2)(pooled))
    before = model.get_weights()
    keras.utils.set_random_seed(0)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 16, 16, 3)), np.ones((4, 2)), verbose=0)
    assert sum(not np.array_equal(one, other) for one, other in zip(before, model.get_weights())) > len(before) / 2


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="`spec` must be a network"):
        ConvnetBackbone({"stages": []}, SKELETON)
    with pytest.raises(ValueError, match="stages"):
        ConvnetBackbone(SPACE.sample(np.random.default_rng(0)), {"stages": []})
