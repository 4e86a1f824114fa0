"""A round's candidates as a queue: who claims what, what a dead process leaves, and that nothing is left out."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from components.records.layout import claim_path, claims_path, plan_path, shard_path, trial_path
from components.records.local_store import LocalStore
from components.records.store import open_search, read_record, require_record, write_record
from components.rounds.shards import ONE_RUN, Claim, ShardRecord, complete_shard
from tests.components.rounds.shard_worker import NEEDS, is_rejected
from tests.round_records import candidate, plan

ROOT = Path(__file__).parents[3]
ROUND = "rounds/00001"
FIRST, SECOND = shard_path(ROUND, 0), shard_path(ROUND, 1)


def sized(name, traffic_bytes):
    """A candidate of one network that takes so long; everything else of it costs next to nothing."""
    costs = {"parameters": 1.0, "multiply_adds": 1.0, "activation_bytes": 1.0, "traffic_bytes": float(traffic_bytes)}
    return candidate(name, ("net",), costs={"net": costs})


def round_of_five(store, shards=2):
    """Five candidates a to e, of which b takes longest, then d, then the others in the plan's order."""
    return write_record(
        store,
        plan_path(ROUND),
        plan([sized(name, cost) for name, cost in zip("abcde", (10, 50, 10, 40, 10))], shards=shards),
    )


@pytest.fixture
def store(tmp_path):
    store = open_search(str(tmp_path))
    round_of_five(store)
    return store


def without_record(of, one, names):
    return "probe.json" not in names


def put(store, one):
    store.create(f"{trial_path(ROUND, one.id)}/probe.json", b"{}")


def evaluated(store, shard, run=ONE_RUN, *, queue="probe", is_due=without_record, during=lambda one: None):
    """Runs a shard's step; returns whom it evaluated, in that order. `during` runs while a candidate is in hand."""
    seen = []

    def evaluate(of, one):
        assert of.round == ROUND
        seen.append(one.id)
        during(one)
        put(store, one)

    complete_shard(store, shard, queue, is_due, evaluate, run)
    return seen


def claim_of(store, run, name, queue="probe"):
    return require_record(store, claim_path(ROUND, run, queue, name), Claim)


def test_a_shard_alone_does_the_whole_round_longest_first_and_says_so(store):
    assert evaluated(store, SECOND, run="7") == ["b", "d", "a", "c", "e"]
    assert read_record(store, f"{SECOND}/probe.json", ShardRecord) == ShardRecord(run="7", candidates=tuple("bdace"))
    assert claim_of(store, "7", "d") == Claim(run="7", shard=SECOND, queue="probe", candidate="d")


def test_while_one_candidate_is_in_hand_another_shard_does_all_the_others(store):
    """A slow one holds nobody up."""
    others = []
    assert evaluated(store, FIRST, during=lambda one: others.extend(evaluated(store, SECOND))) == ["b"]
    assert others == ["d", "a", "c", "e"]
    assert read_record(store, f"{FIRST}/probe.json", ShardRecord).candidates == ("b",)


def test_what_is_done_is_passed_over_by_every_run(store):
    assert evaluated(store, FIRST) != []
    assert evaluated(store, FIRST) == evaluated(store, SECOND) == evaluated(store, FIRST, run="another") == []
    assert store.paths(claims_path(ROUND, "another", "probe")) == []


def test_a_candidate_that_comes_due_meanwhile_is_claimed_in_the_same_step(store):
    ready = ["a"]

    def is_due(of, one, names):
        return one.id in ready and "probe.json" not in names

    assert evaluated(store, FIRST, is_due=is_due, during=lambda one: ready.append("d")) == ["a", "d"]


def test_the_names_in_a_candidates_folder_are_what_is_asked_with(store):
    store.create(f"{trial_path(ROUND, 'c')}/attempt-probe-1", b"")
    store.create(f"{trial_path(ROUND, 'c')}/verdict.json", b"{}")
    asked = {}
    evaluated(store, FIRST, is_due=lambda of, one, names: asked.update({one.id: names}))
    assert asked == {"a": [], "b": [], "c": ["attempt-probe-1", "verdict.json"], "d": [], "e": []}


class Died(BaseException):
    """Stands for the end of the process."""


def dies(store, shard, run, *, at):
    """A step whose process dies while it has a candidate in hand."""

    def die(one):
        if one.id == at:
            raise Died

    with pytest.raises(Died):
        evaluated(store, shard, run, during=die)


def test_the_same_step_of_the_same_run_resumes_its_own_claim_first(store):
    dies(store, FIRST, "7", at="d")
    assert evaluated(store, FIRST, "7") == ["d", "a", "c", "e"]
    dies(open_another(store), FIRST, "7", at="a")  # b and d are done, a is in hand: first, though c is alike
    assert evaluated(open_another(store, "again"), SECOND, "7")[:1] == ["b"]


def open_another(store, name="other"):
    """A second search, beside the first."""
    other = open_search(f"{store.uri}/{name}")
    round_of_five(other)
    return other


def test_an_own_claim_comes_before_longer_work_that_is_free(store):
    write_record(store, claim_path(ROUND, "7", "probe", "e"), Claim(run="7", shard=FIRST, queue="probe", candidate="e"))
    assert evaluated(store, FIRST, "7") == ["e", "b", "d", "a", "c"]


def test_what_a_dead_shard_has_in_hand_is_left_to_it_in_its_run_and_done_by_anyone_in_the_next(store):
    dies(store, FIRST, "7", at="b")
    assert evaluated(store, SECOND, "7") == ["d", "a", "c", "e"]  # the run fails: no record of b
    assert not store.exists(f"{trial_path(ROUND, 'b')}/probe.json")
    assert evaluated(store, SECOND, "8") == ["b"]
    assert claim_of(store, "8", "b").shard == SECOND and claim_of(store, "7", "b").shard == FIRST


def test_the_next_run_finishes_the_round_though_a_shards_step_had_ended_before(store):
    """The record of its shard, which the first run left, doesn't keep it from work."""
    evaluated(store, SECOND, "7", is_due=lambda of, one, names: one.id in "ac" and without_record(of, one, names))
    dies(store, FIRST, "7", at="b")
    assert evaluated(store, SECOND, "8") == ["b", "d", "e"]
    assert read_record(store, f"{SECOND}/probe.json", ShardRecord) == ShardRecord(run="7", candidates=("a", "c"))


def test_of_two_processes_of_one_step_the_second_does_what_the_first_has_in_hand_and_nothing_is_left_out(store):
    """Kubeflow has started a step again whose first process lives on, and dies later."""
    later = []

    def second_process(one):
        if one.id == "d":
            later.extend(evaluated(store, FIRST, "7"))
            raise Died

    with pytest.raises(Died):
        evaluated(store, FIRST, "7", during=second_process)
    assert later == ["d", "a", "c", "e"]


def test_two_runs_at_once_both_come_to_the_end(store):
    """They have a queue each; what is done twice, or found done, is the records' matter (`done_once`)."""
    other = []
    seen = evaluated(store, FIRST, "7", during=lambda one: one.id == "b" and other.extend(evaluated(store, FIRST, "8")))
    assert seen == other == ["b", "d", "a", "c", "e"]
    assert evaluated(store, SECOND, "7") == evaluated(store, SECOND, "8") == []


def test_every_queue_has_its_own_claims(store):
    """A candidate is profiled on each device."""
    never_done = {}

    def due_once(of, one, names):
        return one.id not in never_done

    for queue in ("profile-host", "profile-tpu-v5e"):
        never_done.clear()
        seen = evaluated(store, FIRST, queue=queue, is_due=due_once, during=lambda one: never_done.update({one.id: 1}))
        assert seen == ["b", "d", "a", "c", "e"]
        assert claim_of(store, ONE_RUN, "e", queue).queue == queue


def test_a_shard_is_not_complete_where_a_candidate_breaks_the_stage(store):
    def breaks(one):
        if one.id == "a":
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        evaluated(store, FIRST, during=breaks)
    assert not store.exists(f"{FIRST}/probe.json")
    assert [name for name in "abcde" if store.exists(f"{trial_path(ROUND, name)}/probe.json")] == ["b", "d"]


def test_a_shard_of_no_round_is_refused(store):
    with pytest.raises(FileNotFoundError, match=r"must hold rounds/00009/candidates.json"):
        evaluated(store, "rounds/00009/shards/0000")


class CountingStore(LocalStore):
    """Counts its requests."""

    def __init__(self, folder):
        super().__init__(folder)
        self.requests = Counter()

    def create(self, path, data):
        self.requests["create"] += 1
        return super().create(path, data)

    def read(self, path):
        self.requests["read"] += 1
        return super().read(path)

    def paths(self, prefix):
        self.requests["list"] += 1
        return super().paths(prefix)


def test_a_candidate_costs_one_request_and_a_shard_a_few_listings(tmp_path):
    """Each request is 30 ms or more on an object store."""
    counting, other = CountingStore(str(tmp_path)), open_search(str(tmp_path))
    names = [f"{number:03d}" for number in range(50)]
    write_record(other, plan_path(ROUND), plan([sized(name, 1) for name in names], shards=2))
    complete_shard(counting, FIRST, "probe", without_record, lambda of, one: put(other, one), ONE_RUN)
    assert counting.requests == {"create": 51, "read": 1, "list": 4}  # claims and shard's record; plan; twice two
    counting.requests.clear()
    complete_shard(counting, SECOND, "probe", without_record, lambda of, one: put(other, one), ONE_RUN)
    assert counting.requests == {"create": 1, "read": 1, "list": 2}


# Real processes, all phases, at once.


def start(store, shard, run, seed, deadly=0):
    command = [sys.executable, "-m", "tests.components.rounds.shard_worker", store.uri, shard, run, str(seed)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen([*command, *([str(deadly)] if deadly else [])], **pipes)


def run_together(workers):
    """Lets workers begin at the same moment and waits for them; returns their exit codes."""
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
    return [worker.returncode for worker in workers]


def many(tmp_path, shards, candidates=24):
    store = open_search(str(tmp_path))
    rng = np.random.default_rng(5)
    members = [sized(str(number), cost) for number, cost in enumerate(rng.integers(1, 100, candidates))]
    return store, write_record(store, plan_path(ROUND), plan(members, shards=shards))


def missing(store, of):
    """Records that a round lacks to be done."""
    wanted = [
        f"{trial_path(ROUND, one.id)}/{queue}.json"
        for one in of.candidates
        for queue in list(NEEDS)[: 2 if is_rejected(one.id) else None]
    ]
    return [path for path in wanted if not store.exists(path)]


def pieces_of_work(store):
    return Counter(tuple(line.split()[2:]) for line in (store.root / "log").read_text().splitlines())


@pytest.mark.parametrize("shards", [2, 4])
def test_shards_at_once_do_everything_once_whoever_is_first(shards, tmp_path):
    store, of = many(tmp_path, shards)
    assert run_together([start(store, shard_path(ROUND, index), "7", 0) for index in range(shards)]) == [0] * shards
    assert missing(store, of) == []
    work = pieces_of_work(store)
    assert len(work) == 24 + 24 + 18 + 18 and set(work.values()) == {1}  # a quarter ends with its verdict
    shares = Counter(line.split()[1] for line in (store.root / "log").read_text().splitlines())
    assert len(shares) >= 2  # they were at work at once; that a machine starves one of four for 0.1 s may happen


@pytest.mark.parametrize("again", ["the same step", "the next run"])
@pytest.mark.parametrize("deadly", [1, 40, 84])
def test_what_a_killed_shard_has_in_hand_is_all_that_its_run_lacks_and_is_done_afterwards(deadly, again, tmp_path):
    """In the first, a middle or the last piece: alone, it does 24 probes, 24 verdicts, 18 trainings, 18 profiles."""
    store, of = many(tmp_path, shards=3)
    assert run_together([start(store, SECOND, "7", 0, deadly)]) == [-signal.SIGKILL]
    others = [FIRST, shard_path(ROUND, 2)]
    assert run_together([start(store, shard, "7", 0) for shard in others]) == [0, 0]
    lost = {Path(path).parent.name for path in missing(store, of)}
    assert len(lost) == 1
    in_hand = [claim for claim in claims_of(store, "7") if claim.candidate in lost]
    assert [claim.shard for claim in in_hand] == [SECOND]
    taken_up = start(store, SECOND, "7", 0) if again == "the same step" else start(store, FIRST, "8", 0)
    assert run_together([taken_up]) == [0]
    assert missing(store, of) == []
    assert set(pieces_of_work(store).values()) == {1}


def claims_of(store, run):
    """A run's claims whose work has no record."""
    claims = [require_record(store, path, Claim) for path in store.paths(f"{ROUND}/claims/{run}")]
    return [one for one in claims if not store.exists(f"{trial_path(ROUND, one.candidate)}/{one.queue}.json")]
