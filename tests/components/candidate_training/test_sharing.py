"""Rounds of shared weights through the stages: what they keep, go on from, report and hand over."""

import json
from itertools import pairwise

import numpy as np
import pytest
from safetensors.numpy import load

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.ensemble_assembly.delivery import load_ensemble
from components.final_scaling.stage import propose_scaling
from components.multi_objective_scoring.stage import score_round
from components.records.layout import plan_path, round_of, scores_path, trial_path, weights_path
from components.records.results import Plan, Scores, TrainingRecord
from components.records.store import open_search, require_record
from components.records.summary import Summary
from components.rounds.sharing import SHARED
from tests.small_search import SmallSearch
from tests.small_sharing import LIMIT, sharing_description

ROUNDS = ("rounds/00001", "rounds/00002")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The search, run to its end."""
    return SmallSearch(tmp_path_factory.mktemp("sharing"), sharing_description())


def parameters(widths):
    """Of 13 numbers a row, through the layers, to 3 classes; biases counted."""
    sizes = [13, *widths, 3]
    return sum(before * after + after for before, after in pairwise(sizes))


def shared_bytes(store, round_path):
    return store.read(weights_path(round_path, SHARED, "full", "tabular_mlp"))


def run_rounds(store, text):
    """The search rounds alone, to the last one; returns their paths."""
    split_search_data(store, text)
    paths, another = [], True
    while another:
        (shard,) = propose_round(store)
        train_shard(store, shard, "probe")
        train_shard(store, shard, "full")
        paths.append(round_of(shard))
        another = score_round(store, paths[-1]).another_round
    return paths


def test_every_reported_design_is_within_the_limit_and_none_twice_in_a_round(small):
    store = open_search(str(small.at["searched"]))
    for path in ROUNDS:
        scored = require_record(store, scores_path(path), Scores).scored
        assert len(scored) == 4 and len({one.id for one in scored}) == 4
        assert all(parameters(one.spec) <= LIMIT and one.role == "searched" for one in scored)


def test_a_record_says_what_was_reported_and_what_the_controller_did(small):
    store = open_search(str(small.at["searched"]))
    record = require_record(store, f"{trial_path(ROUNDS[1], SHARED)}/training.json", TrainingRecord)
    logarithms = [child.log_probability for child in record.children]
    assert logarithms == sorted(logarithms, reverse=True) and max(logarithms) <= 0
    assert record.trials[0].parameters == parameters([32, 32]) and record.trials[0].steps == 80
    steps = record.controller_steps
    assert steps["learnt"] == 60, (
        "80 steps, the first quarter of which is warm-up; 13 of 36 designs are within the limit"
    )
    assert steps["infeasible"] > 0 == steps["unsampled"]


def test_with_one_draw_a_step_what_is_over_the_limit_is_a_step_that_teaches_nothing(tmp_path):
    text = sharing_description(training={"full_steps": 40, "weight_sharing": {"draws": 1}}, budget={"candidates": 4})
    store = open_search(str(tmp_path))
    (path,) = run_rounds(store, text)
    steps = require_record(store, f"{trial_path(path, SHARED)}/training.json", TrainingRecord).controller_steps
    assert sum(steps.values()) == 30 and 0 < steps["learnt"] < 30


def test_two_rounds_end_as_one_of_as_many_steps(small, tmp_path):
    """So nothing is lost between rounds: weights, Adam's slots and steps, the policy and its draws."""
    store = open_search(str(tmp_path))
    one = {"rounds": {"candidates_per_round": 8}, "training": {"full_steps": 80}}
    assert run_rounds(store, sharing_description(**one)) == list(ROUNDS[:1])
    whole = load(shared_bytes(store, ROUNDS[0]))
    halves = load(shared_bytes(open_search(str(small.at["searched"])), ROUNDS[1]))
    assert whole.keys() == halves.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(value, halves[name], err_msg=name)


def test_of_the_shared_weights_the_newest_round_keeps_its_own(small):
    store = open_search(str(small.at["searched"]))
    assert shared_bytes(store, ROUNDS[0]) is None and shared_bytes(store, ROUNDS[1]) is not None


def test_without_the_weights_of_the_round_before_a_step_fails_and_writes_nothing(small, tmp_path):
    store = open_search(str(tmp_path))
    for name in small.at["round 1"].rglob("*"):
        if name.is_file() and name.suffix != ".safetensors":
            store.create(str(name.relative_to(small.at["round 1"])), name.read_bytes())
    (shard,) = propose_round(store)
    with pytest.raises(FileNotFoundError, match="shared weights"):
        train_shard(store, shard, "full")
    assert not store.exists(f"{trial_path(ROUNDS[1], SHARED)}/training.json")


def test_the_most_probable_of_the_last_round_are_trained_alone(small):
    store = open_search(str(small.at["searched"]))
    scores = require_record(store, scores_path(ROUNDS[1]), Scores)
    assert [one.id for one in scores.best] == [one.id for one in scores.scored[:3]]
    propose_scaling(store, "rerank")
    plan = require_record(store, plan_path("scaling/00001"), Plan)
    assert [one.spec for one in plan.candidates] == [one.spec for one in scores.best]
    assert all(variant.network == "tabular_mlp" for one in plan.candidates for variant in one.variants)


def test_or_those_of_the_highest_reward(tmp_path):
    text = sharing_description(
        training={"full_steps": 20, "weight_sharing": {"choice": "reward"}}, budget={"candidates": 4}
    )
    store = open_search(str(tmp_path))
    (path,) = run_rounds(store, text)
    scores = require_record(store, scores_path(path), Scores)
    by_reward = sorted(scores.scored, key=lambda one: -(one.reward or 0))
    assert [one.reward for one in scores.best] == [one.reward for one in by_reward[:3]]


@pytest.mark.parametrize(("limit", "trained"), [(8_000, []), (9_000, ["Criteo-3"])])
def test_of_the_published_designs_those_over_a_limit_are_not_trained(tmp_path, limit, trained):
    """32-144-24 has 8,755 parameters here."""
    text = sharing_description(
        space={"name": "tabular_mlp", "settings": {"layers": 3, "widths": [24, 32, 144]}},
        training={"full_steps": 8},
        rejection={"size": {"parameters": limit}},
        budget={"candidates": 4},
        final_scaling={"baselines": None},
    )
    store = open_search(str(tmp_path))
    run_rounds(store, text)
    propose_scaling(store, "rerank")
    plan = require_record(store, plan_path("scaling/00001"), Plan)
    assert [one.change for one in plan.candidates if one.role == "baseline"] == trained


def test_where_the_limit_lets_in_fewer_than_a_round_reports_the_rounds_end_all_the_same(tmp_path):
    """Of these four designs 4-4, 4-8 and 8-4 have at most 163 parameters: three a round, of eight wanted in all."""
    settings = {"layers": 2, "widths": [4, 8]}
    text = sharing_description(
        space={"name": "tabular_mlp", "settings": settings},
        training={"full_steps": 8},
        rejection={"size": {"parameters": parameters([8, 4])}},
    )
    store = open_search(str(tmp_path))
    assert run_rounds(store, text) == list(ROUNDS)
    scores = require_record(store, scores_path(ROUNDS[1]), Scores)
    assert sorted(one.spec for one in scores.scored) == [[4, 4], [4, 8], [8, 4]]
    assert scores.why == "2 rounds of shared weights are done"


def test_what_a_killed_step_left_of_its_weights_gives_way_to_those_that_the_record_speaks_of(tmp_path):
    """Time had cut it off earlier, so its bytes are others."""
    store = open_search(str(tmp_path))
    split_search_data(store, sharing_description(training={"full_steps": 8}))
    (shard,) = propose_round(store)
    left = weights_path(round_of(shard), SHARED, "full", "tabular_mlp")
    store.create(left, b"of an earlier step")
    train_shard(store, shard, "full")
    assert "policy" in str(load(store.read(left)).keys())


def test_a_design_over_the_limit_on_the_targets_rows_is_not_trained_there(tmp_path):
    """The target has 30 numbers a row instead of 13."""
    text = sharing_description(
        training={"full_steps": 40},
        budget={"candidates": 4},
        final_scaling={"target": {"data": {"source": "sklearn:breast_cancer"}}},
    )
    store = open_search(str(tmp_path))
    run_rounds(store, text)
    found = require_record(store, scores_path(ROUNDS[0]), Scores).best
    propose_scaling(store, "rerank")
    plan = require_record(store, plan_path("scaling/00001"), Plan)

    def on_target(widths):
        sizes = [30, *widths, 1]  # one logit for two classes
        return sum(before * after + after for before, after in pairwise(sizes))

    assert [one.spec for one in plan.candidates] == [one.spec for one in found if on_target(one.spec) <= LIMIT]
    assert len(plan.candidates) < len(found)


def test_a_network_that_diverges_ends_the_search_with_its_reason(tmp_path):
    text = sharing_description(training={"optimizer": "sgd", "learning_rate": 1e9, "full_steps": 20})
    store = open_search(str(tmp_path))
    (path,) = run_rounds(store, text)
    scores = require_record(store, scores_path(path), Scores)
    assert scores.best == () and "could not be trained" in scores.why
    assert [one.reason for one in scores.scored] == ["non_finite"]


def test_the_whole_search_delivers_a_model_within_the_limit(small):
    folder = small.at["finished"]
    summary = require_record(open_search(str(folder)), "summary.json", Summary)
    assert summary.outcome == "finished" and summary.winner is not None
    assert summary.winner.parameters == parameters(summary.winner.spec) <= LIMIT
    assert summary.ensemble is not None
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert summary.winner.formula in page
    kept = json.loads((folder / "model" / "ensemble.json").read_text(encoding="utf-8"))
    rows = np.zeros((2, 13), np.float32)
    assert np.asarray(load_ensemble(str(folder))(rows)).shape == (2, len(kept["classes"]))


def test_the_report_says_what_taught_the_controller(small):
    page = (small.at["finished"] / "report.html").read_text(encoding="utf-8")
    store = open_search(str(small.at["searched"]))
    steps = require_record(store, f"{trial_path(ROUNDS[1], SHARED)}/training.json", TrainingRecord).controller_steps
    assert "taught the controller" in page and f">{steps['learnt']}<" in page and f">{steps['infeasible']}<" in page
