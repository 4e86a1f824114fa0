"""A trial's weights as safetensors bytes: plain arrays in the model's order; nothing in them is ever executed.

A model is rebuilt from its spec by our own code and then filled, so the arrays carry positions and not layer names,
which depend on what else the process has built.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

if TYPE_CHECKING:
    import keras

VARIABLE, SLOT = "variable", "slot"
METADATA = "archloom"  # one key: the file format does not keep the order of several


class DamagedWeights(ValueError):
    """Bytes that should hold weights are damaged or belong to another model."""


def save_weights(
    model: "keras.Model",
    slots: Sequence[Any] = (),
    metadata: Mapping[str, Any] | None = None,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """Returns a model's variables (weights, moving averages, seeds) and the optimizer's slots as safetensors bytes.

    Args:
        model: a built model, or whatever has `variables`.
        slots: variables of the optimizer, such as momenta.
        metadata: JSON data for people and for later programs: spec, variant, step.
        beside: safetensors bytes of others, whose arrays are taken in, by what their names then begin with.
    """
    arrays = _named(VARIABLE, model.variables) | _named(SLOT, slots)
    arrays |= {start + name: array for start, data in beside.items() for name, array in _arrays(data).items()}
    return save(arrays, {METADATA: json.dumps(metadata or {}, sort_keys=True)})


def read_beside(data: bytes, start: str) -> bytes | None:
    """Returns the arrays that `save_weights` took in under a name, as safetensors bytes; None where there are none."""
    arrays = {name.removeprefix(start): array for name, array in _arrays(data).items() if name.startswith(start)}
    return save(arrays) if arrays else None


def load_weights(model: "keras.Model", data: bytes, slots: Sequence[Any] = ()) -> None:
    """Fills a model's variables, and the slots where there are any, from bytes of `save_weights`.

    Raises:
        DamagedWeights: where the bytes are damaged or of another model.
    """
    arrays = _arrays(data)
    _fill(arrays, VARIABLE, model.variables)
    if slots:
        _fill(arrays, SLOT, slots)


def without_slots(data: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Returns a checkpoint's variables alone, with other metadata: what is kept once training is over."""
    kept = {name: array for name, array in _arrays(data).items() if name.startswith(VARIABLE)}
    return save(kept, {METADATA: json.dumps(metadata, sort_keys=True)})


def read_metadata(data: bytes) -> dict[str, Any]:
    """Returns the metadata of bytes of `save_weights`."""
    _arrays(data)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"][METADATA])


def _named(kind: str, variables: Sequence[Any]) -> dict[str, np.ndarray]:
    return {f"{kind}/{index:04d}": np.asarray(variable) for index, variable in enumerate(variables)}


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    try:
        return load(data)
    except SafetensorError as error:
        raise DamagedWeights(f"`weights` must be safetensors bytes: {error}") from error


def _fill(arrays: dict[str, np.ndarray], kind: str, variables: Sequence[Any]) -> None:
    stored = [arrays[name] for name in sorted(arrays) if name.startswith(kind)]
    expected, received = [tuple(v.shape) for v in variables], [array.shape for array in stored]
    if expected != received:
        raise DamagedWeights(f"`weights` must hold the model's {kind}s, shaped {expected}. Received: {received}.")
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)
