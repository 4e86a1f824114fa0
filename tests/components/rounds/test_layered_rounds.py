"""Whole rounds under a limit on the latency of layers, really measured: nothing over it is trained, by any controller.

The limit is the median of the 16 designs' predictions, whatever they are on this machine, so that eight are within it.
"""

import shutil

import numpy as np
import pytest

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.final_scaling.stage import propose_scaling
from components.hardware_benchmarking.layers import measure_layers
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records.layout import ROUND_OF_KIND, plan_path, round_of, trial_path
from components.records.results import Plan, Variant
from components.records.store import open_search, require_record
from components.rejection_screening.stage import screen_shard
from components.rounds.context import SearchContext
from components.search_file.problems import InvalidSearch
from tests.layered_search import WIDTHS, limited_anew, measure_briefly, split_search

VARIANT = Variant(name="tabular_mlp", network="tabular_mlp")
EVERY = np.array(list(np.ndindex(len(WIDTHS), len(WIDTHS))))
SHARED = {"training": {"full_steps": 20, "weight_sharing": {}}}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A search directory with the table, and the predictions of all designs in ms by their widths."""
    folder = tmp_path_factory.mktemp("measured") / "search"
    store = split_search(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        measure_briefly(monkeypatch)
        measure_layers(store)
    context = SearchContext(store)
    latencies = context.layer_latencies.of(EVERY, VARIANT)
    return folder, {context.space.decode(row).widths: float(ms) for row, ms in zip(EVERY, latencies, strict=True)}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """What follows is right for any latencies."""
    measure_briefly(monkeypatch)


@pytest.fixture
def limited(measured, tmp_path):
    """Gives a search of its own under the limit."""
    folder, latencies = measured
    limit = float(np.median(list(latencies.values())))

    def search(**changes):
        return limited_anew(open_search(str(shutil.copytree(folder, tmp_path / "search"))), limit, **changes)

    return search, latencies, limit


def run_round(store):
    """A search round from its proposal to its scores; returns its plan and its scores."""
    shards = propose_round(store)
    for shard in shards:
        train_shard(store, shard, "probe")
        profile_shard(store, shard)
        screen_shard(store, shard)
        train_shard(store, shard, "full")
        profile_shard(store, shard)
    scores = score_round(store, round_of(shards[0]))
    return require_record(store, plan_path(scores.round), Plan), scores


def within(latencies, limit, spec):
    return latencies[tuple(spec)] <= limit


def test_the_policy_proposes_nothing_over_the_limit_and_what_follows_keeps_to_it(limited):
    search, latencies, limit = limited
    store = search()
    for _ in range(2):
        plan, scores = run_round(store)
        assert len(plan.candidates) == 3
        for one in plan.candidates:
            assert one.costs["tabular_mlp"]["layers_latency_ms"] == pytest.approx(latencies[tuple(one.spec)])
            assert within(latencies, limit, one.spec)
    assert not scores.another_round
    propose_scaling(store, "rerank")
    ranked = require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan).candidates
    assert len(ranked) == 3 and all(within(latencies, limit, one.spec) for one in ranked)
    assert all("layers_latency_ms" in one.costs["tabular_mlp"] for one in ranked)


@pytest.mark.parametrize("controller", ["random", "evolution"])
def test_what_others_propose_over_the_limit_is_told_before_it_is_built(limited, controller):
    """Of 16 designs 12 are proposed, and eight are within the limit: at least four of each kind."""
    search, latencies, limit = limited
    store = search(
        controller={"name": controller, "settings": {}},
        rounds={"candidates_per_round": 12},
        budget={"candidates": 12},
    )
    plan, scores = run_round(store)
    outside = [one for one in plan.candidates if not within(latencies, limit, one.spec)]
    assert len(plan.candidates) == 12 and 4 <= len(outside) <= 8
    scored = {one.id: one for one in scores.scored}
    for one in plan.candidates:
        over = one in outside
        assert (scored[one.id].reason == "size") == over
        assert scored[one.id].detail.startswith("layers_latency_ms") == over
        assert store.exists(f"{trial_path(plan.round, one.id)}/training.json") != over


def test_shared_weights_report_designs_within_the_limit(limited):
    search, latencies, limit = limited
    store = search(**SHARED)
    _, scores = run_round(store)
    assert scores.scored and all(within(latencies, limit, one.spec) for one in scores.scored)
    steps = store.read(f"{trial_path('rounds/00001', 'shared')}/training.json")
    assert b'"learnt"' in steps


BOTH = {"layers_latency_ms": 1e9, "parameters": 20_000}  # the second lets no layer of 1024 units in, after any other


@pytest.mark.parametrize(
    "changes", [{"controller": {"name": "random", "settings": {}}}, SHARED], ids=["random", "shared"]
)
def test_designs_with_layers_that_were_not_measured_are_recorded_and_rejected(tmp_path, changes):
    """Their latency is no number, and a plan that held it could never be read again."""
    rounds = {"candidates_per_round": 12, "shards_per_round": 1}
    sections = {"rejection": {"quality_threshold": 0.0, "size": BOTH}, "rounds": rounds, "budget": {"candidates": 12}}
    store = split_search(tmp_path, **{**sections, **changes})
    measure_layers(store)
    plan, scores = run_round(store)
    unmeasured = [one for one in plan.candidates if "layers_latency_ms" not in one.costs["tabular_mlp"]]
    assert unmeasured and all(one.costs["tabular_mlp"]["parameters"] > 20_000 for one in unmeasured)
    by_id = {one.id: one.reason for one in scores.scored}
    assert all(by_id[one.id] == "size" for one in unmeasured if one.role == "searched")
    assert scores.best and not {one.id for one in scores.best} & {one.id for one in unmeasured}


def test_a_baseline_with_layers_that_were_not_measured_is_compared(tmp_path):
    """A search may name it though it is over a limit."""
    space = {"name": "tabular_mlp", "settings": {"layers": 3, "widths": [4, 24, 32, 144]}}
    sections = {"space": space, "final_scaling": {"rerank": 1, "baselines": ["Criteo-3"]}, "budget": {"candidates": 3}}
    limits = {"layers_latency_ms": 1e9, "parameters": 1000}  # from 32 to 144 units alone there are more
    store = split_search(tmp_path, rejection={"quality_threshold": 0.0, "size": limits}, **sections)
    measure_layers(store)
    run_round(store)
    propose_scaling(store, "rerank")
    *_, baseline = require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan).candidates
    assert (baseline.change, "layers_latency_ms" in baseline.costs["tabular_mlp"]) == ("Criteo-3", False)


def test_a_limit_that_no_design_meets_is_refused_with_the_fastest(measured, tmp_path):
    folder, latencies = measured
    fastest = min(latencies, key=latencies.get)
    copied = open_search(str(shutil.copytree(folder, tmp_path / "search")))
    store = limited_anew(copied, 0.99 * latencies[fastest])
    with pytest.raises(
        InvalidSearch, match=r"`\$.rejection.size` must be met .* has layers_latency_ms (\S+):"
    ) as caught:
        propose_round(store)
    assert f"{latencies[fastest]:.10g}: {'-'.join(map(str, fastest))}" in str(caught.value)
    assert store.paths("rounds") == []


def test_before_the_layers_are_measured_no_round_is_proposed(tmp_path):
    store = split_search(tmp_path)
    with pytest.raises(FileNotFoundError, match="must hold hardware/layers-host/00000.json"):
        propose_round(store)
    assert store.paths("rounds") == []
