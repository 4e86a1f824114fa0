"""What became of a candidate, told from its records."""

import math

import msgspec
import pytest

from components.records.results import ScoredCandidate, Variant
from components.records.search import Choice, FinalScaling, Rejection, Scoring, Target, TargetTraining, Training
from components.records.store import open_search
from components.records.training_section import WeightSharing
from components.rounds.outcomes import best_first, outcome, scored_candidate
from tests.round_records import (
    candidate,
    plan,
    profile_of,
    put_profile,
    put_training,
    put_verdict,
    search_of,
    trial,
)

ONE = candidate("a")
ROUND = plan([ONE])
MEASURED = Scoring()
SEARCH = search_of()
UNDER_NONE = search_of(rejection=Rejection(rule="none"))
LIMITED = search_of(rejection=Rejection(measured_latency_ms=5.0))


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def trained(store, trials, profiles=(), of=ROUND):
    if of.probe_steps:
        put_verdict(store, of, ONE)
    put_training(store, of, ONE, trials)
    if profiles:
        put_profile(store, of, ONE, profiles)
    return outcome(store, of, ONE, SEARCH)


def test_fitness_is_a_vector_in_the_order_of_the_variants(store):
    """Whatever the order of the trials: dominance compares the entries one by one."""
    found = trained(store, [trial("large", 0.75), trial("small", 0.5)])
    assert (found.reason, found.fitness) == (None, (0.5, 0.75))


def test_a_network_that_was_not_kept_counts_nothing(store):
    assert trained(store, [trial("large", 0.75)]).fitness == (0.0, 0.75)


def test_costs_are_geometric_means_over_the_variants(store):
    profiles = [
        profile_of("small", 2.0, intensity=3.0, efficiency=0.2),
        profile_of("large", 8.0, intensity=12.0, efficiency=0.8),
    ]
    found = trained(store, [trial("small"), trial("large")], profiles)
    assert found.latency_ms == pytest.approx(4.0)
    assert found.intensity == pytest.approx(6.0)
    assert found.efficiency == pytest.approx(0.4)


def test_a_network_is_timed_once_whatever_rate_counts(store):
    """Each is timed at its first rate; the ones that count, others, take equally long."""
    variants = tuple(
        Variant(name=f"{network}{number}-{rate}", network=network, learning_rate=rate, initialisation=number)
        for network in ("small", "large")
        for number in (0, 1)
        for rate in (0.1, 1.0)
    )
    one = msgspec.structs.replace(ONE, variants=variants)
    of = plan([one], kind="rerank", probe_steps=0)
    trials = [trial("small0-0.1", 0.2), trial("small0-1.0", 0.5), trial("large0-0.1", 0.5), trial("large0-1.0", 0.2)]
    put_training(store, of, one, [*trials, trial("small1-1.0", 0.5), trial("large1-0.1", 0.5)])
    put_profile(store, of, one, [profile_of("small0-0.1", 2.0), profile_of("large0-0.1", 8.0)])
    assert outcome(store, of, one, SEARCH).latency_ms == pytest.approx(4.0)


def test_the_latency_is_the_one_that_scoring_asks_for(store):
    trained(store, [trial("small"), trial("large")], [profile_of("small", 2.0), profile_of("large", 8.0)])
    assert outcome(store, ROUND, ONE, search_of(scoring=Scoring(latency="estimated"))).latency_ms == pytest.approx(0.4)


def test_a_missing_measurement_gives_no_mean(store):
    profiles = [profile_of("small", 2.0), profile_of("large", 8.0, measured=False)]
    found = trained(store, [trial("small"), trial("large")], profiles)
    assert found.latency_ms is None and found.efficiency is None
    assert found.intensity == pytest.approx(2.0)


def test_without_a_profile_there_is_fitness_but_no_latency(store):
    found = trained(store, [trial("small"), trial("large")])
    assert found.fitness == (0.5, 0.5) and found.latency_ms is None


@pytest.mark.parametrize("reason", ["size", "non_finite", "quality", "latency", "stability", "failed", "time_up"])
def test_a_verdict_speaks_first(store, reason):
    """Its candidate has no training record, and none is asked for."""
    put_verdict(store, ROUND, ONE, reason)
    found = outcome(store, ROUND, ONE, SEARCH)
    assert (found.reason, found.detail, found.fitness) == (reason, f"because of {reason}", ())


@pytest.mark.parametrize(
    ("trials", "reason", "detail"),
    [
        ([trial("small", None, status="non_finite", steps=17)], "non_finite", "small: loss not finite at step 17"),
        ([trial("small"), trial("large", 0.5, nll=None)], "non_finite", "large: loss not finite at step 30"),
        (
            [trial("small"), trial("large", None, status="time_up", steps=21)],
            "time_up",
            "large: the budget's time was up at step 21",
        ),
        (
            [trial("small"), trial("large", 0.9, status="time_up", steps=29)],
            "time_up",
            "large: the budget's time was up at step 29",
        ),
        ([], "failed", "no variant was trained"),
    ],
    ids=["loss", "outputs", "time up", "cut off with a fitness", "nothing"],
)
def test_a_training_that_was_not_whole_gives_a_reason(store, trials, reason, detail):
    found = trained(store, trials)
    assert (found.reason, found.detail, found.fitness) == (reason, detail, ())


@pytest.mark.parametrize("broken", [trial("large", None, status="non_finite"), trial("large", 0.9, nll=None)], ids=str)
def test_under_none_a_network_whose_loss_is_not_finite_in_the_full_phase_counts_nothing(store, broken):
    """As one that failed in the probe does; where no network is left, the candidate is rejected under either rule."""
    assert trained(store, [trial("small", 0.5), broken]).reason == "non_finite"
    assert outcome(store, ROUND, ONE, UNDER_NONE).fitness == (0.5, 0.0)


def test_under_none_a_candidate_without_a_finite_network_is_rejected(store):
    trained(store, [trial("small", None, status="non_finite", steps=17), trial("large", 0.9, nll=None)])
    found = outcome(store, ROUND, ONE, UNDER_NONE)
    assert (found.reason, found.detail) == ("non_finite", "small: loss not finite at step 17")


def test_a_finishing_round_takes_what_time_left_of_a_training(store):
    cut = [trial("small", 0.5, status="time_up", steps=9), trial("large", 0.75, status="time_up", steps=9)]
    assert trained(store, cut, of=plan([ONE], kind="winner", probe_steps=0)).fitness == (0.5, 0.75)


def test_a_finishing_round_has_no_verdicts(store):
    assert trained(store, [trial("small"), trial("large")], of=plan([ONE], kind="rerank", probe_steps=0)).reason is None


def test_a_dead_process_is_a_failed_candidate(store):
    put_verdict(store, ROUND, ONE)
    put_training(store, ROUND, ONE, failed="process died: signal 9")
    found = outcome(store, ROUND, ONE, SEARCH)
    assert (found.reason, found.detail) == ("failed", "process died: signal 9")


def test_a_design_that_the_device_cannot_run_has_failed(store):
    put_verdict(store, ROUND, ONE)
    put_training(store, ROUND, ONE, [trial("small"), trial("large")])
    put_profile(store, ROUND, ONE, failed="InvalidArgumentError: no kernel")
    found = outcome(store, ROUND, ONE, SEARCH)
    assert (found.reason, found.detail) == ("failed", "InvalidArgumentError: no kernel")


def judged(store, kind, search, **fields):
    """The outcome of a profile of 2 and 8 ms in a round without a probe, in which nothing was trained."""
    one, of = candidate("a", **fields), plan([ONE], kind=kind, probe_steps=0)
    put_profile(store, of, one, [profile_of("small", 2.0), profile_of("large", 8.0)])
    return outcome(store, of, one, search)


TABULAR = search_of(space=Choice(name="tabular_mlp"), rejection=LIMITED.rejection)


def test_re_ranking_takes_no_design_that_is_over_the_measured_limit(store):
    """Where designs aren't scaled: the slowest network decides. It is not trained, and asks for no such record."""
    found = judged(store, "rerank", TABULAR)
    assert (found.reason, found.detail) == ("latency", "large: measured 8 ms > 5 ms")


@pytest.mark.parametrize(
    ("kind", "search", "fields"),
    [
        ("rerank", LIMITED, {}),  # of a space that is scaled: its target has other networks
        ("rerank", TABULAR, {"role": "baseline"}),  # which is only compared
        ("grid", TABULAR, {}),  # it was judged before
        ("winner", TABULAR, {}),
    ],
    ids=["scaled", "baseline", "grid", "winner"],
)
def test_the_measured_limit_holds_for_what_is_searched(store, kind, search, fields):
    with pytest.raises(FileNotFoundError, match="training.json"):
        judged(store, kind, search, **fields)


SHARED_WEIGHTS = msgspec.structs.replace(TABULAR, training=Training(weight_sharing=WeightSharing()))
ON_A_TARGET = msgspec.structs.replace(
    TABULAR, final_scaling=FinalScaling(target=Target(training=TargetTraining(learning_rate=0.5)))
)


@pytest.mark.parametrize(
    ("search", "origin", "reason"),
    [
        (TABULAR, "policy", "latency"),  # new from the controller
        (SHARED_WEIGHTS, "winner", "latency"),  # its rounds time nothing
        (ON_A_TARGET, "winner", "latency"),  # timed on other rows, or in other networks
        (TABULAR, "winner", None),  # it passed in its round, and timing it anew could only drop it by chance
    ],
    ids=["new", "shared weights", "target", "timed before"],
)
def test_re_ranking_judges_what_it_is_the_first_to_time(store, search, origin, reason):
    one, of = candidate("a", origin=origin), plan([ONE], kind="rerank", probe_steps=0)
    put_profile(store, of, one, [profile_of("small", 2.0), profile_of("large", 8.0)])
    put_training(store, of, one, [trial("small"), trial("large")])
    assert outcome(store, of, one, search).reason == reason


@pytest.mark.parametrize("kind", ["rerank", "grid"])
def test_what_time_left_unmeasured_is_not_asked_for_its_training(store, kind):
    of = plan([ONE], kind=kind, probe_steps=0)
    put_profile(store, of, ONE, time_up=True)
    found = outcome(store, of, ONE, SEARCH)
    assert (found.reason, found.detail) == ("time_up", "the budget's time was up before it was timed")


@pytest.mark.parametrize("unmeasured", [{"time_up": True}, {"failed": "the process died"}], ids=str)
def test_the_winner_is_delivered_whatever_its_second_profile_says(store, unmeasured):
    """It was profiled as a point of the grid."""
    of = plan([ONE], kind="winner", probe_steps=0)
    put_profile(store, of, ONE, **unmeasured)
    put_training(store, of, ONE, [trial("small"), trial("large")])
    found = outcome(store, of, ONE, SEARCH)
    assert (found.reason, found.fitness, found.latency_ms) == (None, (0.5, 0.5), None)


def test_a_measured_limit_needs_a_measurement(store):
    of = plan([ONE], kind="rerank", probe_steps=0)
    with pytest.raises(FileNotFoundError, match="must hold the profile of a in rounds/00001, to judge it"):
        outcome(store, of, ONE, TABULAR)


@pytest.mark.parametrize("missing", ["verdict.json", "training.json"])
def test_a_candidate_on_its_way_has_no_outcome_yet(store, missing):
    if missing == "training.json":
        put_verdict(store, ROUND, ONE)
    with pytest.raises(FileNotFoundError, match=missing):
        outcome(store, ROUND, ONE, SEARCH)


def test_the_reward_is_the_weighted_product_of_mean_fitness_and_latency(store):
    """0.625 * (4 / 2)^-0.5 = 0.4419."""
    found = trained(
        store, [trial("small", 0.5), trial("large", 0.75)], [profile_of("small", 2.0), profile_of("large", 8.0)]
    )
    scored = scored_candidate(found, ROUND, Scoring(latency_weight=-0.5), 2.0)
    assert scored.quality == 0.625 and scored.latency_ms == pytest.approx(4.0)
    assert scored.reward == pytest.approx(0.625 / math.sqrt(2))
    assert (scored.id, scored.round, scored.role, scored.spec) == ("a", "rounds/00001", "searched", "a")


def test_without_a_latency_there_is_a_reward_only_where_it_has_no_weight(store):
    found = trained(store, [trial("small", 0.5), trial("large", 0.75)])
    assert scored_candidate(found, ROUND, Scoring(latency_weight=-0.5), 2.0).reward is None
    assert scored_candidate(found, ROUND, Scoring(latency_weight=0), None).reward == 0.625


def test_a_rejected_candidate_has_neither_quality_nor_reward(store):
    put_verdict(store, ROUND, ONE, "quality")
    scored = scored_candidate(outcome(store, ROUND, ONE, SEARCH), ROUND, MEASURED, 2.0)
    assert (scored.reason, scored.quality, scored.reward, scored.latency_ms) == ("quality", None, None, None)


def test_the_best_come_first_and_ties_are_broken_the_same_way_every_time():
    def of(identity, reward, quality=0.5):
        return ScoredCandidate(id=identity, round="r", spec={}, reason=None, quality=quality, reward=reward)

    ranked = best_first([of("c", 0.4), of("b", 0.4), of("x", None), of("y", 0.4, 0.6), of("d", 0.7), of("e", 0.0)])
    assert [one.id for one in ranked] == ["d", "y", "b", "c", "e"]
