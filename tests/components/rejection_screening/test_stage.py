"""Verdicts after the probe: each reason by a layer that deserves it, and the rules `any` and `none`."""

import shutil
from itertools import pairwise

import pytest

from components.candidate_training.stage import train_shard
from components.hardware_benchmarking.stage import profile_shard
from components.records.layout import MANIFEST, plan_path, trial_path
from components.records.manifest import DataManifest
from components.records.results import Plan, Span, TrainingRecord, TrialResult, Variant, Verdict
from components.records.store import open_search, require_record, write_record
from components.rejection_screening.stage import screen_shard
from components.rounds.candidates import make_candidate
from components.rounds.predicted_work import longest_first
from components.search_spaces.registry import open_space
from tests.bare_context import BareContext
from tests.oracles.norm_act_rejects import NON_FINITE, POOR_QUALITY, UNSTABLE
from tests.round_records import candidate, plan, profile_of, put_probe, put_profile, trial
from tests.small_search import description

ROUND, SHARD = "rounds/00001", "rounds/00001/shards/0000"
SETTINGS = {"groups": 32, "networks": ["preact_resnet"], "width": 1.0, "depth": 1.0}
STABILITY = {"enabled": True, "steps": 20, "rate": 0.1, "batch_size": 16}
LAYERS = {"non_finite": NON_FINITE, "quality": POOR_QUALITY, "stability": UNSTABLE}


def verdict_of(store, one):
    return require_record(store, f"{trial_path(ROUND, one.id)}/verdict.json", Verdict)


@pytest.fixture(scope="module")
def judged(small_search, tmp_path_factory):
    """Verdicts of the real layers by name, beside BN-ReLU and a BN-ReLU twice as wide, which is over the limit."""
    store = open_search(str(shutil.copytree(small_search.at["split"], tmp_path_factory.mktemp("judged") / "search")))
    space = open_space("norm_act_layer", SETTINGS)
    manifest = require_record(store, MANIFEST, DataManifest)
    specs = LAYERS | {"good": space.known["BN-ReLU"], "size": space.known["EvoNorm-B0"]}
    wide = {"size": [Variant(name="preact_resnet", network="preact_resnet", width=2.0)]}
    made = {
        name: make_candidate(BareContext(space, manifest), spec, wide.get(name, space.variants()), origin="random")
        for name, spec in specs.items()
    }
    limit = 2 * int(made["good"].costs["preact_resnet"]["parameters"])  # twice as wide is four times as many
    store.delete("search.yaml")
    text = description(
        space={"settings": SETTINGS},
        training={"probe_steps": 50, "full_steps": 100, "batch_size": 64},
        rejection={"quality_threshold": 0.2, "stability": STABILITY, "size": {"parameters": limit}},
    )
    store.create("search.yaml", text.encode())
    span = Span(start_seconds=0.0, duration_seconds=0.0)
    of = plan(made.values(), probe_steps=50, full_steps=100, span=span)
    write_record(store, plan_path(ROUND), of)
    train_shard(store, SHARD, "probe")
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    return {name: verdict_of(store, one) for name, one in made.items()}


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("non_finite", "preact_resnet: loss not finite at step "),
        ("quality", "preact_resnet: accuracy 0."),
        ("stability", "preact_resnet: worst gradient norm "),
        ("size", "parameters "),
    ],
)
def test_each_reason_is_given_to_a_layer_that_deserves_it(judged, name, detail):
    assert judged[name].reason == name
    assert judged[name].detail.startswith(detail)
    assert judged[name].kept == ()


def test_batch_normalisation_with_a_rectifier_goes_on(judged):
    good = judged["good"]
    assert (good.reason, good.kept) == (None, ("preact_resnet",))
    assert good.stability_norms["preact_resnet"] < 1e8


def test_the_stability_test_runs_for_those_only_that_are_good_enough(judged):
    """It costs more than the probe."""
    assert {name for name, verdict in judged.items() if verdict.stability_norms} == {"stability", "good"}
    worst = judged["stability"].stability_norms["preact_resnet"]
    assert worst is None or worst > 1e8


def test_a_rejection_saves_training_and_a_size_limit_predicts_none(judged):
    assert judged["quality"].predicted_saved_seconds > 0
    assert judged["stability"].predicted_saved_seconds > 0
    assert judged["good"].predicted_saved_seconds == 0
    assert judged["size"].predicted_saved_seconds > 0


# Layers trained for a few steps in networks that are listed dearest first.


def screened(store, spec, *, rule="any", training=None, **stability):
    """The verdict of a layer whose quality nobody asks for."""
    settings = {"groups": 32, "networks": ["efficientnet", "preact_resnet"], "width": 1.0, "depth": 1.0}
    space = open_space("norm_act_layer", settings)
    manifest = require_record(store, MANIFEST, DataManifest)
    one = make_candidate(BareContext(space, manifest), spec, space.variants(), origin="random")
    store.delete("search.yaml")
    text = description(
        space={"settings": settings},
        training={"probe_steps": 10, "full_steps": 100, **(training or {})},
        rejection={"quality_threshold": 0.0, "rule": rule, "stability": {**STABILITY, **stability}},
    )
    store.create("search.yaml", text.encode())
    span = Span(start_seconds=0.0, duration_seconds=0.0)
    write_record(store, plan_path(ROUND), plan([one], probe_steps=10, full_steps=100, span=span))
    train_shard(store, SHARD, "probe")
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    return verdict_of(store, one)


def copied(small_search, folder):
    return open_search(str(shutil.copytree(small_search.at["split"], folder)))


def test_under_any_the_cheapest_network_is_tested_first_and_its_failure_ends_the_test(small_search, tmp_path):
    """Under `none` the other one is tested too, and goes on where it is below a threshold between the two norms."""
    both = screened(copied(small_search, tmp_path / "1"), UNSTABLE, rule="none", networks="all", steps=2)
    assert (both.reason, list(both.stability_norms)) == (None, ["preact_resnet", "efficientnet"])
    (small, stable), (large, _) = sorted((norm, name) for name, norm in both.stability_norms.items())
    between = {"networks": "all", "steps": 2, "threshold": (small * large) ** 0.5}
    one = screened(copied(small_search, tmp_path / "2"), UNSTABLE, rule="none", **between)
    assert (one.reason, one.kept) == (None, (stable,))
    store = copied(small_search, tmp_path / "3")
    neither = screened(store, UNSTABLE, **(between | {"threshold": small / 2}))
    assert (neither.reason, list(neither.stability_norms)) == ("stability", ["preact_resnet"])
    assert neither.detail.startswith("preact_resnet: worst gradient norm ")
    probe = require_record(store, f"{trial_path(ROUND, neither.candidate)}/probe.json", TrainingRecord)
    assert [trial.variant for trial in probe.trials] == ["preact_resnet", "efficientnet"]


def norm_from(small_search, folder, *checkpoints, learning_rate=0.1):
    """The largest norm of EvoNorm-S0 in the cheapest network."""
    store = copied(small_search, folder)
    spec = open_space("norm_act_layer", {}).known["EvoNorm-S0"]
    training = {"learning_rate": learning_rate, "weight_decay": 0.0}
    found = screened(store, spec, training=training, networks="cheapest", checkpoints=list(checkpoints), steps=2)
    return found.stability_norms["preact_resnet"]


def test_the_test_starts_from_the_weights_of_its_checkpoints(small_search, tmp_path):
    """A training that moves nothing leaves the initial weights; one that moves them changes the norm by far more.

    How much depends on the processor: as little as 2.7% was seen. The bound is 50 times what the unmoved may differ.
    """
    initial, probe = (norm_from(small_search, tmp_path / one, one) for one in ("initial", "probe"))
    assert norm_from(small_search, tmp_path / "unmoved", "probe", learning_rate=1e-9) == pytest.approx(
        initial, rel=1e-4
    )
    assert abs(probe / initial - 1) > 0.005
    assert norm_from(small_search, tmp_path / "both", "initial", "probe") == max(initial, probe)


# By hand: two networks, no stability test, threshold 0.15 as in the small search.

FINE, POOR = trial("small", 0.5), trial("large", 0.1)
BROKEN = trial("large", None, status="non_finite", steps=7)
NOT_BUILT = TrialResult(variant="large", status="not_built")


def verdict(tmp_path, trials, *, rule="any", size=None, **probe):
    store = open_search(str(tmp_path))
    rejection = {"rule": rule, "size": size or {}}
    store.create("search.yaml", description(rejection=rejection).encode())
    one = candidate("a")
    of = plan([one])
    write_record(store, plan_path(ROUND), of)
    if trials is not None:
        put_probe(store, of, one, trials, **probe)
    profile_shard(store, SHARD)
    screen_shard(store, SHARD)
    return verdict_of(store, one)


@pytest.mark.parametrize(
    ("trials", "any_says", "none_says"),
    [
        ([FINE, trial("large", 0.15)], (None, ("small", "large")), (None, ("small", "large"))),
        ([FINE, POOR], ("quality", ()), (None, ("small", "large"))),
        ([FINE, BROKEN], ("non_finite", ()), (None, ("small",))),
        ([FINE, trial("large", 0.9, nll=None)], ("non_finite", ()), (None, ("small",))),
        ([trial("small", 0.1), POOR], ("quality", ()), ("quality", ())),
        ([trial("small", 0.1), BROKEN], ("quality", ()), ("quality", ())),
        ([trial("small", 0.1), NOT_BUILT], ("quality", ()), ("quality", ())),
        ([trial("small", None, status="non_finite", steps=3), POOR], ("non_finite", ()), ("non_finite", ())),
    ],
    ids=["both", "one poor", "one broken", "outputs", "both poor", "poor, broken", "not tried", "broken, poor"],
)
def test_any_asks_for_all_networks_and_none_for_one(tmp_path, trials, any_says, none_says):
    for rule, (reason, kept) in (("any", any_says), ("none", none_says)):
        found = verdict(tmp_path / rule, trials, rule=rule)
        assert (found.reason, found.kept) == (reason, kept)


def test_the_detail_has_the_numbers(tmp_path):
    assert verdict(tmp_path / "1", [FINE, POOR]).detail == "large: accuracy 0.100 < 0.15"
    assert verdict(tmp_path / "2", [FINE, BROKEN]).detail == "large: loss not finite at step 7"


def test_a_size_limit_speaks_before_the_probe_is_even_looked_at(tmp_path):
    found = verdict(tmp_path, [], failed="process died: signal 9", size={"multiply_adds": 999})
    assert (found.reason, found.detail) == ("size", "multiply_adds 1000 > 999")


def timed(folder, latencies, *, limit=5.0, **profile):
    """The store of a candidate whose probe is fine, with its profile if it has latencies (ms by network)."""
    store = open_search(str(folder))
    measured = {"latency": "measured", "device": "host"}
    store.create("search.yaml", description(scoring=measured, rejection={"measured_latency_ms": limit}).encode())
    one = candidate("a")
    write_record(store, plan_path(ROUND), plan([one], full_steps=60))
    put_probe(store, plan([one]), one, [FINE, trial("large", 0.5, step_seconds=0.5)])
    if latencies is not None:
        put_profile(store, plan([one]), one, [profile_of(*each) for each in latencies.items()], **profile)
    screen_shard(store, SHARD)
    return store


def test_what_is_too_slow_is_not_trained_in_full(tmp_path):
    """The slowest network decides, and the limit itself is within it."""
    slow = timed(tmp_path / "1", {"small": 2.0, "large": 8.0})
    found = verdict_of(slow, candidate("a"))
    assert (found.reason, found.kept, found.detail) == ("latency", (), "large: measured 8 ms > 5 ms")
    assert found.predicted_saved_seconds > 0
    train_shard(slow, SHARD, "full")
    assert not slow.exists(f"{trial_path(ROUND, 'a')}/training.json")
    fast = timed(tmp_path / "2", {"small": 2.0, "large": 8.0}, limit=8.0)
    assert verdict_of(fast, candidate("a")).kept == ("small", "large")


def test_what_the_device_cannot_run_is_not_trained_in_full(tmp_path):
    found = verdict_of(timed(tmp_path, {}, failed="InvalidArgumentError: no kernel"), candidate("a"))
    assert (found.reason, found.detail) == ("failed", "InvalidArgumentError: no kernel")


def test_a_candidate_is_judged_by_whoever_screens_after_it_was_profiled(tmp_path):
    """While another shard measures it, nobody may let it pass unmeasured."""
    store = timed(tmp_path, None)
    assert not store.exists(f"{trial_path(ROUND, 'a')}/verdict.json")
    put_profile(store, plan([candidate("a")]), candidate("a"), [profile_of("small", 2.0), profile_of("large", 8.0)])
    screen_shard(store, f"{ROUND}/shards/0001")
    assert verdict_of(store, candidate("a")).reason == "latency"


def test_what_is_not_probed_yet_is_left_to_whoever_probes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must hold .*/verdict.json"):
        verdict(tmp_path, None)


def test_what_could_not_be_trained_has_failed(tmp_path):
    found = verdict(tmp_path, [], failed="process died: signal 9")
    assert (found.reason, found.detail) == ("failed", "process died: signal 9")


def test_what_time_cut_off_is_not_judged_by_its_quality(tmp_path):
    found = verdict(tmp_path, [trial("small", 0.01, status="time_up", steps=4), NOT_BUILT])
    assert (found.reason, found.predicted_saved_seconds) == ("time_up", 0.0)


def test_a_verdict_stands_though_the_rules_change(tmp_path):
    first = verdict(tmp_path, [FINE, POOR])
    store = open_search(str(tmp_path))
    store.delete("search.yaml")
    store.create("search.yaml", description(rejection={"rule": "none"}).encode())
    store.delete(f"{SHARD}/verdicts.json")
    screen_shard(store, SHARD)
    assert verdict_of(store, candidate("a")) == first


def test_the_spans_of_a_shard_leave_no_time_out(small_search):
    """Verdicts of one step follow each other without a gap, so that the cost of screening is all of it."""
    store = open_search(str(small_search.at["finished"]))
    of = require_record(store, plan_path(ROUND), Plan)
    spans = [verdict_of(store, one).span for one in longest_first(of)]  # the first shard's, which was alone
    for before, after in pairwise(spans):
        assert after.start_seconds == pytest.approx(before.start_seconds + before.duration_seconds, abs=1e-3)
