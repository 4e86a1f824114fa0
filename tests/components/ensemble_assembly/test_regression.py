"""A search on a table with a number to predict, through all stages: everything people see is in the label's unit."""

import csv
import json
import re

import keras
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from components.data_split.encoding import load_encoding
from components.ensemble_assembly.delivery import DESCRIPTION, PREDICTIONS, load_ensemble
from components.records.layout import (
    MANIFEST,
    MODEL_VALUES,
    REPORT,
    ROUND_OF_KIND,
    SUMMARY,
    committed_rounds,
    plan_path,
    require_scores,
)
from components.records.manifest import DataManifest
from components.records.results import Plan, TrainingRecord, Verdict
from components.records.rows import read_part
from components.records.store import open_search, read_record, require_record
from components.records.summary import Summary
from tests.small_search import SmallSearch, description

ROWS = 400


def write_houses(path):
    """Prices of 30,000 to 500,000, four fifths of whose variance the columns explain; some values are missing."""
    rng = np.random.default_rng(8)
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["area", "town", "sold", "rooms", "price"])
        for row in range(ROWS):
            area, town, rooms = rng.uniform(40, 200), rng.choice(["north", "south", "west"]), int(rng.integers(1, 7))
            price = 1500 * area + 20_000 * rooms + 60_000 * (town == "south") + rng.normal(0, 40_000)
            known = "" if row % 11 == 0 else rooms
            table.writerow([f"{area:.6f}", town, f"2025-{row % 12 + 1:02d}-03", known, f"{price:.2f}"])


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """The table's path and the finished search's store."""
    folder = tmp_path_factory.mktemp("houses")
    write_houses(folder / "houses.csv")
    text = description(
        data={"source": f"csv:{folder / 'houses.csv'}", "label": "price", "task": "regression"},
        space={
            "name": "update_rule",
            "settings": {"networks": ["mlp"], "width": 0.25, "learning_rates": [0.01, 0.1]},
        },
        controller={"name": "random", "settings": {}},
        seed_known=True,  # so that some candidates surely learn
        training={"probe_steps": 30, "full_steps": 60, "batch_size": 32},
        rejection={"quality_threshold": 0.3},
        scoring={"latency_weight": 0.0},
        final_scaling={"baselines": ["SGD", "Adam"], "widths": [0.25], "depths": [1.0], "winner_steps": 120},
    )
    with pytest.warns(UserWarning, match="the column 'sold' is left out: dates are no inputs"):
        search = SmallSearch(folder, text)
    return folder / "houses.csv", open_search(str(search.at["finished"]))


@pytest.fixture(scope="module")
def raw(houses):
    """The file's rows as dictionaries, by the bytes of their encoded inputs, no two of which are equal."""
    path, store = houses
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = load_encoding(f"{store.uri}/model").encode(path)
    found = {x.tobytes(): row for x, row in zip(inputs, rows, strict=True)}
    assert len(found) == ROWS
    return found


def test_the_delivered_model_predicts_prices_from_raw_rows(houses, raw):
    """Rows go the way of a user: columns, the delivered encoding, the delivered `.keras` file."""
    _, store = houses
    stored, _ = read_part(store, "test")
    rows = [raw[x.tobytes()] for x in stored]
    columns = {
        "area": [float(row["area"]) for row in rows],
        "town": [row["town"] for row in rows],
        "rooms": [int(row["rooms"]) if row["rooms"] else None for row in rows],
    }
    inputs = load_encoding(f"{store.uri}/model").encode(columns)
    prices = np.array([float(row["price"]) for row in rows])
    predicted = keras.saving.load_model(store.local_path("model/ensemble.keras")).predict(inputs, verbose=0)
    assert predicted.shape == (len(prices), 1)
    test = require_record(store, SUMMARY, Summary).ensemble.test
    # Float32 weights and outputs: prices are right to about 1e-6 of their size.
    assert test.rmse == pytest.approx(root_mean_squared_error(prices, predicted[:, 0]), rel=1e-4)
    assert test.mae == pytest.approx(mean_absolute_error(prices, predicted[:, 0]), rel=1e-4)
    assert test.r_squared == pytest.approx(r2_score(prices, predicted[:, 0]), rel=1e-4)
    assert test.r_squared > 0.6, "the noise allows 0.83, and as many rows of noise alone would give 0"
    np.testing.assert_allclose(load_ensemble(store.uri).predict(inputs, verbose=0), predicted, rtol=1e-5)


def test_the_predictions_file_is_in_the_labels_unit(houses, raw):
    _, store = houses
    stored, _ = read_part(store, "test")
    rows = list(csv.DictReader(store.read(PREDICTIONS).decode().splitlines()))
    np.testing.assert_allclose(
        [float(row["label"]) for row in rows], [float(raw[x.tobytes()]["price"]) for x in stored], rtol=1e-6
    )
    values = np.load(store.local_path(MODEL_VALUES), allow_pickle=False)
    summary = require_record(store, SUMMARY, Summary)
    assert values.shape == (len(summary.members), len(stored))
    np.testing.assert_allclose([float(row["predicted"]) for row in rows], values.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose([float(row["disagreement"]) for row in rows], values.std(axis=0), rtol=1e-6)
    errors = np.mean([one.validation.rmse**2 for one in summary.members])
    np.testing.assert_allclose(
        [float(row["predictive_deviation"]) for row in rows], np.sqrt(errors + values.var(axis=0)), rtol=1e-6
    )


def test_the_summary_has_numbers_of_regression_alone_and_the_ensemble_is_no_worse_than_its_mean_member(houses):
    """Jensen: the squared error of a mean of predictions is at most the mean of their squared errors."""
    _, store = houses
    summary = require_record(store, SUMMARY, Summary)
    for one in (*summary.members, summary.single_best, summary.mean_member, summary.ensemble):
        for part in (one.validation, one.test):
            assert (part.accuracy, part.nll, part.ece, part.brier, part.auc) == (None,) * 5
            assert part.rmse >= part.mae > 0
    squares = np.mean([one.test.rmse**2 for one in summary.members])
    assert summary.ensemble.test.rmse**2 <= squares * (1 + 1e-9)
    assert summary.single_best.validation.rmse <= min(one.validation.rmse for one in summary.members)


def test_quality_is_r_squared_of_the_validation_rows_in_every_round(houses):
    """Of the winner it is recomputed, from its weights and the file's own prices."""
    _, store = houses
    manifest = require_record(store, MANIFEST, DataManifest)
    assert (manifest.task, manifest.outputs, manifest.left_out) == (
        "regression",
        1,
        {"sold": "dates are no inputs"},
    )
    scored = [one for path in committed_rounds(store) for one in require_scores(store, path).scored]
    assert any(one.quality is not None and one.quality > 0.5 for one in scored)
    assert all(0 <= one.quality <= 1 for one in scored if one.quality is not None)
    plan = require_record(store, plan_path(ROUND_OF_KIND["winner"]), Plan)
    (winner,) = plan.candidates
    record = require_record(store, f"{plan.round}/trials/{winner.id}/training.json", TrainingRecord)
    summary = require_record(store, SUMMARY, Summary)
    own = [one for one in (*summary.members, summary.single_best) if one.name == winner.id]
    for one in own:
        assert record.trials[0].accuracy == pytest.approx(one.validation.r_squared, rel=1e-5)
        assert record.trials[0].nll == pytest.approx(
            (one.validation.rmse / manifest.label_deviation) ** 2 / 2, rel=1e-5
        )


def test_no_word_of_the_records_or_the_report_calls_it_accuracy(houses):
    _, store = houses
    page = store.read(REPORT).decode()
    words = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert "ccuracy" not in words and "NLL" not in words
    for expected in ("Test RMSE of the ensemble", "validation R²", "R² against latency", "95 % interval holds", "sold"):
        assert expected in words, expected
    verdicts = [read_record(store, path, Verdict) for path in store.paths("rounds") if path.endswith("verdict.json")]
    details = [one.detail for one in verdicts if one.reason == "quality"]
    assert details and all(re.fullmatch(r"\S+: R² 0\.\d+ < 0\.3", detail) for detail in details), details


def test_the_description_says_the_task(houses):
    _, store = houses
    about, manifest = json.loads(store.read(DESCRIPTION)), require_record(store, MANIFEST, DataManifest)
    assert (about["task"], about["classes"]) == ("regression", [])
    assert (about["label_mean"], about["label_deviation"]) == (manifest.label_mean, manifest.label_deviation)
