"""Update rules: every learning rate is probed in one trace, and the best one is trained in full from the start."""

import msgspec
import pytest

from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.hardware_benchmarking.stage import profile_shard
from components.records.layout import plan_path, trial_path, weights_path
from components.records.results import Plan, TrainingRecord, Verdict
from components.records.store import open_search, require_record, write_record
from components.rejection_screening.stage import screen_shard
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.outcomes import outcome
from tests.round_records import plan
from tests.small_search import description

RATES = [1e-5, 0.1, 1e15]  # learns nothing in so few steps; learns; overflows
ROUND = "rounds/00001"
SHARD = f"{ROUND}/shards/0000"


def search(folder, rule, *, kind="search", initialisations=1, **fields):
    """A round of one known rule on the digits."""
    store = open_search(str(folder))
    settings = {"networks": ["convnet"], "width": 0.25, "learning_rates": RATES}
    text = description(
        space={"name": "update_rule", "settings": settings},
        controller={"name": "random", "settings": {}},
        training={"probe_steps": 15, "full_steps": 30, "schedule": "constant", "weight_decay": 0.0},
        scoring={"latency_weight": 0.0},
        rejection={"stability": {"enabled": True}},  # which looks at models, and every rule has the same
        final_scaling={"baselines": ["SGD"]},
    )

    split_search_data(store, text)
    context = SearchContext(store)
    variants = [
        msgspec.structs.replace(one, name=f"{one.name}-i{number}", initialisation=number)
        for number in range(initialisations)
        for one in context.space.variants()
    ]
    spec = context.space.known[rule]
    candidate = make_candidate(context, spec, variants, origin="known")
    steps = {"probe_steps": 15, "full_steps": 30} | fields
    write_record(store, plan_path(ROUND), plan([candidate], kind=kind, round=ROUND, **steps))
    return store, candidate


def record_of(store, candidate, name):
    return require_record(store, f"{trial_path(ROUND, candidate.id)}/{name}.json", TrainingRecord)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """SGD, probed, judged and trained in full."""
    store, candidate = search(tmp_path_factory.mktemp("rule"), "SGD")
    train_shard(store, SHARD, "probe")
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    train_shard(store, SHARD, "full")
    return store, candidate


def test_every_rate_is_probed_in_one_trace(trained):
    store, candidate = trained
    trials = record_of(store, candidate, "probe").trials
    assert [trial.variant for trial in trials] == [one.name for one in candidate.variants]
    assert [trial.status for trial in trials] == ["trained", "trained", "non_finite"]
    assert sum(trial.traces["train"] for trial in trials) == 1


def test_the_best_rate_goes_on_and_one_that_diverged_rejects_nobody(trained):
    store, candidate = trained
    verdict = require_record(store, f"{trial_path(ROUND, candidate.id)}/verdict.json", Verdict)
    assert (verdict.reason, verdict.kept) == (None, (candidate.variants[1].name,))
    assert verdict.stability_norms == {}


def test_it_is_trained_from_the_start_and_its_weights_alone_are_kept(trained):
    """From the start: the full phase begins at step 0, so it takes all its steps; the probe's weights are of no use."""
    store, candidate = trained
    best = candidate.variants[1].name
    (trial,) = record_of(store, candidate, "training").trials
    assert (trial.variant, trial.status, trial.steps) == (best, "trained", 30)
    weights = [path for path in store.paths(ROUND) if path.endswith(".safetensors")]
    assert weights == [weights_path(ROUND, candidate.id, "full", best)]
    found = outcome(store, require_record(store, plan_path(ROUND), Plan), candidate, SearchContext(store).search)
    assert (found.fitness, found.variants) == ((trial.accuracy,), (best,))


def test_a_rule_that_diverges_at_every_rate_is_rejected_for_that(tmp_path):
    store, candidate = search(tmp_path, "SGD")
    context = SearchContext(store)
    vast = tuple(
        msgspec.structs.replace(one, learning_rate=1e15 * (number + 1)) for number, one in enumerate(candidate.variants)
    )
    store.delete(plan_path(ROUND))
    candidate = make_candidate(context, context.space.known["SGD"], vast, origin="known")
    write_record(store, plan_path(ROUND), plan([candidate], round=ROUND, probe_steps=15))
    train_shard(store, SHARD, "probe")
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    verdict = require_record(store, f"{trial_path(ROUND, candidate.id)}/verdict.json", Verdict)
    assert (verdict.reason, verdict.kept) == ("non_finite", ())


def test_further_initialisations_are_trained_at_the_rate_that_the_first_found(tmp_path):
    """In finishing rounds: 3 rates once and then the best of them, with other weights and rows."""
    store, candidate = search(tmp_path, "SGD", kind="rerank", initialisations=3, probe_steps=0)
    profile_shard(store, SHARD)
    train_shard(store, SHARD, "full")
    trials = record_of(store, candidate, "training").trials
    status = {trial.variant: trial.status for trial in trials}
    further = ["not_built", "trained", "not_built"]
    assert [status[one.name] for one in candidate.variants] == ["trained", "trained", "non_finite", *further * 2]
    found = outcome(store, require_record(store, plan_path(ROUND), Plan), candidate, SearchContext(store).search)
    assert len(found.fitness) == 3
    assert len({trial.loss for trial in trials if trial.variant in found.variants}) == 3
