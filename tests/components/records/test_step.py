"""A step of the pipeline: its output, its timing, and what it says when it fails."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from components.records.local_store import LocalStore
from components.records.results import Span
from components.records.step import LOGS, Shard, TimedStore, run_shard_step, shard_items
from components.records.store import open_search, read_record, write_record
from components.records.supervision import RUNNER_PID
from components.records.timing import Failure, StepTiming

ROOT = Path(__file__).parents[3]
STEP = """
import sys
from components.records.step import run_shard_step, shard_items

def work(store, shard, phase, run):
    print("working on", shard, phase, "in run", run)
    print("a warning", file=sys.stderr)
    store.create("done", b"")
    if phase == "broken":
        raise ValueError("`phase` must be whole.")

item, = shard_items(sys.argv[1], "7", ["rounds/00001/shards/0000"])
print(run_shard_step("candidate_training", item, work, sys.argv[2]), file=sys.stdout)
"""


def run_step_in_a_process(search, phase, logs):
    environment = {name: value for name, value in os.environ.items() if name != LOGS}
    command = [sys.executable, "-c", STEP, str(search), phase]
    environment |= {LOGS: str(logs)} if logs else {}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_step_ends_with_the_run_that_started_it(tmp_path):
    """Though its work would go on for a minute: nobody would wait for it."""
    runner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    code = """
import sys, time
from components.records.step import run_step
run_step("a_stage", sys.argv[1], lambda store: store.create("begun", b"") and time.sleep(60))
"""
    environment = os.environ | {RUNNER_PID: str(runner.pid)}
    step = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment)
    until = time.monotonic() + 20
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert step.poll() is None
    runner.kill()
    runner.wait()
    assert step.wait(5) == 1


def timings(search):
    store = open_search(str(search))
    return [read_record(store, path, StepTiming) for path in store.paths("timings")]


def test_a_loop_item_names_search_shard_and_run():
    item, other = shard_items("gs://bucket/my search", "7", ["rounds/00001/shards/0000", "scaling/00001/shards/0001"])
    assert json.loads(item) == {"search": "gs://bucket/my search", "shard": "rounds/00001/shards/0000", "run": "7"}
    assert Shard.from_text(other) == Shard("gs://bucket/my search", "scaling/00001/shards/0001", "7")


def test_a_shard_step_gives_the_store_the_shard_the_arguments_and_the_run_and_returns_the_shard(tmp_path, monkeypatch):
    monkeypatch.delenv(LOGS, raising=False)
    called = []
    (item,) = shard_items(str(tmp_path), "7", ["rounds/00001/shards/0000"])
    given = run_shard_step("a_stage", item, lambda store, *rest, run: called.append((store.uri, *rest, run)), "probe")
    assert given == "rounds/00001/shards/0000"
    assert called == [(str(tmp_path), "rounds/00001/shards/0000", "probe", "7")]


def test_the_output_of_a_step_goes_to_a_file_of_its_shard_and_its_seconds_to_a_record(tmp_path):
    """Two attempts of one step share the file, the second after the first."""
    for phase in ("probe", "full"):
        done = run_step_in_a_process(tmp_path / "search", phase, tmp_path / "logs")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    log = (tmp_path / "logs" / "candidate_training-rounds-00001-shards-0000.log").read_text()
    assert log.index("shards/0000 probe") < log.index("shards/0000 full")
    assert log.count("a warning") == 2
    for timing in timings(tmp_path / "search"):
        assert (timing.stage, timing.at) == ("candidate_training", "rounds/00001/shards/0000")
        assert 0.02 < timing.start_seconds < timing.total_seconds  # an interpreter takes more than 20 ms
        assert 0 < timing.store_seconds < timing.total_seconds - timing.start_seconds
        assert timing.tensorflow_seconds == 0.0
    assert len(timings(tmp_path / "search")) == 2


def test_a_failing_step_says_which_why_and_where_its_output_is(tmp_path):
    done = run_step_in_a_process(tmp_path / "search", "broken", tmp_path / "logs")
    assert done.returncode == 1
    (found,) = (tmp_path / "logs").glob("*.failure-*.json")
    failure = msgspec.json.decode(found.read_bytes(), type=Failure)
    log = tmp_path / "logs" / "candidate_training-rounds-00001-shards-0000.log"
    assert (failure.stage, failure.at, failure.log) == ("candidate_training", "rounds/00001/shards/0000", str(log))
    assert failure.reason == "ValueError: `phase` must be whole."
    assert "Traceback" in log.read_text() and "working on" in log.read_text()
    assert timings(tmp_path / "search") == []


def test_on_a_cluster_a_step_writes_to_its_own_output(tmp_path):
    done = run_step_in_a_process(tmp_path / "search", "broken", None)
    assert done.returncode == 1
    assert "working on rounds/00001/shards/0000 broken in run 7" in done.stdout
    assert "ValueError: `phase` must be whole." in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["search"]


class SlowStore(LocalStore):
    """A store whose every read takes 20 ms."""

    def read(self, path):
        time.sleep(0.02)
        return super().read(path)


def test_the_seconds_of_a_timed_store_are_those_spent_in_it(tmp_path):
    slow = SlowStore(str(tmp_path))
    store = TimedStore(slow)
    record = Span(start_seconds=1.0, duration_seconds=2.0)
    assert write_record(store, "a.json", record) == record == read_record(store, "a.json", Span)
    assert read_record(store, "b.json", Span) is None
    assert 0.04 < store.seconds < 1.0
    assert store.uri == slow.uri


def test_a_timed_store_counts_failing_calls_and_passes_their_exceptions_on(tmp_path):
    store = TimedStore(LocalStore(str(tmp_path)))
    with pytest.raises(ValueError, match="must stay inside the store"):
        store.read("../out")
    assert store.seconds > 0


def test_a_timed_store_has_no_more_methods_than_its_store(tmp_path):
    """Object stores have no local paths; who asks for one must see that."""
    assert getattr(TimedStore(object.__new__(Bare)), "local_path", None) is None


class Bare:
    """The least of a store."""

    uri = "mem://"
