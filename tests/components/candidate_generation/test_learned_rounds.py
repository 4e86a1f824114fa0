"""Rounds of a learned controller: its arrays lie beside the plan, whoever dies or races, and the search goes on there.

Candidates are judged by hand (a reward from the canonical id), so that nothing is trained.
"""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest

from components.candidate_generation import stage
from components.candidate_generation.stage import propose_round
from components.controllers.policy_state import pack, unpack
from components.data_split.stage import split_search_data
from components.multi_objective_scoring.weights import delete_weights
from components.records.layout import committed_rounds, controller_path, plan_path, scores_path, search_round
from components.records.results import Plan, ScoredCandidate, Scores
from components.records.store import DamagedRecord, open_search, require_record, write_record
from components.rounds.context import SearchContext
from components.rounds.learning import controller_of, learnt_state
from tests.small_search import description

ROOT = Path(__file__).parents[3]
RNN = {"name": "rnn", "settings": {"batch": 3, "learning_rate": 0.001, "units": 16, "embedding": 8}}
PROPOSE = """
import sys
from components.candidate_generation.stage import propose_round
from components.records.store import open_search
print(propose_round(open_search(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A search whose data are split, with two rounds of four candidates and budget for many."""
    folder = tmp_path_factory.mktemp("learned") / "search"
    store = open_search(str(folder))
    split_search_data(store, description(controller=RNN, budget={"candidates": 40}))
    for _ in range(2):
        propose_round(store)
        commit(store)
    return folder


@pytest.fixture
def store(begun, tmp_path):
    return open_search(str(shutil.copytree(begun, tmp_path / "search")))


def plan_of(store, number):
    return require_record(store, plan_path(search_round(number)), Plan)


def commit(store, another_round=True):
    """Judges the proposed round: every third candidate is rejected, the others' rewards come from their ids."""
    here = search_round(len(committed_rounds(store)) + 1)
    plan = require_record(store, plan_path(here), Plan)
    scored = [
        ScoredCandidate(id=one.id, round=here, spec=one.spec, reason="quality")
        if at % 3 == 2
        else ScoredCandidate(id=one.id, round=here, spec=one.spec, reason=None, fitness=(int(one.id[:4], 16) / 65536,))
        for at, one in enumerate(plan.candidates)
    ]
    number = 4 * (len(committed_rounds(store)) + 1)
    scores = Scores(kind="search", round=here, scored=tuple(scored), candidates=number, another_round=another_round)
    return write_record(store, scores_path(here), scores)


def proposed(store, number):
    """What a round's plan says but when it was made, and the bytes beside it."""
    plan = msgspec.structs.replace(plan_of(store, number), span=None)
    return plan, store.read(controller_path(plan.round))


def test_the_plan_names_the_arrays_beside_it(store):
    propose_round(store)
    for number in (1, 2, 3):
        plan, tensors = proposed(store, number)
        assert plan.controller_sha256 == sha256(tensors).hexdigest()
        assert {one.origin for one in plan.candidates} == {"policy"}
        # Of each four candidates all are judged: 3 make an update, 8 have made two, whose 2 left over wait.
        waiting = len(unpack(tensors).rewards)
        assert (plan.controller_state["judged"], plan.controller_state["updates"], waiting) == {
            1: (0, 0, 0), 2: (4, 1, 1), 3: (8, 2, 2),
        }[number]  # fmt: skip
        assert np.array_equal(unpack(tensors).weights.kernel, unpack(proposed(store, 1)[1]).weights.kernel) == (
            number == 1
        )


def test_no_round_of_another_controller_has_arrays(tmp_path):
    store = open_search(str(tmp_path))
    split_search_data(store, description())
    propose_round(store)
    assert plan_of(store, 1).controller_sha256 is None
    assert not store.exists(controller_path("rounds/00001"))


def test_killed_between_arrays_and_plan_the_round_is_the_unbroken_one(store, tmp_path, monkeypatch):
    unbroken = open_search(str(shutil.copytree(store.root, tmp_path / "unbroken")))
    propose_round(unbroken)

    def killed(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stage, "screened_proposals", killed)
        with pytest.raises(KeyboardInterrupt):
            propose_round(store)
    assert store.exists(controller_path("rounds/00003")) and not store.exists(plan_path("rounds/00003"))
    propose_round(store)
    assert proposed(store, 3) == proposed(unbroken, 3)


def test_a_search_in_one_process_a_round_is_the_one_in_one_process(store, tmp_path):
    """Each step of a pipeline is a process; these hash differently, too. Plans and arrays are equal bit for bit."""
    apart = open_search(str(shutil.copytree(store.root, tmp_path / "apart")))
    for number in (3, 4):
        propose_round(store)
        commit(store)
        environment = os.environ | {"PYTHONHASHSEED": str(number)}
        subprocess.run([sys.executable, "-c", PROPOSE, str(apart.root)], cwd=ROOT, env=environment, check=True)
        commit(apart)
        assert proposed(apart, number) == proposed(store, number)


def test_a_round_is_proposed_from_the_arrays_that_lie_there(store, tmp_path):
    """Another process wrote them first, on a machine whose last bits differ: here by far more, so that it shows."""
    alone = open_search(str(shutil.copytree(store.root, tmp_path / "alone")))
    propose_round(alone)
    learner = unpack(alone.read(controller_path("rounds/00003")))
    others = pack(learner._replace(weights=learner.weights._replace(output=learner.weights.output[:, :, ::-1])))
    assert store.create(controller_path("rounds/00003"), others)
    propose_round(store)
    plan, tensors = proposed(store, 3)
    assert tensors == others and plan.controller_sha256 == sha256(others).hexdigest()
    assert plan.candidates != proposed(alone, 3)[0].candidates
    commit(store)
    context = SearchContext(store)
    state = learnt_state(context, controller_of(context), committed_rounds(store))
    before = unpack(others).weights.output
    # Two updates of 4 steps of Adam at 0.001 move no weight by more than 0.01.
    assert abs(unpack(state.tensors).weights.output - before).max() < 0.01


def test_racing_processes_leave_one_consistent_round(store):
    racers = [
        subprocess.Popen([sys.executable, "-c", PROPOSE, str(store.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {racer.communicate(timeout=120)[0] for racer in racers}
    assert len(said) == 1 and [racer.returncode for racer in racers] == [0, 0, 0]
    plan, tensors = proposed(store, 3)
    assert plan.controller_sha256 == sha256(tensors).hexdigest()


def test_arrays_that_are_not_the_plans_are_refused(store):
    path = controller_path("rounds/00002")
    damaged = bytearray(store.read(path))
    damaged[-1] ^= 1
    store.delete(path)
    store.create(path, bytes(damaged))
    with pytest.raises(DamagedRecord, match=r"rounds/00002/controller\.safetensors` must have the sha256 of its plan"):
        propose_round(store)


def test_of_the_committed_rounds_the_newest_keeps_its_arrays(store):
    """It is what the next round, or a design drawn at the end, goes on from."""
    propose_round(store)
    delete_weights(store, require_record(store, scores_path("rounds/00002"), Scores))
    there = [store.exists(controller_path(search_round(number))) for number in (1, 2, 3)]
    assert there == [False, True, True]
    commit(store, another_round=False)
    delete_weights(store, require_record(store, scores_path("rounds/00003"), Scores))
    there = [store.exists(controller_path(search_round(number))) for number in (1, 2, 3)]
    assert there == [False, False, True]


def test_who_finds_the_arrays_deleted_takes_the_round_that_a_faster_run_proposed(store, tmp_path, monkeypatch):
    """Another run of the search proposes and commits the round while this one has just read which rounds there are."""
    here = committed_rounds(store)
    propose_round(store)
    delete_weights(store, commit(store))
    assert not store.exists(controller_path("rounds/00002"))
    monkeypatch.setattr(stage, "committed_rounds", lambda store: here)
    hidden = [True]
    read = stage.read_record

    def late(store, path, kind):
        return None if path == plan_path("rounds/00003") and hidden and hidden.pop() else read(store, path, kind)

    monkeypatch.setattr(stage, "read_record", late)
    assert propose_round(store) == ["rounds/00003/shards/0000", "rounds/00003/shards/0001"]


def test_without_the_arrays_a_search_cannot_go_on(store):
    store.delete(controller_path("rounds/00002"))
    with pytest.raises(FileNotFoundError, match=r"must hold rounds/00002/controller\.safetensors"):
        propose_round(store)


def test_a_new_design_is_drawn_from_what_the_whole_search_taught(store):
    propose_round(store)
    commit(store, another_round=False)
    context = SearchContext(store)
    controller = controller_of(context)
    state = learnt_state(context, controller, committed_rounds(store))
    assert (state.progress.judged, state.progress.updates) == (12, 4)
    first, second = (controller.propose(state, np.random.default_rng(5)) for _ in range(2))
    assert first == second and first.origin == "policy"
    assert context.space.canonical(first.spec)


def test_the_first_state_depends_on_the_searchs_seed(tmp_path):
    arrays = set()
    for seed in (1, 1, 2):
        store = open_search(str(tmp_path / f"{len(arrays)}-{seed}"))
        split_search_data(store, description(controller=RNN, seed=seed))
        propose_round(store)
        arrays.add(proposed(store, 1)[1])
    assert len(arrays) == 2
