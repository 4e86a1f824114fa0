"""Searches that are really killed, with SIGKILL, go on and find what an unbroken one does."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from components.candidate_generation.stage import propose_round
from components.data_split.stage import split_search_data
from components.records.store import open_search
from components.records.summary import comparable
from tests.faults import kill_search
from tests.faults.kill_search import Broken, break_and_compare, in_turn, outcome
from tests.faults.kills import WAYS, Kill
from tests.faults.moments import Moment
from tests.faults.plan import SERIES, series
from tests.faults.real_run import POLL_SECONDS
from tests.faults.reference import LEARNED, SHARING, TINY, Reference, first_difference, reference
from tests.faults.walk import walk

ROOT = Path(__file__).parents[2]
TEXT = TINY.read_text(encoding="utf-8")
SEED = 1
SPLIT = Moment("data_split", "data/manifest.json")


def test_kills_in_several_stages_and_ways_change_nothing(capsys):
    """Also where the unbroken run was far slower, as beside other work: then steps are over when they should be hit."""
    slower = reference()._replace(seconds={moment: 4 * seconds for moment, seconds in reference().seconds.items()})
    planned = next(series(np.random.default_rng(SEED), slower.seconds))
    broken = break_and_compare(planned, slower, workers=2, tell=lambda kill: None)
    with capsys.disabled():
        print("\n" + "\n".join(outcome([broken])))
    assert broken.difference is None
    assert len({kill.alive[0].stage for kill in broken.kills}) == SERIES
    assert {kill.way for kill in broken.kills} == set(WAYS)


def test_two_processes_that_train_the_same_shard_change_nothing(tmp_path):
    """An orphan that doesn't notice that its run is dead goes on beside the step that takes its place."""
    store = open_search(str(tmp_path))
    split_search_data(store, TEXT)
    shard = propose_round(store)[0]
    command = [sys.executable, "-m", "tests.faults.one_step", "candidate_training", store.uri, shard, "probe"]
    orphan = subprocess.Popen(command, cwd=ROOT)
    while orphan.poll() is None and not list(tmp_path.glob("rounds/*/trials/*/attempt-probe-1")):
        time.sleep(POLL_SECONDS)
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert orphan.wait() == 0
    assert list(tmp_path.glob("rounds/*/trials/*/attempt-probe-2"))  # they did meet
    assert first_difference(reference().summary, comparable(walk(store, TEXT))) is None


def test_every_series_hits_other_stages_in_all_ways_and_all_series_all_stages():
    seconds = {Moment(f"stage {i // 2}", f"record {i}"): 1.0 + i for i in range(24)}
    hands = series(np.random.default_rng(SEED), seconds)
    planned = [next(hands) for _ in range(12)]
    order = list(seconds)
    for hand in planned:
        assert len({plan.moment.stage for plan in hand}) == SERIES and {plan.way for plan in hand} == set(WAYS)
        assert [plan.moment for plan in hand] == sorted((plan.moment for plan in hand), key=order.index)
    counts = [sum(plan.moment.stage == f"stage {i}" for hand in planned for plan in hand) for i in range(12)]
    assert counts == [SERIES] * 12  # 72 kills, 12 stages
    again = series(np.random.default_rng(SEED), seconds)
    assert planned == [next(again) for _ in range(12)]


def test_a_difference_is_told_by_its_path_and_counts_against_every_kill_of_the_search():
    expected = {"rounds": [{"fitness": [0.5, 0.25]}], "why": ""}
    assert first_difference(expected, {"rounds": [{"fitness": [0.5, 0.25]}], "why": ""}) is None
    difference = first_difference(expected, {"rounds": [{"fitness": [0.5, 0.26]}], "why": "x"})
    assert difference == "$.rounds[0].fitness[1]: expected 0.25, received 0.26"
    assert first_difference(expected, {"rounds": []}).startswith("$: ")
    assert first_difference([1], [1, 2]).startswith("$: ")
    kills = [Kill("run", (SPLIT,), 0.1), Kill("step", (SPLIT,), 0.2)]
    lines = outcome([Broken(kills, difference), Broken(kills, None)])
    assert f"DIFFERENT: {difference}" in lines
    assert lines[-2:] == ["1 of 2 searches found what the unbroken one did", "2 passed, 2 failed"]


def test_a_search_that_never_comes_to_a_kill_fails_all_the_same():
    assert outcome([Broken([], "The run must end with 0. Received: 1.")])[-1] == "0 passed, 1 failed"


def test_every_fourth_search_is_the_learned_one_and_none_is_run_before_its_turn(monkeypatch):
    """The learned controller's is the second: of 20 kills, four searches, six are its."""
    unbroken = []

    def run(search_file):
        unbroken.append(search_file)
        return Reference(search_file, {}, {Moment(f"{i}", f"{search_file.stem} {i}"): 1.0 for i in range(SERIES)})

    monkeypatch.setattr(kill_search, "reference", run)
    searches = in_turn(SEED)
    first = next(searches)
    assert unbroken == [TINY]
    turns = [first, *(next(searches) for _ in range(7))]
    assert [one.search_file for one, _ in turns] == [TINY, LEARNED, SHARING, TINY] * 2
    assert all(plan.moment.record.startswith(f"{one.search_file.stem} ") for one, hand in turns for plan in hand)
    again = in_turn(SEED)
    assert turns == [next(again) for _ in range(8)]


@pytest.mark.parametrize("difference, code", [(None, 0), ("$.why: expected '', received 'x'", 1)])
def test_the_command_fails_where_a_search_differs(difference, code, monkeypatch):
    kill = Kill("run", (SPLIT,), 0.1)
    seconds = {Moment(f"{i}", ""): 1.0 for i in range(SERIES)}
    monkeypatch.setattr(kill_search, "reference", lambda search_file: Reference(search_file, {}, seconds))
    monkeypatch.setattr(
        kill_search, "break_and_compare", lambda planned, *_, **__: Broken([kill] * len(planned), difference)
    )
    result = CliRunner().invoke(kill_search.main, ["--kills", "7"])
    assert result.exit_code == code
    assert result.stdout.splitlines()[-1] == ("0 passed, 7 failed" if difference else "7 passed, 0 failed")
