"""Training candidates: in the networks' order, no further than needed, the same bits when resumed."""

import time

import msgspec
import pytest

from components.candidate_training import trials
from components.candidate_training.stage import train_in_child, train_shard
from components.candidate_training.trials import Trainer
from components.hardware_benchmarking.stage import profile_shard
from components.records.layout import claim_path, plan_path, trial_path, weights_path
from components.records.results import Plan, TrainingRecord
from components.records.store import open_search, read_record, require_record, write_record
from components.rejection_screening.stage import screen_shard
from components.rounds.predicted_work import longest_first
from components.search_spaces.norm_act_layer.space import NormActLayerSpace
from tests.small_search import description

ROUND = "rounds/00001"
SHARD = f"{ROUND}/shards/0000"


def plan_of(store):
    return require_record(store, plan_path(ROUND), Plan)


def replanned(store, candidates, *, search=None, **fields):
    """Puts a plan of these candidates in one shard, and perhaps another description, in the place of what is there."""
    plan = msgspec.structs.replace(plan_of(store), candidates=tuple(candidates), shards=1, **fields)
    store.delete(plan_path(ROUND))
    write_record(store, plan_path(ROUND), plan)
    if search is not None:
        store.delete("search.yaml")
        store.create("search.yaml", description(**search).encode())
    return plan


def record_of(store, candidate, name="probe"):
    return read_record(store, f"{trial_path(ROUND, candidate.id)}/{name}.json", TrainingRecord)


def weights(store):
    return [path for path in store.paths(ROUND) if path.endswith(".safetensors")]


def survivor(small_search):
    """A candidate of the first round that was trained in full in both networks."""
    store = open_search(str(small_search.at["finished"]))
    return next(one for one in plan_of(store).candidates if record_of(store, one, "training"))


@pytest.fixture
def no_training(monkeypatch):
    """Fails where data are loaded to train on."""

    def refuse(trainer):
        raise AssertionError("nothing should be trained")

    monkeypatch.setattr(Trainer, "feed", property(refuse))


def test_networks_are_probed_in_turn_and_under_any_no_further_than_the_first_failure(small_search):
    store = open_search(str(small_search.at["probed"]))
    for candidate in plan_of(store).candidates:
        probe = record_of(store, candidate)
        assert [trial.variant for trial in probe.trials] == [variant.name for variant in candidate.variants]
        good = [trial.status == "trained" and trial.accuracy >= 0.15 for trial in probe.trials]
        tried = [trial.status != "not_built" for trial in probe.trials]
        assert tried == [all(good[:index]) for index in range(len(good))]
        kept = [weights_path(ROUND, candidate.id, "probe", variant.name) for variant in candidate.variants]
        assert [store.exists(path) for path in kept] == [all(good)] * 2


def test_under_any_the_first_network_that_fails_is_the_last_one(small_search, store_at):
    """The bar is put just above what a survivor reached in its first network."""
    candidate, store = survivor(small_search), store_at("proposed")
    reached = record_of(open_search(str(small_search.at["probed"])), candidate).trials[0].accuracy
    replanned(store, [candidate], probe_steps=30, search={"rejection": {"quality_threshold": reached + 1e-6}})
    train_shard(store, SHARD, "probe")
    first, second = record_of(store, candidate).trials
    assert (first.status, first.accuracy, second.status) == ("trained", reached, "not_built")
    assert not [path for path in store.paths(trial_path(ROUND, candidate.id)) if path.endswith("safetensors")]


def test_under_none_every_network_is_probed(store_at):
    store = store_at("proposed")
    (candidate, *_) = plan_of(store).candidates
    replanned(store, [candidate], probe_steps=2, search={"rejection": {"rule": "none", "quality_threshold": 1.0}})
    train_shard(store, SHARD, "probe")
    assert "not_built" not in {trial.status for trial in record_of(store, candidate).trials}


def test_the_full_phase_continues_the_probe_bit_for_bit(small_search, store_at):
    """The search trained 30 steps, let go, and trained 20 more; here 50 run unbroken."""
    finished = open_search(str(small_search.at["finished"]))
    candidate, store = survivor(small_search), store_at("proposed")
    replanned(store, [candidate], probe_steps=0)
    profile_shard(store, SHARD)  # without a probe, the profile decides who is trained
    train_shard(store, SHARD, "full")
    unbroken, resumed = record_of(store, candidate, "training"), record_of(finished, candidate, "training")
    for ours, theirs in zip(unbroken.trials, resumed.trials, strict=True):
        assert (ours.steps, ours.accuracy, ours.nll, ours.loss) == (50, theirs.accuracy, theirs.nll, theirs.loss)
        path = weights_path(ROUND, candidate.id, "full", ours.variant)
        assert store.read(path) == finished.read(path) is not None


def test_a_child_process_trains_what_this_process_trains(small_search, store_at):
    finished, store, candidate = open_search(str(small_search.at["finished"])), store_at("proposed"), None
    candidate = survivor(small_search)
    ours = train_in_child(store, ROUND, candidate.id, "probe")
    theirs = record_of(finished, candidate)
    assert [trial.accuracy for trial in ours.trials] == [trial.accuracy for trial in theirs.trials]


def test_a_candidate_that_verdicts_end_is_not_trained_in_full(small_search):
    store = open_search(str(small_search.at["finished"]))
    for candidate in plan_of(store).candidates:
        kept = msgspec.json.decode(store.read(f"{trial_path(ROUND, candidate.id)}/verdict.json"))["kept"]
        record = record_of(store, candidate, "training")
        assert [trial.variant for trial in record.trials] if record else kept == []


def test_a_design_that_cannot_be_built_has_failed_and_the_next_one_is_trained(store_at, small_search, monkeypatch):
    store, good = store_at("proposed"), survivor(small_search)
    bad = next(one for one in plan_of(store).candidates if one.id != good.id)
    replanned(store, [bad, good], probe_steps=2, search={"rejection": {"quality_threshold": 0.0}})
    build = NormActLayerSpace.build

    def build_but_one(space, spec, *rest):
        if space.canonical(spec) == bad.id:
            raise ValueError("a shape that does not fit")
        return build(space, spec, *rest)

    monkeypatch.setattr(NormActLayerSpace, "build", build_but_one)
    train_shard(store, SHARD, "probe")
    assert record_of(store, bad).failed == "ValueError: a shape that does not fit"
    assert record_of(store, good).failed is None
    assert all(good.id in path for path in weights(store)) and weights(store)
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    verdict = msgspec.json.decode(store.read(f"{trial_path(ROUND, bad.id)}/verdict.json"))
    assert (verdict["reason"], verdict["detail"]) == ("failed", "ValueError: a shape that does not fit")


def test_a_design_over_a_size_limit_is_not_built(store_at, no_training):
    store = store_at("proposed")
    (candidate, *_) = plan_of(store).candidates
    replanned(store, [candidate], search={"rejection": {"size": {"parameters": 1}}})
    train_shard(store, SHARD, "probe")
    assert [trial.status for trial in record_of(store, candidate).trials] == ["not_built"] * 2
    assert weights(store) == []


def test_what_has_its_record_is_not_trained_again(store_at, no_training):
    """Not even where the shard's record, which no step reads, is missing."""
    store = store_at("finished")
    store.delete(f"{SHARD}/probe.json")
    train_shard(store, SHARD, "probe")
    train_shard(store, SHARD, "full")
    assert store.exists(f"{SHARD}/probe.json")


def test_a_round_without_seconds_trains_nothing(store_at):
    store = store_at("proposed")
    candidates = plan_of(store).candidates[:2]
    replanned(store, candidates, seconds_left=0.0)
    train_shard(store, SHARD, "probe")
    for candidate in candidates:
        assert [trial.status for trial in record_of(store, candidate).trials] == ["time_up", "not_built"]
        assert record_of(store, candidate).trials[0].steps == 0
    assert weights(store) == []


def test_the_end_of_the_time_ends_a_training_within_a_step(store_at, small_search, monkeypatch):
    """4 s for a training of a million steps, of which one takes some milliseconds."""
    seconds, store, candidate = 4.0, store_at("proposed"), survivor(small_search)
    plan = replanned(store, [candidate], seconds_left=seconds, probe_steps=10**6, full_steps=10**6)
    monkeypatch.setattr(trials, "deadline", lambda store, plan: time.monotonic() + plan.seconds_left)
    start = time.monotonic()
    train_shard(store, SHARD, "probe")
    assert seconds < time.monotonic() - start < seconds + 10  # what follows is an evaluation
    first, second = record_of(store, candidate).trials
    assert first.status == "time_up" and 0 < first.steps < plan.probe_steps
    assert second.status == "not_built"
    assert weights(store) == []


def test_a_broken_stage_is_no_bad_candidate(store_at):
    """Where the rows are missing, every candidate would fail: the step does instead, and nothing is recorded.

    But for the claim, so that the same step, tried again, begins with this candidate.
    """
    store = store_at("proposed")
    before = store.paths(ROUND)
    (first, *_) = longest_first(plan_of(store))
    store.delete("data/train-x.npy")
    with pytest.raises(FileNotFoundError, match=r"must hold data/train-x.npy: its data is not split yet"):
        train_shard(store, SHARD, "probe")
    assert sorted(store.paths(ROUND)) == sorted([*before, claim_path(ROUND, "one", "probe", first.id)])


def test_a_probe_whose_weights_are_lost_is_not_continued_from_nothing(store_at, small_search):
    candidate, store = survivor(small_search), store_at("probed")
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    replanned(store, [candidate])
    path = weights_path(ROUND, candidate.id, "probe", "preact_resnet")
    store.delete(path)
    with pytest.raises(FileNotFoundError, match=f"must hold {path}"):
        train_shard(store, SHARD, "full")
    assert record_of(store, candidate, "training") is None
