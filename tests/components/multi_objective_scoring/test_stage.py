"""Scoring a round: rewards, target, front and best by hand, and what ends a search."""

import time

import pytest

from components.multi_objective_scoring.stage import score_round
from components.records import spans
from components.records.layout import plan_path, profile_path, scores_path, weights_path
from components.records.results import Profile, Scores
from components.records.store import open_search, read_record, write_record
from tests.round_records import (
    NETWORKS,
    candidate,
    plan,
    profile_of,
    put_probe,
    put_profile,
    put_training,
    put_verdict,
    span,
    trial,
)
from tests.small_search import description

FIRST, SECOND = "rounds/00001", "rounds/00002"
# name: (fitness in two networks, latency in ms), or the reason of its rejection. Quality is 0.625, 0.875, 0.8, 0.7.
FIRST_ROUND = {"a": ((0.5, 0.75), 4.0), "b": ((0.75, 1.0), 16.0), "c": "quality", "d": "non_finite"}
SECOND_ROUND = {"e": ((0.75, 0.85), 2.0), "f": ((0.65, 0.75), 20.0)}


@pytest.fixture(autouse=True)
def just_started(monkeypatch):
    """Scoring counts its own seconds since its process started; this one is old."""
    monkeypatch.setattr(spans, "process_start_seconds", time.time)


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def describe(store, *, weight=-0.5, target=None, rerank=2, **budget):
    scoring = {"latency": "measured", "device": "host", "latency_weight": weight, "latency_target_ms": target}
    budget = {"candidates": 100} | budget
    text = description(scoring=scoring, budget=budget, final_scaling={"rerank": rerank})
    store.create("search.yaml", text.encode())


def put_round(store, here, became, **fields):
    """Writes all records of a round but its scores."""
    of = plan([candidate(name) for name in became], round=here, **fields)
    write_record(store, plan_path(here), of)
    for one in of.candidates:
        what = became[one.id]
        put_probe(store, of, one, [])
        if isinstance(what, str):
            put_verdict(store, of, one, what, predicted_saved_seconds=3.0)
            continue
        fitness, latency_ms = what
        put_verdict(store, of, one)
        put_training(store, of, one, [trial(name, value) for name, value in zip(NETWORKS, fitness, strict=True)])
        put_profile(store, of, one, [profile_of(name, latency_ms) for name in NETWORKS])
    return of


def names(candidates):
    return [one.id for one in candidates]


def scored(store, here=FIRST, became=FIRST_ROUND, **fields):
    put_round(store, here, became, **fields)
    return score_round(store, here)


def test_the_first_rounds_median_latency_is_the_target_and_rewards_are_products(store):
    """Median of 4 and 16 is 10 ms: 0.625 * 0.4^-0.5 = 0.988, 0.875 * 1.6^-0.5 = 0.6917."""
    describe(store)
    scores = scored(store)
    assert scores.latency_target_ms == pytest.approx(10)
    assert names(scores.scored) == ["a", "b", "c", "d"]
    assert [one.reward for one in scores.scored] == [
        pytest.approx(0.98821, abs=1e-5),
        pytest.approx(0.69175, abs=1e-5),
        None,
        None,
    ]
    assert [one.quality for one in scores.scored] == [0.625, 0.875, None, None]
    assert [one.reason for one in scores.scored] == [None, None, "quality", "non_finite"]
    assert names(scores.best) == ["a", "b"]


def test_a_target_of_the_search_file_is_taken_as_it_is(store):
    """0.625 * (4 / 4)^-0.5."""
    describe(store, target=4.0)
    assert scored(store).scored[0].reward == pytest.approx(0.625)


def test_the_target_of_the_first_round_stays(store):
    describe(store)
    scored(store)
    scores = scored(store, SECOND, SECOND_ROUND)
    assert scores.latency_target_ms == pytest.approx(10)
    assert scores.scored[0].reward == pytest.approx(0.8 * 0.2**-0.5)


def test_a_first_round_without_survivors_leaves_the_target_to_the_next(store):
    describe(store)
    empty = scored(store, became={"c": "quality"})
    assert (empty.latency_target_ms, empty.hypervolume, empty.front, empty.best) == (None, None, (), ())
    assert empty.another_round
    assert scored(store, SECOND, SECOND_ROUND).latency_target_ms == pytest.approx(11)


def test_the_best_few_are_those_of_the_whole_search(store):
    """By reward: e 1.789, a 0.988, b 0.692, f 0.495."""
    describe(store, rerank=3)
    scored(store)
    best = scored(store, SECOND, SECOND_ROUND).best
    assert names(best) == ["e", "a", "b"]
    assert [one.round for one in best] == [SECOND, FIRST, FIRST]


def test_the_front_is_the_searches_and_forgets_what_is_dominated(store):
    """e is better than a in both and than f in both; b is the best of all but slower than e."""
    describe(store)
    assert names(scored(store).front) == ["a", "b"]
    assert names(scored(store, SECOND, SECOND_ROUND).front) == ["e", "b"]


def test_the_hypervolume_is_the_area_to_ten_targets(store):
    """Corner at 100 ms: 0.625 over [4, 16) and 0.875 over [16, 100) = 7.5 + 73.5; then 0.8 over [2, 16) + 73.5."""
    describe(store)
    assert scored(store).hypervolume == pytest.approx(81)
    assert scored(store, SECOND, SECOND_ROUND).hypervolume == pytest.approx(0.8 * 14 + 73.5)


def test_without_a_latency_weight_the_reward_is_the_quality(store):
    describe(store, weight=0)
    assert [one.reward for one in scored(store).scored] == [0.625, 0.875, None, None]


def test_seconds_and_candidates_add_up_over_rounds(store):
    """Each round's plan took a second, and every record of it lies within that second."""
    describe(store)
    first = scored(store, span=span(1000, 1010))
    second = scored(store, SECOND, SECOND_ROUND, span=span(5000, 5030))
    assert (first.candidates, second.candidates) == (4, 6)
    assert first.active_seconds == pytest.approx(10, abs=0.5)
    assert second.active_seconds == pytest.approx(first.active_seconds + 31, abs=0.5)  # 30, and the records' second


def test_what_rejections_saved_and_cost_is_summed(store):
    describe(store)
    scores = scored(store)
    assert scores.predicted_saved_seconds == 6.0
    assert scores.screening_seconds == 4.0


def test_what_was_profiled_in_vain_is_a_cost_of_screening(store):
    """Two devices took a second each for one that was too slow; what survives would have been profiled anyway."""
    describe(store)
    of = put_round(store, FIRST, {"a": ((0.5, 0.75), 4.0), "b": "latency"})
    slow = next(one for one in of.candidates if one.id == "b")
    put_profile(store, of, slow, [profile_of(name, 900.0) for name in NETWORKS])
    elsewhere = Profile(candidate="b", variants=(), span=span(0, 1))
    write_record(store, profile_path(FIRST, "b", "tpu-v5e"), elsewhere)
    assert score_round(store, FIRST).screening_seconds == 2.0 + 2.0  # two verdicts of a second each


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        ({"candidates": 5}, ""),
        ({"candidates": 4}, "4 candidates were tried"),
        ({"hours": 1.0}, ""),
        ({"hours": 9 / 3600}, "0.0025 active hours are used up"),
        ({"fitness": 0.88}, ""),
        ({"fitness": 0.875}, "fitness 0.8750 reaches 0.875"),
    ],
    ids=["candidates left", "candidates", "hours left", "hours", "fitness not reached", "fitness"],
)
def test_the_first_budget_that_is_exhausted_ends_the_search(store, budget, why):
    describe(store, **budget)
    scores = scored(store, span=span(1000, 1010))
    assert (scores.another_round, scores.why) == (not why, why)


def test_a_candidate_that_time_cut_off_ends_the_search_and_is_not_scored(store):
    """Though the clock of this machine says that seconds are left: the record decides."""
    describe(store, hours=5.0)
    scores = scored(store, became=FIRST_ROUND | {"z": "time_up"})
    assert (scores.another_round, scores.why) == (False, "5.0 active hours are used up")
    assert (scores.scored[-1].reason, scores.scored[-1].reward) == ("time_up", None)
    assert names(scores.best) == ["a", "b"]


def test_a_round_of_nothing_ends_the_search(store):
    describe(store)
    scores = scored(store, became={})
    assert (scores.another_round, scores.why) == (False, "nothing new could be proposed")


def test_a_committed_round_is_not_scored_again(store):
    describe(store)
    first = scored(store)
    put_verdict(store, plan([]), candidate("x"))
    store.delete(f"{FIRST}/trials/a/training.json")
    assert score_round(store, FIRST) == first == read_record(store, scores_path(FIRST), Scores)


def test_a_round_that_is_not_evaluated_yet_is_not_scored(store):
    describe(store)
    put_round(store, FIRST, FIRST_ROUND)
    store.delete(f"{FIRST}/trials/b/training.json")
    with pytest.raises(FileNotFoundError, match=r"must hold rounds/00001/trials/b/training.json"):
        score_round(store, FIRST)
    assert not store.exists(scores_path(FIRST))


def put_weights(store, here, became):
    for name in became:
        for phase in ("probe", "full"):
            store.create(weights_path(here, name, phase, "small"), b"weights")


def weights(store):
    return [path for path in store.paths("rounds") if path.endswith(".safetensors")]


def test_the_weights_that_stay_are_those_of_the_best_after_full_training(store):
    describe(store, rerank=1)
    put_weights(store, FIRST, FIRST_ROUND)
    scored(store)
    assert weights(store) == [weights_path(FIRST, "a", "full", "small")]
    put_weights(store, SECOND, SECOND_ROUND)
    scored(store, SECOND, SECOND_ROUND)
    assert weights(store) == [weights_path(SECOND, "e", "full", "small")]


def test_the_weights_of_a_round_at_work_are_left_alone(store):
    """Its full training continues from the probe's."""
    describe(store)
    put_weights(store, SECOND, {"e": 0})
    scored(store)
    assert weights(store) == [weights_path(SECOND, "e", phase, "small") for phase in ("full", "probe")]


def test_weights_that_a_killed_step_left_are_deleted_by_the_next(store):
    describe(store)
    scored(store)
    put_weights(store, FIRST, {"c": 0})
    score_round(store, FIRST)
    assert weights(store) == []
