"""What a search delivers: our own way back to the model, and a `.keras` file for others, say the same."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load

from components.ensemble_assembly.delivery import DESCRIPTION, PREDICTIONS, load_ensemble, load_parts
from components.records.layout import MANIFEST, MODEL_PROBABILITIES, SUMMARY
from components.records.manifest import DataManifest
from components.records.rows import read_part
from components.records.store import open_search, require_record
from components.records.summary import Summary
from components.search_spaces.registry import open_space


@pytest.fixture(scope="module")
def finished(small_search):
    return open_search(str(small_search.at["finished"]))


@pytest.fixture(scope="module")
def stored(finished):
    """Test probabilities of each member, `[members, rows, classes]`."""
    return np.load(finished.local_path(MODEL_PROBABILITIES), allow_pickle=False)


def test_the_rebuilt_ensemble_predicts_what_the_search_did(finished, stored):
    x, _ = read_part(finished, "test")
    probabilities = load_ensemble(finished.uri).predict(x, verbose=0)
    np.testing.assert_allclose(probabilities, stored.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


LOADING = """
import json

import keras
import numpy as np

import components.search_spaces.norm_act_layer.build

with open("layer.json") as file:
    data = json.load(file)
layers = [keras.saving.deserialize_keras_object(data) for _ in range(2)]
model = keras.Sequential([keras.Input((None, None, 3)), *layers, keras.layers.GlobalAveragePooling2D()])
print(keras.backend.backend(), layers[0].formula, model(np.ones((2, 5, 4, 3))).shape, flush=True)
rows = np.load("rows.npy")
np.save("out.npy", keras.saving.load_model("ensemble.keras").predict(rows, verbose=0))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_others_load_the_files_in_a_process_of_their_own(finished, stored, tmp_path, backend):
    """One import beside Keras, no search directory, either backend."""
    x, _ = read_part(finished, "test")
    np.save(tmp_path / "rows.npy", x)
    for file in ("model/ensemble.keras", "model/layer.json"):
        (tmp_path / file.removeprefix("model/")).write_bytes(finished.read(file))
    environment = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"PYTHONPATH": os.getcwd()}
    process = subprocess.run(
        [sys.executable, "-c", LOADING],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    formula = require_record(finished, SUMMARY, Summary).winner.formula
    assert process.stdout.strip() == f"{backend} {formula} (2, 3)"
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), stored.mean(axis=0), atol=1e-5)


def test_the_found_layer_is_new_each_time_and_takes_the_models_precision(finished):
    import keras

    one, other = (load_parts(finished.uri)["layer"] for _ in range(2))
    assert one is not other and not one.built
    model = keras.Sequential([keras.Input((4, 4, 3)), one, other])
    assert model.output_shape == (None, 4, 4, 3)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        data = json.loads(finished.read("model/layer.json"))
        layer = keras.saving.deserialize_keras_object(data)
    finally:
        keras.config.set_dtype_policy("float32")
    assert (layer.compute_dtype, layer.spec) == ("bfloat16", one.spec)
    assert {"nodes", "groups", "decay"} == set(data["config"])


def test_the_description_names_the_design_and_its_members(finished):
    about = json.loads(finished.read(DESCRIPTION))
    summary = require_record(finished, SUMMARY, Summary)
    manifest = require_record(finished, MANIFEST, DataManifest)
    space = open_space(about["space"]["name"], about["space"]["settings"])
    assert space.canonical(space.from_json(about["spec"])) == summary.winner.id
    assert about["classes"] == list(manifest.classes) and about["input_shape"] == list(manifest.input_shape)
    assert about["members"] == ["model/member-1.safetensors", "model/member-2.safetensors"]
    assert len(about["variants"]) == len(summary.members) == 2


def test_the_members_have_weights_and_no_optimizer_state(finished):
    """Trainable values by the summary's count; momenta would double them."""
    summary = require_record(finished, SUMMARY, Summary)
    for file in ("model/member-1.safetensors", "model/member-2.safetensors"):
        arrays = load(finished.read(file))
        assert all(name.startswith("variable/") for name in arrays)
        assert summary.winner.parameters <= sum(array.size for array in arrays.values()) < 2 * summary.winner.parameters


def test_the_predictions_file_says_what_the_probabilities_say(finished, stored):
    manifest = require_record(finished, MANIFEST, DataManifest)
    _, labels = read_part(finished, "test")
    rows = list(csv.DictReader(finished.read(PREDICTIONS).decode().splitlines()))
    mean = stored.astype(np.float64).mean(axis=0)
    assert [int(row["row"]) for row in rows] == list(range(len(labels)))
    assert [row["label"] for row in rows] == [manifest.classes[label] for label in labels]
    assert [row["predicted"] for row in rows] == [manifest.classes[one] for one in mean.argmax(axis=1)]
    np.testing.assert_allclose([float(row["probability"]) for row in rows], mean.max(axis=1), atol=2e-6)
    entropy = -(mean * np.log(mean)).sum(axis=1)
    np.testing.assert_allclose([float(row["entropy"]) for row in rows], entropy, atol=2e-5)
    within = -(stored * np.log(stored.astype(np.float64))).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose([float(row["mutual_information"]) for row in rows], entropy - within, atol=2e-5)
    right = np.mean([row["label"] == row["predicted"] for row in rows])
    assert right == pytest.approx(require_record(finished, SUMMARY, Summary).ensemble.test.accuracy)


def test_a_search_without_an_ensemble_has_none_to_load(small_search):
    with pytest.raises(FileNotFoundError, match=r"`search` must be a finished search with an ensemble. Received"):
        load_ensemble(str(small_search.at["searched"]))
    with pytest.raises(FileNotFoundError, match=r"`search` must be a finished search with an ensemble. Received"):
        load_parts(str(small_search.at["searched"]))
