"""Program: prints logits of known layers in networks, and of plain networks, with fixed weights, in KERAS_BACKEND."""

import json
import sys
from collections.abc import Iterator

import keras
import numpy as np

from components.records.results import Variant
from components.search_spaces.networks.build import build_network
from components.search_spaces.networks.table import network_ops
from components.search_spaces.registry import open_space

LAYERS = ("BN-ReLU", "EvoNorm-B0", "EvoNorm-S0")
SHAPE, CLASSES = (8, 8, 1), 10
VOCABULARY = 50
TOKENS = np.pad(np.random.default_rng(2).integers(1, VOCABULARY, (4, 9)), ((0, 0), (0, 3)))  # and three of padding
ROWS = {
    "image": np.random.default_rng(1).random((4, *SHAPE), dtype=np.float32),
    "table": np.random.default_rng(3).standard_normal((4, 13)).astype(np.float32),
    "text": TOKENS.astype(np.float32),
}
PLAIN = {"convnet": "image", "mlp": "table", "text_rnn": "text"}


def fixed_weights(model: keras.Model) -> None:
    """Sets every variable to seeded numbers near its initial value."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        start = np.asarray(keras.ops.convert_to_numpy(variable))
        if start.dtype.kind == "f":
            variable.assign(0.1 * rng.standard_normal(start.shape).astype(np.float32) + (start == 1.0))


def models() -> Iterator[tuple[str, keras.Model, np.ndarray]]:
    """Name, model and rows: a known layer in each network, and each network without a layer, of depth 2."""
    space = open_space("norm_act_layer", {"groups": 8})
    for name, variant in zip(LAYERS, space.variants(), strict=True):
        yield f"{name} {variant.name}", space.build(space.known[name], variant, SHAPE, CLASSES), ROWS["image"]
    for network, kind in PLAIN.items():
        vocabulary = VOCABULARY if kind == "text" else None
        variant = Variant(name=network, network=network, depth=2.0, vocabulary=vocabulary)
        yield network, build_network(network_ops(variant, ROWS[kind].shape[1:], CLASSES)), ROWS[kind]


def all_logits() -> dict[str, list]:
    """Logits in inference and in training mode."""
    found = {}
    for name, model, rows in models():
        fixed_weights(model)
        for training in (False, True):
            logits = keras.ops.convert_to_numpy(model(rows, training=training))
            found[f"{name} {training}"] = np.asarray(logits).tolist()
    return found


if __name__ == "__main__":
    json.dump({"backend": keras.backend.backend(), "logits": all_logits()}, sys.stdout)
