"""Where records lie, and what the store alone says about how far a search is."""

import pytest

from components.records.layout import (
    ROUND_OF_KIND,
    claim_path,
    committed_rounds,
    last_scores,
    plan_path,
    require_scores,
    round_of,
    scores_path,
    search_is_over,
    search_round,
    shard_path,
    trial_path,
    weights_path,
)
from components.records.results import Scores
from components.records.store import open_search, write_record
from tests.round_records import plan


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def commit(store, number, **fields):
    here = search_round(number)
    return write_record(store, scores_path(here), Scores(kind="search", round=here, scored=(), **fields))


def test_the_paths_of_a_round_are_those_of_the_design():
    here = search_round(3)
    assert here == "rounds/00003"
    assert plan_path(here) == "rounds/00003/candidates.json"
    assert scores_path(here) == "rounds/00003/scores.json"
    assert shard_path(here, 1) == "rounds/00003/shards/0001"
    assert trial_path(here, "ab12") == "rounds/00003/trials/ab12"
    assert claim_path(here, "7", "probe", "ab12") == "rounds/00003/claims/7/probe/ab12.json"
    assert weights_path(here, "ab12", "probe", "net") == "rounds/00003/trials/ab12/probe-net.safetensors"


@pytest.mark.parametrize("here", [search_round(12), *ROUND_OF_KIND.values()])
def test_a_shard_names_its_round(here):
    assert round_of(shard_path(here, 7)) == here


def test_a_round_is_committed_by_its_scores_and_rounds_count_without_a_gap(store):
    assert committed_rounds(store) == [] and last_scores(store) is None and not search_is_over(store)
    write_record(store, plan_path(search_round(1)), plan([]))
    assert committed_rounds(store) == []
    commit(store, 1, candidates=4, another_round=True)
    commit(store, 3, candidates=9)  # an orphan's, beyond a round that is not committed
    assert committed_rounds(store) == ["rounds/00001"]
    assert last_scores(store).candidates == 4
    assert not search_is_over(store)


def test_a_search_is_over_when_its_last_round_says_so(store):
    commit(store, 1, another_round=True)
    commit(store, 2, another_round=False)
    assert search_is_over(store)


def test_scores_that_must_be_there_are_named(store):
    with pytest.raises(FileNotFoundError, match=r"must hold scaling/00001/scores.json, a Scores record"):
        require_scores(store, ROUND_OF_KIND["rerank"])
