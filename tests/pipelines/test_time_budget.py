"""When the hours of a search are used up: what was found till then is scaled, assembled and reported.

The stages run in this process, which stands in for the process of each step: when that began is said by the test.
"""

import time

import pytest

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.ensemble_assembly.stage import assemble, propose_initialisations
from components.final_scaling.stage import propose_scaling, select_scaled
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records import spans
from components.records.layout import REPORT, plan_path, round_of, scores_path, search_is_over
from components.records.results import Plan, Profile, Scores
from components.records.store import require_record
from components.rejection_screening.stage import screen_shard
from components.rounds import deadline
from pipelines.progress import ProgressReader
from tests.small_search import description

SHORT = {
    "rerank": 1, "rerank_steps": 4, "baselines": [], "depths": [1.0], "grid_steps": 4, "winner_steps": 4,
}  # fmt: skip


@pytest.fixture
def process(monkeypatch):
    """Sets for how long the process of the coming steps has been at work."""

    def at_work(seconds):
        began = time.time() - seconds
        for module in (spans, deadline):
            monkeypatch.setattr(module, "process_start_seconds", lambda: began)

    at_work(0)
    return at_work


def described(store, scoring=None, **budget):
    store.delete("search.yaml")
    sections = {"scoring": scoring} if scoring else {}
    text = description(budget=budget, final_scaling=SHORT, ensemble={"initialisations": 1, "members": 1}, **sections)
    store.create("search.yaml", text.encode())
    return store


def measured_on_host(store, **budget):
    return described(store, scoring={"latency": "measured", "device": "host"}, **budget)


def evaluate(store, shard):
    train_shard(store, shard, "probe")
    profile_shard(store, shard)
    screen_shard(store, shard)
    train_shard(store, shard, "full")


def finish(store):
    for part in ("rerank", "grid", "winner"):
        shards = propose_scaling(store, part)
        for shard in shards:
            profile_shard(store, shard)
            train_shard(store, shard, "full")
        select_scaled(store, round_of(shards[0]))
    for shard in propose_initialisations(store):
        train_shard(store, shard, "full")
    return assemble(store)


@pytest.fixture
def out_of_time(store_at, process):
    """A search whose hour ends as its second round begins to train."""
    store = described(store_at("round 1"), hours=1.0, candidates=8)
    shards = propose_round(store)
    assert 0 < require_record(store, plan_path("rounds/00002"), Plan).seconds_left < 3600
    for shard in shards:
        process(3600)
        evaluate(store, shard)
        process(0)
    score_round(store, "rounds/00002")
    return store


def test_candidates_that_time_cut_off_are_neither_scored_nor_rejected(out_of_time):
    scores = require_record(out_of_time, scores_path("rounds/00002"), Scores)
    assert [one.reason for one in scores.scored] == ["time_up"] * 4
    assert [(one.fitness, one.reward) for one in scores.scored] == [((), None)] * 4
    assert (scores.another_round, scores.why) == (False, "1.0 active hours are used up")
    assert search_is_over(out_of_time)
    first = require_record(out_of_time, scores_path("rounds/00001"), Scores)
    assert [one.id for one in scores.best] == [one.id for one in first.best][:1]
    progress = ProgressReader(out_of_time).read()
    assert "time_up" not in dict(progress.rejected)
    assert (progress.done, progress.wanted) == (4, 4)


def test_what_was_found_till_then_is_scaled_assembled_and_reported(out_of_time):
    summary = finish(out_of_time)
    assert (summary.outcome, summary.why) == ("finished", "1.0 active hours are used up")
    first = require_record(out_of_time, scores_path("rounds/00001"), Scores)
    assert summary.winner.id == first.best[0].id
    assert "time_up" not in summary.rejected and sum(summary.rejected.values()) < 4
    assert [one.reason for one in summary.rounds[1].candidates] == ["time_up"] * 4
    assert b"</html>" in out_of_time.read(REPORT)


def profiles(store):
    """Of the re-ranking."""
    paths = [path for path in store.paths("scaling/00001/trials") if path.endswith("profile-host.json")]
    return [require_record(store, path, Profile) for path in paths]


def reranked(store, process, seconds_before):
    """Runs the re-ranking, each step in a process that is so many seconds old; returns what became of it."""
    shards = propose_scaling(store, "rerank")
    for step, seconds in seconds_before.items():
        for shard in shards:
            process(seconds)
            if step == "profile":
                profile_shard(store, shard)
            else:
                train_shard(store, shard, "full")
    process(0)
    return select_scaled(store, round_of(shards[0])).scored


def test_where_time_is_up_before_a_finishing_round_is_profiled_nothing_is_measured_nor_trained(store_at, process):
    """What the profiles say decides: the next step, whose process is younger, may think that there is time left."""
    store = measured_on_host(store_at("searched"), finishing_hours=1.0)
    scored = reranked(store, process, {"profile": 3600, "train": 0})
    assert {(one.reason, one.detail) for one in scored} == {("time_up", "the budget's time was up before it was timed")}
    assert [(one.time_up, one.variants) for one in profiles(store)] == [(True, ())] * len(scored)
    assert not [path for path in store.paths("scaling/00001/trials") if path.endswith("training.json")]
    propose_scaling(store, "grid")  # of the search's own best
    assert len(require_record(store, plan_path("scaling/00002"), Plan).candidates) == 1


def test_what_was_profiled_in_time_says_so_itself_where_time_is_up_before_its_training(store_at, process):
    store = measured_on_host(store_at("searched"), finishing_hours=1.0)
    scored = reranked(store, process, {"profile": 0, "train": 3600})
    assert [one.time_up for one in profiles(store)] == [False] * len(scored)
    assert {(one.reason, one.detail) for one in scored} == {
        ("time_up", "preact_resnet: the budget's time was up at step 0")
    }


def test_a_finishing_budget_of_nothing_still_ends_with_a_summary_and_a_report(store_at, process):
    store = described(store_at("searched"), finishing_hours=1e-9)
    summary = finish(store)
    assert summary.why == "8 candidates were tried"
    assert b"</html>" in store.read(REPORT)
