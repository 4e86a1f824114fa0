"""What a search delivers below `model/`: weights and spec, a Keras model, the found part alone, test predictions."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from components.ensemble_assembly.quality import Assembly
from components.objectives.uncertainty import uncertainty
from components.records.layout import MODEL_PROBABILITIES
from components.records.store import Store, open_search
from components.rounds.context import SearchContext
from components.search_spaces.registry import open_space
from components.search_spaces.space import SearchSpace, Spec

if TYPE_CHECKING:
    import keras

DESCRIPTION = "model/ensemble.json"
KERAS_FILE = "model/ensemble.keras"
PREDICTIONS = "model/test-predictions.csv"


def deliver(store: Store, assembly: Assembly) -> None:
    """Writes the ensemble: description and weights, from which our code rebuilds it, and a `.keras` file.

    Beside it the parts of the design that fit into anyone's model, such as `model/layer.json`: what
    `keras.saving.deserialize_keras_object` makes an untrained one of.
    """
    from components.training.checkpoint import without_slots
    from components.training.runtime import prepare_tensorflow

    prepare_tensorflow()
    context = SearchContext(store, "ensemble")
    manifest = context.manifest
    files = []
    for number, member in enumerate(assembly.members, 1):
        files.append(f"model/member-{number}.safetensors")
        about = {"candidate": member.candidate.id, "spec": member.candidate.spec}
        store.create(files[-1], without_slots(store.read(member.weights) or b"", about))
    candidate = assembly.members[0].candidate
    description = {
        "space": {"name": context.search.space.name, "settings": context.task.space_settings},
        "spec": candidate.spec,
        "variants": [_variant(member.candidate) for member in assembly.members],
        "input_shape": manifest.input_shape,
        "classes": manifest.classes,
        "members": files,
    }
    store.create(DESCRIPTION, json.dumps(description, indent=1).encode())
    store.create(MODEL_PROBABILITIES, _npy(assembly.test_probabilities))
    store.create(PREDICTIONS, _predictions(assembly, manifest.classes))
    store.create(KERAS_FILE, _keras_file(load_ensemble(store.uri)))
    for name, part in load_parts(store.uri).items():
        store.create(f"model/{name}.json", json.dumps(_serialized(part), indent=1).encode())


def load_ensemble(search: str) -> "keras.Model":
    """Rebuilds a finished search's ensemble from its spec and weights.

    Args:
        search: URI of the search directory.

    Returns:
        A Keras model from rows `[batch, *input_shape]` to the mean class probabilities `[batch, classes]`.

    Raises:
        FileNotFoundError: where the search has no ensemble (yet).
    """
    import keras
    import msgspec

    from components.records.results import Variant
    from components.training.checkpoint import load_weights

    store = open_search(search)
    about, space, spec = _described(store)
    inputs = keras.Input(about["input_shape"])
    outputs = []
    for variant, file in zip(about["variants"], about["members"], strict=True):
        member = space.build(spec, msgspec.convert(variant, Variant), about["input_shape"], len(about["classes"]))
        load_weights(member, store.read(file) or b"")
        outputs.append(keras.layers.Softmax()(member(inputs)))
    return keras.Model(inputs, keras.layers.average(outputs) if len(outputs) > 1 else outputs[0])


def load_parts(search: str) -> Mapping[str, Any]:
    """Returns what a finished search found that fits into anyone's model, new and untrained.

    Args:
        search: URI of the search directory.

    Returns:
        Keras objects by name; `layer` where a normalization-activation layer was searched.

    Raises:
        FileNotFoundError: where the search has no ensemble (yet).
    """
    _, space, spec = _described(open_search(search))
    return space.parts(spec)


def _described(store: Store) -> tuple[dict[str, Any], SearchSpace, Spec]:
    """The delivered description, its space and its design."""
    data = store.read(DESCRIPTION)
    if data is None:
        raise FileNotFoundError(f"`search` must be a finished search with an ensemble. Received: search={store.uri!r}.")
    about = json.loads(data)
    space = open_space(about["space"]["name"], about["space"]["settings"])
    return about, space, space.from_json(about["spec"])


def _serialized(part: Any) -> dict[str, Any]:
    """A Keras object as JSON data, without what belongs to the model that it will stand in."""
    import keras

    data = keras.saving.serialize_keras_object(part)
    config = {name: value for name, value in data["config"].items() if name not in ("name", "trainable", "dtype")}
    return {**data, "config": config}


def _variant(candidate) -> dict:  # type: ignore[no-untyped-def]
    import msgspec

    return msgspec.to_builtins(candidate.variants[0])


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()


def _predictions(assembly: Assembly, classes: tuple[str, ...]) -> bytes:
    """One line a test row: what the ensemble says, and how sure it is (entropies in nats)."""
    unsure = uncertainty(assembly.test_probabilities)
    mean = assembly.test_probabilities.mean(axis=0)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["row", "label", "predicted", "probability", "entropy", "mutual_information"])
    for row, label in enumerate(assembly.test_labels):
        chosen = int(mean[row].argmax())
        numbers = (mean[row, chosen], unsure.predictive[row], unsure.mutual_information[row])
        table.writerow([row, classes[label], classes[chosen], *(f"{number:.6f}" for number in numbers)])
    return text.getvalue().encode()


def _keras_file(model: "keras.Model") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ensemble.keras")
        model.save(path)
        with open(path, "rb") as file:
            return file.read()
