"""A whole search with a target of its own: the search rounds see the one task, all that follows the other."""

import csv
import io
import shutil
import zlib

import msgspec
import numpy as np
import pytest
from PIL import Image

from components.candidate_training.stage import train_in_child
from components.ensemble_assembly.delivery import load_ensemble
from components.ensemble_assembly.pool import ensemble_pool
from components.ensemble_assembly.stage import assemble
from components.hardware_benchmarking.stage import profile_in_child
from components.records.layout import ROUND_OF_KIND, SUMMARY, manifest_path, plan_path, scores_path, trial_path
from components.records.manifest import DataManifest
from components.records.results import Plan, Profile, Scores, TrainingRecord
from components.records.rows import read_part
from components.records.store import open_search, require_record
from components.records.summary import Summary
from components.report.gather import gather
from components.report.page import render
from components.search_spaces.registry import open_space
from tests.small_search import SmallSearch, description

SEARCH_ROUNDS = ("rounds/00001", "rounds/00002")
SHAPE, CLASSES = (12, 12, 3), ("across", "down", "flat")
SETTINGS = {"networks": ["efficientnet", "preact_resnet"], "width": {"efficientnet": 0.5, "preact_resnet": 0.75}}


def pictures(folder):
    """40 coloured 14x14 pictures of each class: stripes across, stripes down, and none; noise of its own in each."""
    for place, name in enumerate(CLASSES):
        for number in range(40):
            rng = np.random.default_rng(zlib.crc32(f"{name} {number}".encode()))
            stripes = 80 * (np.indices((14, 14))[place] % 4 < 2) if place < 2 else np.full((14, 14), 40)
            shade = stripes[..., None] * rng.uniform(0.5, 1, 3) + rng.uniform(0, 60, (14, 14, 3))
            file = folder / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(shade.astype(np.uint8)).save(file)
    return folder


@pytest.fixture(scope="module")
def targeted(tmp_path_factory):
    """The small search with a target, run to its end."""
    folder = tmp_path_factory.mktemp("target")
    target = {
        "data": {"source": f"images:{pictures(folder / 'stripes')}", "image_size": list(SHAPE[:2]), "test": 0.25},
        "space_settings": {**SETTINGS, "groups": 2},
        "training": {"batch_size": 16, "learning_rate": 0.05, "shift_pixels": 1},
    }
    scaling = {"target": target, "widths": [0.5], "depths": [0.5, 1.0], "rerank_steps": 20, "grid_steps": 20}
    return SmallSearch(folder / "run", description(final_scaling={**scaling, "winner_steps": 40}))


@pytest.fixture
def finished(targeted):
    return open_search(str(targeted.at["finished"]))


def plan_of(store, part):
    return require_record(store, plan_path(ROUND_OF_KIND[part]), Plan)


def test_search_rounds_read_the_searches_rows_and_finishing_rounds_the_targets(targeted):
    after_split = next(at for at, (stage, _) in enumerate(targeted.reads) if stage == "candidate_generation")
    finishing = next(at for at, (stage, _) in enumerate(targeted.reads) if stage == "final_scaling")
    searching = {path for _, path in targeted.reads[after_split:finishing]}
    rows = {path for _, path in targeted.reads[finishing:] if path.endswith(".npy") and "model/" not in path}
    assert {"data/train-x.npy", "data/validation-x.npy"} <= searching
    assert not [path for path in searching if path.startswith("target/")]
    assert rows == {f"target/{part}-{array}.npy" for part in ("train", "validation", "test") for array in "xy"}
    assert not [path for path in searching if "test" in path]


def test_only_the_assembly_reads_the_targets_test_rows_and_after_its_selection(targeted):
    after_split = [read for read in targeted.reads if read[0] != "data_split"]
    assert {stage for stage, path in after_split if "test-x" in path} == {"ensemble_assembly"}
    paths = [path for stage, path in targeted.reads if stage == "ensemble_assembly"]
    assert paths.index("target/validation-x.npy") < paths.index("target/test-x.npy")


def test_the_search_rounds_are_those_of_the_search_without_a_target(targeted, small_search):
    stores = [open_search(str(one.at["finished"])) for one in (targeted, small_search)]
    for path in SEARCH_ROUNDS:
        plans = [require_record(store, plan_path(path), Plan) for store in stores]
        assert plans[0].candidates == plans[1].candidates
        scores = [require_record(store, scores_path(path), Scores) for store in stores]
        assert scores[0].scored == scores[1].scored and scores[0].best == scores[1].best


def test_the_best_few_and_the_baselines_are_ranked_in_the_targets_networks(finished):
    plan = plan_of(finished, "rerank")
    assert [one.role for one in plan.candidates].count("baseline") == 1
    space = open_space("norm_act_layer", SETTINGS)
    for candidate in plan.candidates:
        assert [(one.network, one.width, one.depth) for one in candidate.variants] == [
            ("efficientnet", 0.5, 0.5),
            ("preact_resnet", 0.75, 0.5),
        ]
        encoded = space.encode(space.from_json(candidate.spec))[None]
        for variant in candidate.variants:
            costs = space.costs(encoded, variant, SHAPE, len(CLASSES))
            assert candidate.costs[variant.name] == {name: values[0] for name, values in costs.items()}


def test_models_are_built_for_the_targets_rows_and_timed_there(finished):
    """Trainable parameters and multiply-adds are those of 12x12x3 pictures and 3 classes, as predicted."""
    for part in ("rerank", "grid", "winner"):
        for candidate in plan_of(finished, part).candidates:
            folder = trial_path(ROUND_OF_KIND[part], candidate.id)
            trained = require_record(finished, f"{folder}/training.json", TrainingRecord)
            for trial in trained.trials:
                assert trial.parameters == candidate.costs[trial.variant]["parameters"]
            profile = require_record(finished, f"{folder}/profile-tpu-v5e.json", Profile)
            for one in profile.variants:
                assert one.flops == 2 * 64 * candidate.costs[one.variant]["multiply_adds"]


def test_the_first_of_the_targets_networks_is_scaled(finished):
    variants = [one.variants[0] for one in plan_of(finished, "grid").candidates]
    assert [(one.network, one.width, one.depth) for one in variants] == [
        ("efficientnet", 0.5, 0.5),
        ("efficientnet", 0.5, 1.0),
    ]


def test_the_delivered_model_tells_the_targets_classes(finished):
    """What it says of the target's test rows is what the files and the summary say."""
    model = load_ensemble(finished.uri)
    assert (model.input_shape[1:], model.output_shape[1:]) == (SHAPE, (len(CLASSES),))
    x, y = read_part(finished, "test", folder="target")
    predicted = np.asarray(model.predict(x, verbose=0))
    table = list(csv.DictReader(io.StringIO(finished.read("model/test-predictions.csv").decode())))
    assert [row["label"] for row in table] == [CLASSES[label] for label in y]
    assert [row["predicted"] for row in table] == [CLASSES[label] for label in predicted.argmax(axis=1)]
    summary = require_record(finished, SUMMARY, Summary)
    assert summary.ensemble.test.accuracy == pytest.approx((predicted.argmax(axis=1) == y).mean())
    assert summary.target == require_record(finished, manifest_path("target"), DataManifest).source
    assert len(y) == 30  # a quarter of 120


def test_the_layer_that_is_delivered_has_the_targets_settings(finished):
    layer = msgspec.json.decode(finished.read("model/layer.json"))
    assert layer["config"]["groups"] == 2  # 4 in the search


def test_the_training_is_the_targets(finished, tmp_path):
    """Trained again by the same call with the target's numbers written out, the winner has the same loss."""
    from components.records.search import Training
    from components.rounds.variants import variant_seed
    from components.training.feed import Feed
    from components.training.plain import run_trial
    from components.training.recipe import Recipe

    (candidate,) = plan_of(finished, "winner").candidates
    variant, space = candidate.variants[0], open_space("norm_act_layer", {**SETTINGS, "groups": 2})
    feed = Feed(
        *read_part(finished, "train", folder="target"), *read_part(finished, "validation", folder="target"), 512
    )
    training = Training(probe_steps=30, full_steps=50, batch_size=16, learning_rate=0.05, shift_pixels=1)
    recipe = Recipe(
        lambda: space.build(space.from_json(candidate.spec), variant, SHAPE, len(CLASSES)),
        feed,
        training,
        seed=variant_seed(14, ROUND_OF_KIND["winner"], candidate, variant),
        total_steps=40,
    )
    result, _ = run_trial(recipe, variant=variant.name)
    folder = trial_path(ROUND_OF_KIND["winner"], candidate.id)
    (recorded,) = require_record(finished, f"{folder}/training.json", TrainingRecord).trials
    assert (result.loss, result.accuracy, result.nll) == (recorded.loss, recorded.accuracy, recorded.nll)


def test_a_child_process_trains_and_times_on_the_target_too(targeted, tmp_path):
    """What a step does in a process of its own once a candidate has killed it."""
    store = open_search(str(shutil.copytree(targeted.at["scaled"], tmp_path / "search")))
    candidate, path = plan_of(store, "rerank").candidates[0], ROUND_OF_KIND["rerank"]
    folder = trial_path(path, candidate.id)
    known = require_record(store, f"{folder}/training.json", TrainingRecord)
    for name in [one for one in store.paths(folder) if one.endswith(".safetensors")]:
        store.delete(name)
    again = train_in_child(store, path, candidate.id, "full")
    assert [(one.variant, one.loss, one.nll) for one in again.trials] == [
        (one.variant, one.loss, one.nll) for one in known.trials
    ]
    profile = require_record(store, f"{folder}/profile-tpu-v5e.json", Profile)
    assert profile_in_child(store, path, candidate.id).variants == profile.variants


def test_the_report_shows_both_data_and_no_baseline_among_the_candidates(finished):
    contents = gather(finished)
    assert (contents.data.source, contents.target.classes) == ("sklearn:digits", CLASSES)
    assert {tried.scored.role for tried in contents.candidates} == {"searched"}
    assert [row.name for row in contents.comparison.rows if row.role == "baseline"] == ["BN-ReLU"]
    assert {row.true for row in contents.uncertainty.rows} <= set(CLASSES)
    page = str(render(contents))
    assert "Of the search rounds" in page and "Of the target" in page and contents.target.source in page
    assert "The baselines were trained on the target" in page


def test_where_time_left_no_grid_the_best_of_the_reranking_is_assembled(targeted, tmp_path):
    """Not the search's own best, which has never seen the target's rows."""
    store = open_search(str(shutil.copytree(targeted.at["trained"], tmp_path / "search")))
    for part in ("grid", "winner", "ensemble"):
        for path in store.paths(f"{ROUND_OF_KIND[part]}/trials"):
            store.delete(path)
    best = require_record(store, scores_path(ROUND_OF_KIND["rerank"]), Scores).best[0]
    (only,) = ensemble_pool(store)
    assert (only.candidate.id, [one.network for one in only.candidate.variants]) == (best.id, ["efficientnet"])
    summary = assemble(store)
    assert (summary.outcome, summary.winner.network, len(summary.members)) == ("finished", "efficientnet", 1)


def test_where_nothing_was_trained_on_the_target_the_summary_says_so(targeted, tmp_path):
    store = open_search(str(shutil.copytree(targeted.at["trained"], tmp_path / "search")))
    for path in [*store.paths("scaling"), *store.paths("ensemble")]:
        if path.endswith(".safetensors"):
            store.delete(path)
    summary = assemble(store)
    assert (summary.outcome, summary.members) == ("nothing_survived", ())
    assert summary.why == "8 candidates were tried; no design was trained on the target in time, or all failed there"
    assert [line.partition(":")[0] for line in gather(store).advice] == [
        "Give the finishing rounds more time",
        "Try another rate on the target",
    ]
