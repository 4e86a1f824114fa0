"""What a search delivers: our own way back to the model, and a `.keras` file for others, say the same."""

import csv
import json

import numpy as np
import pytest
from safetensors.numpy import load

from components.ensemble_assembly.delivery import DESCRIPTION, KERAS_FILE, PREDICTIONS, load_ensemble
from components.records.layout import MANIFEST, MODEL_PROBABILITIES, SUMMARY
from components.records.results import DataManifest
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


def test_the_keras_file_loads_and_predicts_the_same(finished, stored):
    import keras

    from components.search_spaces.norm_act_layer.build import NormActLayer

    model = keras.saving.load_model(finished.local_path(KERAS_FILE), custom_objects={"NormActLayer": NormActLayer})
    x, _ = read_part(finished, "test")
    np.testing.assert_allclose(model.predict(x, verbose=0), stored.mean(axis=0), atol=1e-5)


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
