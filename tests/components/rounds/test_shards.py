"""A step's way through a shard."""

import pytest

from components.records.layout import plan_path, trial_path
from components.records.store import open_search, read_record, write_record
from components.rounds.shards import ShardRecord, complete_shard
from tests.round_records import candidate, plan

ROUND = plan([candidate(name) for name in "abcde"], shards=2)


@pytest.fixture
def store(tmp_path):
    store = open_search(str(tmp_path))
    write_record(store, plan_path(ROUND.round), ROUND)
    return store


def evaluated(store, shard, name="probe"):
    seen = []
    complete_shard(store, shard, name, lambda of, one: seen.append((of.round, one.id)))
    return seen


def test_a_shard_evaluates_its_own_candidates_in_order_and_says_so(store):
    assert evaluated(store, "rounds/00001/shards/0001") == [("rounds/00001", "b"), ("rounds/00001", "d")]
    assert read_record(store, "rounds/00001/shards/0001/probe.json", ShardRecord).candidates == ("b", "d")


def test_a_completed_shard_evaluates_nothing_again(store):
    evaluated(store, "rounds/00001/shards/0000")
    assert evaluated(store, "rounds/00001/shards/0000") == []
    assert evaluated(store, "rounds/00001/shards/0000", name="verdicts") != []  # of another phase


def test_a_shard_is_not_complete_where_a_candidate_breaks_the_stage(store):
    def breaks(of, one):
        if one.id == "c":
            raise OSError("the disk is full")
        store.create(f"{trial_path(of.round, one.id)}/probe.json", b"")

    with pytest.raises(OSError, match="the disk is full"):
        complete_shard(store, "rounds/00001/shards/0000", "probe", breaks)
    assert not store.exists("rounds/00001/shards/0000/probe.json")
    assert store.exists("rounds/00001/trials/a/probe.json")


def test_a_shard_of_no_round_is_refused(store):
    with pytest.raises(FileNotFoundError, match=r"must hold rounds/00009/candidates.json"):
        evaluated(store, "rounds/00009/shards/0000")
