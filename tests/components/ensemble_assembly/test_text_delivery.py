"""A whole search on texts, to the delivered model that takes new ones."""

import csv
import json

import numpy as np
import pytest

from components.data_split.vocabulary import load_vocabulary, vectorize
from components.ensemble_assembly.delivery import load_ensemble, load_parts
from tests.small_search import SmallSearch, description


def write_reviews(path):
    """300 texts of six words, one of which says the class."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["said", "verdict"])
        for row in range(300):
            words = [f"word{number}" for number in rng.integers(30, size=6)]
            words[rng.integers(6)] = ("great", "awful")[row % 2]
            table.writerow([" ".join(words), ("good", "bad")[row % 2]])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The directory of a search for an update rule in the text network; Adam is trained beside what is found."""
    folder = tmp_path_factory.mktemp("texts")
    write_reviews(folder / "reviews.csv")
    text = description(
        data={
            "source": f"csv:{folder / 'reviews.csv'}",
            "label": "verdict",
            "text": {"column": "said", "vocabulary": 20, "length": 8},
        },
        space={"name": "update_rule", "settings": {"networks": ["text_rnn"], "learning_rates": [0.01, 0.1]}},
        controller={"name": "random", "settings": {}},
        rounds={"candidates_per_round": 3, "shards_per_round": 1},
        budget={"candidates": 6},
        seed=1,
        seed_known=True,  # the first round is SGD, momentum and RMSProp, which reaches 1.0 in 50 steps
        final_scaling={"rerank": 1, "baselines": ["Adam"], "widths": [1.0], "depths": [1.0]},
        ensemble={"initialisations": 2, "members": 1},
    )
    return SmallSearch(folder, text).at["finished"]


def test_the_delivered_model_reads_new_texts_as_the_search_did(finished):
    """One word of each text tells the class, and the winner has seen some 100 of each."""
    vocabulary = load_vocabulary(str(finished))
    assert {"great", "awful"} < set(vocabulary.words), "the two most frequent words"
    model = load_ensemble(str(finished))
    said = ["word3 was GREAT, word5!", "an awful word1"]
    probabilities = np.array(model(vectorize(said, vocabulary)))
    assert json.loads((finished / "model" / "ensemble.json").read_text())["classes"] == ["bad", "good"]
    assert probabilities.argmax(axis=1).tolist() == [1, 0]
    assert probabilities.max(axis=1).min() > 0.8


def test_the_report_says_what_a_row_is(finished):
    """12 tokens of 20 words would be other numbers: a row has 8 words, and 20 are known."""
    manifest = json.loads((finished / "data" / "manifest.json").read_text())
    assert (manifest["input_shape"], manifest["vocabulary"]) == ([8], 22)
    assert "8 words, of 20 that are known" in (finished / "report.html").read_text()


def test_the_delivered_optimizer_has_the_rate_that_the_winner_was_trained_at(finished):
    """Two rates were tried, and neither is the default of an optimizer that says nothing of one."""
    rate = json.loads((finished / "summary.json").read_text())["winner"]["learning_rate"]
    variant = json.loads((finished / "model" / "ensemble.json").read_text())["variants"][0]
    assert rate in (0.01, 0.1) and variant["learning_rate"] == rate
    config = json.loads((finished / "model" / "optimizer.json").read_text())["config"]
    assert config["learning_rate"] == pytest.approx(rate) and config["seed"] == 0
    assert float(load_parts(str(finished))["optimizer"].learning_rate) == pytest.approx(rate)
    assert f"<dt>learning rate</dt><dd>{rate:g}</dd>" in (finished / "report.html").read_text()
