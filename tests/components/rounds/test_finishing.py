"""Planning finishing rounds: once, dealt to shards, with the seconds that their own budget leaves."""

import time

import pytest

from components.records.layout import ROUND_OF_KIND, plan_path
from components.records.results import Plan
from components.records.search import Budget, Choice, Data, Rounds, Search
from components.records.spans import Stopwatch
from components.records.store import open_search, require_record
from components.rounds.finishing import planned_shards, proposed_shards
from tests.round_records import candidate, put_training, span, trial


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def search(**budget):
    return Search(
        name="x",
        data=Data(source="sklearn:digits"),
        space=Choice(name="norm_act_layer"),
        rounds=Rounds(shards_per_round=3),
        budget=Budget(**budget),
    )


def just_started():
    watch = Stopwatch()
    watch.last_seconds = time.time()
    return watch


def propose(store, kind="rerank", count=5, **budget):
    candidates = [candidate(f"c{index}") for index in range(count)]
    return proposed_shards(store, search(**budget), kind, candidates, 77, just_started())


def planned(store, path="scaling/00001"):
    return require_record(store, plan_path(path), Plan)


def test_a_finishing_round_has_no_probe_and_trains_in_full(store):
    assert propose(store) == [f"scaling/00001/shards/{index:04d}" for index in range(3)]
    plan = planned(store)
    assert (plan.kind, plan.probe_steps, plan.full_steps, plan.seconds_left) == ("rerank", 0, 77, None)
    assert [one.id for one in plan.candidates] == ["c0", "c1", "c2", "c3", "c4"]


@pytest.mark.parametrize(("count", "shards"), [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_no_shard_is_empty_unless_there_is_nothing_at_all(store, count, shards):
    assert len(propose(store, count=count)) == shards


@pytest.mark.parametrize(
    ("kind", "path"),
    list(ROUND_OF_KIND.items()),
)
def test_each_part_has_its_own_place_and_is_planned_once(store, kind, path):
    assert planned_shards(store, kind) is None
    shards = propose(store, kind)
    assert shards[0] == f"{path}/shards/0000"
    assert planned_shards(store, kind) == shards
    assert propose(store, kind, count=1) == shards  # of two steps that plan, the first decides
    assert len(planned(store, path).candidates) == 5


def test_the_seconds_left_are_those_of_the_finishing_budget_less_all_finishing_rounds(store):
    propose(store, "rerank", count=1, finishing_hours=1.0)
    assert planned(store).seconds_left == 3600
    (one,) = planned(store).candidates
    put_training(store, planned(store), one, [trial("small")], span=span(5000, 5600))
    propose(store, "grid", finishing_hours=1.0)
    assert planned(store, "scaling/00002").seconds_left == pytest.approx(3000, abs=1)


def test_no_less_than_no_seconds_are_left(store):
    propose(store, "rerank", count=1, finishing_hours=0.01)
    (one,) = planned(store).candidates
    put_training(store, planned(store), one, [trial("small")], span=span(5000, 5600))
    propose(store, "grid", finishing_hours=0.01)
    assert planned(store, "scaling/00002").seconds_left == 0.0
