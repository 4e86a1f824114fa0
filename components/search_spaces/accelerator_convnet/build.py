"""The Keras objects of a network: the whole model, and its backbone as a layer for anyone's model."""

from typing import Any

import keras
import msgspec

from components.search_spaces.accelerator_convnet.network import Assembly
from components.search_spaces.accelerator_convnet.skeleton import Skeleton
from components.search_spaces.accelerator_convnet.spec import ConvnetSpec, spec_of
from components.search_spaces.networks.build import build_network
from components.search_spaces.networks.row import Row
from components.search_spaces.networks.sketch import Sketch


class ConvnetBackbone(keras.layers.Layer):
    """Stem and stages of a network, from images `[batch, height, width, channels]` to the last stage's features.

    Args:
        spec: the network, as JSON data or as a spec.
        skeleton: of its space, as JSON data or as a skeleton.
        width, depth: multipliers of channels and blocks.

    Raises:
        ValueError: where spec or skeleton is none.
    """

    def __init__(self, spec: Any, skeleton: Any, width: float = 1.0, depth: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.spec: ConvnetSpec = spec if isinstance(spec, ConvnetSpec) else spec_of(spec)
        self.skeleton: Skeleton = msgspec.convert(skeleton, Skeleton, from_attributes=True)
        self.width, self.depth = width, depth

    def build(self, input_shape):
        """Creates the weights for images `[batch, height, width, channels]`, whose sizes must be known."""
        row = Row(tuple(input_shape[1:]))
        sketch = Sketch(row)
        Assembly(self.skeleton, row, 1, self.width, self.depth).features(sketch, self.spec)
        self.network = build_network(tuple(sketch.ops))
        self.built = True

    def call(self, x, training=None):
        """Returns the features, `[batch, height, width, channels]`."""
        return self.network(x, training=training)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the features."""
        row = Row(tuple(input_shape[1:]))
        sketch = Sketch(row)
        last = Assembly(self.skeleton, row, 1, self.width, self.depth).features(sketch, self.spec)
        return input_shape[0], *sketch.shape(last)

    def get_config(self):
        """Returns the arguments that make the same layer again."""
        data = {"spec": msgspec.to_builtins(self.spec), "skeleton": msgspec.to_builtins(self.skeleton)}
        return {**super().get_config(), **data, "width": self.width, "depth": self.depth}


keras.saving.register_keras_serializable("archloom")(ConvnetBackbone)
