"""Space-to-depth against TensorFlow's own, and a loop for sizes that it doesn't take."""

import keras
import numpy as np
import pytest

from components.search_spaces.networks.build import SpaceToDepth
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Sketch
from components.training.runtime import prepare_tensorflow

tf = prepare_tensorflow()


@pytest.mark.parametrize("stride", [2, 4])
def test_it_is_tensorflows_where_the_stride_divides_the_image(stride):
    x = np.random.default_rng(0).normal(size=(3, 8, 12, 5)).astype(np.float32)
    np.testing.assert_array_equal(SpaceToDepth(stride)(x), tf.nn.space_to_depth(x, stride))


@pytest.mark.parametrize("shape", [(2, 7, 5, 3), (1, 1, 1, 2), (2, 5, 4, 1)], ids=str)
def test_odd_sizes_are_filled_up_with_zeros_at_their_ends(shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    batch, height, width, channels = shape
    slow = np.zeros((batch, -(-height // 2), -(-width // 2), 4 * channels), np.float32)
    for row in range(height):
        for column in range(width):
            first = (2 * (row % 2) + column % 2) * channels
            slow[:, row // 2, column // 2, first : first + channels] = x[:, row, column]
    layer = SpaceToDepth(2)
    np.testing.assert_array_equal(layer(x), slow)
    assert layer.compute_output_shape(shape) == slow.shape


def test_it_is_saved_with_its_model(tmp_path):
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, SpaceToDepth(3)(inputs))
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").output_shape == (None, 2, 2, 18)


def test_it_moves_every_number_and_computes_nothing():
    sketch = Sketch(Row((8, 8, 3)))
    sketch.space_to_depth(0, 2)
    costs = network_costs(sketch.ops)
    assert (costs.parameters, costs.multiply_adds) == (0, 0)
    assert (costs.activation_bytes, costs.traffic_bytes) == (4 * 192, 4 * (192 + 192))


def test_fused_operations_move_nothing_and_are_kept_and_computed_all_the_same():
    sketch = Sketch(Row((8, 8, 3)))
    sketch.silu(sketch.batch_norm(sketch.conv(0, 4)))
    apart, fused = network_costs(sketch.ops), network_costs(sketch.ops, fused=True)
    assert apart.traffic_bytes - fused.traffic_bytes == 4 * 64 * 4 * 2 * 2  # 64 positions of 4, in and out, of two
    assert fused._replace(traffic_bytes=apart.traffic_bytes) == apart
