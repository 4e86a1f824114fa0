"""Final scaling: what each part proposes and chooses, computed by hand from the records."""

import msgspec
import numpy as np
import pytest

from components.final_scaling.proposals import chosen_point, grid_multipliers
from components.final_scaling.stage import propose_scaling, select_scaled
from components.records.layout import ROUND_OF_KIND, plan_path, scores_path, trial_path
from components.records.results import Plan, Profile, Scores, TrainingRecord
from components.records.search import Search
from components.records.store import open_search, read_record, require_record, write_record
from components.search_spaces.registry import open_space
from tests.round_records import profile_of, put_profile, put_training, trial
from tests.small_search import DESCRIPTION, description

LAST = "rounds/00002"
PARTS = ("rerank", "grid", "winner")


@pytest.fixture
def finished(small_search):
    return open_search(str(small_search.at["finished"]))


def plan_of(store, part):
    return require_record(store, plan_path(ROUND_OF_KIND[part]), Plan)


def scores_of(store, part):
    return require_record(store, scores_path(ROUND_OF_KIND[part]), Scores)


def found(store):
    return require_record(store, scores_path(LAST), Scores)


def reward_by_hand(store, part, candidate, target):
    """Mean accuracy times (geometric mean of the estimates / target)^-0.07."""
    folder = trial_path(ROUND_OF_KIND[part], candidate.id)
    trained = read_record(store, f"{folder}/training.json", TrainingRecord)
    profile = read_record(store, f"{folder}/profile-tpu-v5e.json", Profile)
    latency = np.prod([one.estimated_latency_ms for one in profile.variants]) ** (1 / len(profile.variants))
    return np.mean([one.accuracy for one in trained.trials]) * (latency / target) ** -0.07


def trained_by_hand(store, part, accuracies, latencies=None):
    """Gives each candidate of a planned part a training and a profile, in the plan's order; None is out of time."""
    plan = plan_of(store, part)
    for index, (candidate, accuracy) in enumerate(zip(plan.candidates, accuracies, strict=True)):
        status = {"status": "trained"} if accuracy is not None else {"status": "time_up", "steps": 0}
        names = [variant.name for variant in candidate.variants]
        put_training(store, plan, candidate, [trial(name, accuracy, **status) for name in names])
        if accuracy is not None:
            latency = latencies[index] if latencies else 1.0
            put_profile(store, plan, candidate, [profile_of(name, latency, measured=False) for name in names])
    return select_scaled(store, ROUND_OF_KIND[part])


def described(store, **changes):
    store.delete("search.yaml")
    store.create("search.yaml", description(**changes).encode())
    return store


def test_the_best_few_are_trained_longer_in_all_networks_beside_the_baselines(finished):
    plan = plan_of(finished, "rerank")
    best = found(finished).best
    known = open_space("norm_act_layer", {}).known
    assert [(one.id, one.role, one.change) for one in plan.candidates] == [
        *((one.id, "searched", "") for one in best),
        (open_space("norm_act_layer", {}).canonical(known["BN-ReLU"]) + "-known", "baseline", "BN-ReLU"),
    ]
    assert (plan.probe_steps, plan.full_steps) == (0, DESCRIPTION["final_scaling"]["rerank_steps"])
    for candidate in plan.candidates:
        assert [one.network for one in candidate.variants] == ["preact_resnet", "mobilenet_v2"]
    assert [one.spec for one in plan.candidates[: len(best)]] == [one.spec for one in best]


def test_reranking_chooses_by_reward_with_the_searches_target_and_no_baseline(finished):
    scores, target = scores_of(finished, "rerank"), found(finished).latency_target_ms
    assert scores.latency_target_ms == target
    for one in scores.scored:
        assert one.reward == pytest.approx(reward_by_hand(finished, "rerank", one, target))
    searched = [one for one in scores.scored if one.role == "searched"]
    assert [one.id for one in scores.best] == [one.id for one in sorted(searched, key=lambda one: -one.reward)]
    assert len(scores.scored) == len(searched) + 1


def test_the_grid_has_the_chosen_design_at_every_width_and_depth(finished):
    plan, chosen = plan_of(finished, "grid"), scores_of(finished, "rerank").best[0]
    assert [[one.network, one.width, one.depth] for of in plan.candidates for one in of.variants] == [
        ["preact_resnet", 0.5, 1.0],
        ["preact_resnet", 0.5, 2.0],
    ]
    assert {msgspec.json.encode(one.spec) for one in plan.candidates} == {msgspec.json.encode(chosen.spec)}
    assert {one.parent for one in plan.candidates} == {chosen.id}
    assert [one.id for one in plan.candidates] == [
        f"{chosen.id}-preact_resnet-w0.5-d1",
        f"{chosen.id}-preact_resnet-w0.5-d2",
    ]
    shallow, deep = (one.costs[one.variants[0].name]["parameters"] for one in plan.candidates)
    assert shallow < deep


def test_the_winner_is_the_point_of_the_highest_reward_trained_longest(finished):
    target = found(finished).latency_target_ms
    points = plan_of(finished, "grid").candidates
    rewards = [reward_by_hand(finished, "grid", one, target) for one in points]
    plan = plan_of(finished, "winner")
    (winner,) = plan.candidates
    best = points[int(np.argmax(rewards))]
    assert (winner.variants, winner.spec, winner.parent) == (best.variants, best.spec, best.id)
    assert plan.full_steps == DESCRIPTION["final_scaling"]["winner_steps"]
    assert [one.id for one in scores_of(finished, "winner").best] == [winner.id]


def test_a_slower_point_must_be_better_to_win(store_at):
    """0.80 at 1 ms against 0.81 at 20 ms: 0.8 > 0.81 * 20^-0.07 = 0.657, at whatever target."""
    store = described(store_at("searched"), final_scaling={"baselines": []})
    propose_scaling(store, "rerank")
    trained_by_hand(store, "rerank", [0.8] * len(plan_of(store, "rerank").candidates))
    propose_scaling(store, "grid")
    assert trained_by_hand(store, "grid", [0.80, 0.81], [1.0, 20.0]).best[0].quality == 0.80
    propose_scaling(store, "winner")
    assert plan_of(store, "winner").candidates[0].variants == plan_of(store, "grid").candidates[0].variants


def test_another_network_and_a_wider_grid_can_be_asked_for(store_at):
    changes = {"network": "mobilenet_v2", "widths": [1.0, 0.5, 2.0], "depths": [1.0, 3.0], "baselines": []}
    store = described(store_at("searched"), final_scaling=changes)
    propose_scaling(store, "rerank")
    trained_by_hand(store, "rerank", [0.8] * len(plan_of(store, "rerank").candidates))
    assert len(propose_scaling(store, "grid")) == 2
    variants = [one.variants[0] for one in plan_of(store, "grid").candidates]
    assert {one.network for one in variants} == {"mobilenet_v2"}
    assert [(one.width, one.depth) for one in variants] == [(w, d) for w in (1.0, 0.5, 2.0) for d in (1.0, 3.0)]


@pytest.mark.parametrize(
    ("space", "asked", "grid"),
    [
        ("norm_act_layer", {}, ((1.0, 1.5), (1.0, 2.0))),
        ("norm_act_layer", {"widths": [0.5], "depths": [3]}, ((0.5,), (3.0,))),
        ("tabular_mlp", {}, ((1.0,), (1.0,))),  # its designs say their widths themselves
        ("tabular_mlp", {"widths": [1]}, ((1.0,), (1.0,))),
    ],
)
def test_a_grid_that_is_left_open_suits_the_space(space, asked, grid):
    data = {"name": "a", "data": {"source": "sklearn:iris"}, "space": {"name": space}, "final_scaling": asked}
    assert grid_multipliers(msgspec.convert(data, Search)) == grid


def test_all_published_designs_are_baselines_where_none_is_named(store_at):
    store = described(store_at("searched"), final_scaling={"baselines": None})
    propose_scaling(store, "rerank")
    known = [one.change for one in plan_of(store, "rerank").candidates if one.role == "baseline"]
    assert known == list(open_space("norm_act_layer", {}).known)


def test_where_time_ends_the_ranking_the_searches_own_best_is_scaled(store_at):
    store = store_at("searched")
    propose_scaling(store, "rerank")
    assert trained_by_hand(store, "rerank", [None] * len(plan_of(store, "rerank").candidates)).best == ()
    propose_scaling(store, "grid")
    assert {one.parent for one in plan_of(store, "grid").candidates} == {found(store).best[0].id}


def test_where_time_ends_the_grid_its_first_point_is_the_winner(store_at):
    store = store_at("searched")
    propose_scaling(store, "rerank")
    trained_by_hand(store, "rerank", [0.8] * len(plan_of(store, "rerank").candidates))
    propose_scaling(store, "grid")
    trained_by_hand(store, "grid", [None, None])
    assert chosen_point(store) == plan_of(store, "grid").candidates[0]
    propose_scaling(store, "winner")
    assert plan_of(store, "winner").candidates[0].variants == plan_of(store, "grid").candidates[0].variants


@pytest.mark.parametrize(("became", "chosen"), [(("failed", "time_up"), 1), (("failed", "failed"), None)], ids=str)
def test_where_time_ends_the_grid_no_point_that_failed_is_the_winner(store_at, became, chosen):
    store = store_at("searched")
    propose_scaling(store, "rerank")
    trained_by_hand(store, "rerank", [0.8] * len(plan_of(store, "rerank").candidates))
    propose_scaling(store, "grid")
    plan = plan_of(store, "grid")
    for one, reason in zip(plan.candidates, became, strict=True):
        trials = [] if reason == "failed" else [trial(one.variants[0].name, None, status="time_up", steps=0)]
        put_training(store, plan, one, trials, failed="process died" if reason == "failed" else None)
    assert [one.reason for one in select_scaled(store, ROUND_OF_KIND["grid"]).scored] == list(became)
    assert chosen_point(store) == (None if chosen is None else plan.candidates[chosen])
    propose_scaling(store, "winner")
    assert len(plan_of(store, "winner").candidates) == (0 if chosen is None else 1)


def test_where_nothing_survived_every_part_is_empty_and_still_committed(store_at):
    store = store_at("searched")
    scores = found(store)
    store.delete(scores_path(LAST))
    write_record(store, scores_path(LAST), msgspec.structs.replace(scores, best=(), front=(), latency_target_ms=None))
    for part in PARTS:
        assert propose_scaling(store, part) == [f"{ROUND_OF_KIND[part]}/shards/0000"]
        assert plan_of(store, part).candidates == ()
        chosen = select_scaled(store, ROUND_OF_KIND[part])
        assert (chosen.scored, chosen.best, chosen.candidates) == ((), (), 0)
    assert chosen_point(store) is None


def test_a_part_that_is_planned_or_committed_stays_as_it_is(store_at):
    store = store_at("finished")
    before = {path: store.read(path) for path in store.paths("scaling")}
    for part in PARTS:
        propose_scaling(store, part)
        assert select_scaled(store, ROUND_OF_KIND[part]) == scores_of(store, part)
    assert {path: store.read(path) for path in store.paths("scaling")} == before


def test_a_part_whose_training_is_not_whole_is_not_committed(store_at):
    store = store_at("searched")
    propose_scaling(store, "rerank")
    with pytest.raises(FileNotFoundError, match=r"must hold scaling/00001/trials/.*/training.json"):
        select_scaled(store, ROUND_OF_KIND["rerank"])
