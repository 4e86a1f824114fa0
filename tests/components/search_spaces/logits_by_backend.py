"""Program: prints logits of known layers, each in a network, with fixed weights, in the backend of KERAS_BACKEND."""

import json
import sys

import keras
import numpy as np

from components.search_spaces.registry import open_space

LAYERS = ("BN-ReLU", "EvoNorm-B0", "EvoNorm-S0")
SHAPE, CLASSES = (8, 8, 1), 10


def fixed_weights(model: keras.Model) -> None:
    """Sets every variable to seeded numbers near its initial value."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        start = np.asarray(keras.ops.convert_to_numpy(variable))
        if start.dtype.kind == "f":
            variable.assign(0.1 * rng.standard_normal(start.shape).astype(np.float32) + (start == 1.0))


def all_logits() -> dict[str, list]:
    """Logits in inference and in training mode, of a known layer in each network."""
    space = open_space("norm_act_layer", {"groups": 8})
    rows = np.random.default_rng(1).random((4, *SHAPE), dtype=np.float32)
    found = {}
    for name, variant in zip(LAYERS, space.variants(), strict=True):
        model = space.build(space.known[name], variant, SHAPE, CLASSES)
        fixed_weights(model)
        for training in (False, True):
            logits = keras.ops.convert_to_numpy(model(rows, training=training))
            found[f"{name} {variant.name} {training}"] = np.asarray(logits).tolist()
    return found


if __name__ == "__main__":
    json.dump({"backend": keras.backend.backend(), "logits": all_logits()}, sys.stdout)
