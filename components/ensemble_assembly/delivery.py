"""What a search delivers below `model/`: weights and spec, a Keras model, encoding, found part, test predictions."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from components.ensemble_assembly.quality import Assembly
from components.objectives.regression import spread
from components.objectives.uncertainty import uncertainty
from components.records.layout import ENCODING, MODEL_PROBABILITIES, MODEL_VALUES
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

    Beside it, of a table, how its columns become the model's inputs (`components.data_split.encoding.load_encoding`),
    and the parts of the design that fit into anyone's model, such as `model/layer.json`: what
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
        "task": manifest.task,
        "classes": manifest.classes,
        "label_mean": manifest.label_mean,
        "label_deviation": manifest.label_deviation,
        "members": files,
    }
    store.create(DESCRIPTION, json.dumps(description, indent=1).encode())
    if manifest.task == "classification":
        store.create(MODEL_PROBABILITIES, _npy(assembly.test_predictions.astype(np.float32)))
        store.create(PREDICTIONS, _class_predictions(assembly, manifest.classes))
    else:
        store.create(MODEL_VALUES, _npy(assembly.test_predictions))
        store.create(PREDICTIONS, _number_predictions(assembly))
    encoding = store.read(f"{context.task.folder}/{ENCODING}")
    if encoding is not None:
        store.create(f"model/{ENCODING}", encoding)
    store.create(KERAS_FILE, _keras_file(load_ensemble(store.uri)))
    for name, part in load_parts(store.uri).items():
        store.create(f"model/{name}.json", json.dumps(_serialized(part), indent=1).encode())


def load_ensemble(search: str) -> "keras.Model":
    """Rebuilds a finished search's ensemble from its spec and weights.

    Args:
        search: URI of the search directory.

    Returns:
        A Keras model from rows `[batch, *input_shape]` to the mean class probabilities `[batch, classes]`, or for
        regression to the mean prediction `[batch, 1]` in the label's unit.

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
    is_regression = about.get("task") == "regression"
    outputs = []
    for variant, file in zip(about["variants"], about["members"], strict=True):
        of = 1 if is_regression else len(about["classes"])
        member = space.build(spec, msgspec.convert(variant, Variant), about["input_shape"], of)
        load_weights(member, store.read(file) or b"")
        last = (
            keras.layers.Rescaling(about["label_deviation"], offset=about["label_mean"])
            if is_regression
            else keras.layers.Softmax()
        )
        outputs.append(last(member(inputs)))
    return keras.Model(inputs, keras.layers.average(outputs) if len(outputs) > 1 else outputs[0])


def load_parts(search: str) -> Mapping[str, Any]:
    """Returns what a finished search found that fits into anyone's model, new and untrained.

    An optimizer has the learning rate that the winner was trained with.

    Args:
        search: URI of the search directory.

    Returns:
        Keras objects by name; `layer` where a normalization-activation layer was searched.

    Raises:
        FileNotFoundError: where the search has no ensemble (yet).
    """
    about, space, spec = _described(open_search(search))
    parts = space.parts(spec)
    rate = about["variants"][0].get("learning_rate")
    if space.brings_optimizer and rate is not None:
        parts["optimizer"].learning_rate = rate
    return parts


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
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _number_predictions(assembly: Assembly) -> bytes:
    """One line a test row, in the label's unit: what the ensemble says, and how sure it is (standard deviations)."""
    errors = np.array([one.validation.rmse for one in assembly.member_qualities])
    unsure = spread(assembly.test_predictions, errors)
    columns = (assembly.test_labels, assembly.test_predictions.mean(axis=0), unsure.predictive, unsure.disagreement)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["row", "label", "predicted", "predictive_deviation", "disagreement"])
    for row, numbers in enumerate(zip(*columns, strict=True)):
        table.writerow([row, *(f"{number:.9g}" for number in numbers)])
    return text.getvalue().encode()


def _class_predictions(assembly: Assembly, classes: tuple[str, ...]) -> bytes:
    """One line a test row: what the ensemble says, and how sure it is (entropies in nats)."""
    unsure = uncertainty(assembly.test_predictions)
    mean = assembly.test_predictions.mean(axis=0)
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
