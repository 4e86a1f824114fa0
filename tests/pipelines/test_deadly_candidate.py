"""A candidate that kills every process that touches it is given up; nothing else suffers. Real processes die here."""

import copy
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records.attempts import attempt_path
from components.records.layout import profile_path, round_of, scores_path, trial_path
from components.records.results import Profile, Verdict
from components.records.store import open_search, require_record
from components.records.summary import comparable
from components.rejection_screening.stage import screen_shard
from tests.faults.reference import TINY, first_difference, reference
from tests.faults.walk import walk

ROOT = Path(__file__).parents[2]
TEXT = TINY.read_text(encoding="utf-8")
DIED = "process died: signal 9"
CALLS = {  # a function of each stage that is called for each candidate
    "candidate_training": "components.search_spaces.norm_act_layer.space:NormActLayerSpace.build",
    "rejection_screening": "components.rejection_screening.verdicts:judged_by_probe",
    "hardware_benchmarking": "components.hardware_benchmarking.profiling:Profiler._profile",
}


def step(candidate, stage, store, shard, *arguments, sent=signal.SIGKILL):
    """Runs a step in which a candidate is deadly; returns the exit code of its process."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'tests' / 'faults' / 'deadly'}:{ROOT}",
        "DEADLY_CALL": CALLS[stage],
        "DEADLY_CANDIDATE": candidate,
        "DEADLY_SIGNAL": str(int(sent)),
    }
    command = [sys.executable, "-m", "tests.faults.one_step", stage, store.uri, shard, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def attempts(store, shard, candidate, name):
    folder = trial_path(round_of(shard), candidate)
    return [path for path in store.paths(folder) if path.startswith(f"{folder}/attempt-{name}-")]


@pytest.fixture
def proposed(tmp_path):
    """A store with the first round proposed, and its first shard."""
    store = open_search(str(tmp_path))
    split_search_data(store, TEXT)
    return store, propose_round(store)[0]


def test_a_candidate_that_kills_its_training_fails_and_the_rest_is_as_without_it(proposed):
    store, shard = proposed
    expected = copy.deepcopy(reference().summary)
    first, *others = expected["rounds"][0]["candidates"]
    assert first["reason"] == "quality"  # it has no offspring: what follows doesn't depend on why it went
    assert step(first["id"], "candidate_training", store, shard, "probe") == -signal.SIGKILL
    assert step(first["id"], "candidate_training", store, shard, "probe") == 0
    assert len(attempts(store, shard, first["id"], "probe")) == 2  # in the step, in its child, and no third time
    assert [len(attempts(store, shard, one["id"], "probe")) for one in others] == [1, 1, 1]  # undisturbed
    received = comparable(walk(store, TEXT))
    verdict = require_record(store, f"{trial_path(round_of(shard), first['id'])}/verdict.json", Verdict)
    assert (verdict.reason, verdict.detail) == ("failed", DIED)
    first["reason"] = "failed"
    expected["rejected"] = {"failed": 1, **expected["rejected"], "quality": expected["rejected"]["quality"] - 1}
    assert first_difference(expected, received) is None


def test_a_shard_that_has_died_for_good_fails_its_run_and_the_next_run_finds_what_an_unbroken_one_does(proposed):
    """The other shards do all the rest meanwhile; they don't wait, and nobody takes the work in hand from the dead."""
    store, shard = proposed
    in_hand, *others = (one["id"] for one in reference().summary["rounds"][0]["candidates"])
    assert step(in_hand, "candidate_training", store, shard, "probe") == -signal.SIGKILL
    for other in (f"{round_of(shard)}/shards/0001", f"{round_of(shard)}/shards/0002"):
        train_shard(store, other, "probe")
        profile_shard(store, other)
        screen_shard(store, other)
        train_shard(store, other, "full")
    there = [one for one in others if store.exists(f"{trial_path(round_of(shard), one)}/verdict.json")]
    assert there == others and not store.exists(f"{trial_path(round_of(shard), in_hand)}/verdict.json")
    with pytest.raises(FileNotFoundError, match=f"must hold {trial_path(round_of(shard), in_hand)}/verdict.json"):
        score_round(store, round_of(shard))
    assert not store.exists(scores_path(round_of(shard)))
    assert first_difference(reference().summary, comparable(walk(store, TEXT, run="the next"))) is None


@pytest.fixture
def survivor(proposed):
    """The candidate that the reference keeps, with its shard, after its probe."""
    store, shard = proposed
    (survivor,) = (one["id"] for one in reference().summary["rounds"][0]["candidates"] if one["reason"] is None)
    train_shard(store, shard, "probe")
    return store, shard, survivor


def test_a_candidate_that_kills_its_screening_fails(survivor):
    store, shard, candidate = survivor
    profile_shard(store, shard)
    assert step(candidate, "rejection_screening", store, shard) == -signal.SIGKILL
    assert step(candidate, "rejection_screening", store, shard) == 0
    verdict = require_record(store, f"{trial_path(round_of(shard), candidate)}/verdict.json", Verdict)
    assert (verdict.reason, verdict.detail) == ("failed", DIED)


def test_what_ends_a_process_from_outside_is_not_held_against_the_candidate(survivor):
    """As often as it happens: a spot node that is taken away, or a machine that shuts down and ends a child first."""
    store, shard, candidate = survivor
    profile_shard(store, shard)
    for _ in range(4):
        assert step(candidate, "rejection_screening", store, shard, sent=signal.SIGTERM) == 128 + signal.SIGTERM
        assert attempts(store, shard, candidate, "verdict") == []
    store.create(attempt_path(f"{trial_path(round_of(shard), candidate)}/verdict.json", 1), b"")
    for _ in range(4):  # its child now
        assert step(candidate, "rejection_screening", store, shard, sent=signal.SIGTERM) == 1
        assert len(attempts(store, shard, candidate, "verdict")) == 1
    assert step("another", "rejection_screening", store, shard) == 0
    assert require_record(store, f"{trial_path(round_of(shard), candidate)}/verdict.json", Verdict).reason is None


def test_a_candidate_that_kills_its_profiling_fails(survivor):
    store, shard, candidate = survivor
    assert step(candidate, "hardware_benchmarking", store, shard) == -signal.SIGKILL
    assert step(candidate, "hardware_benchmarking", store, shard) == 0
    assert require_record(store, profile_path(round_of(shard), candidate, "tpu-v5e"), Profile).failed == DIED
