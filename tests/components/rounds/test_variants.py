"""Variants that differ in nothing but their learning rate: which of them stands for all."""

import msgspec
import pytest

from components.records.results import TrialResult, Variant
from components.records.store import open_search
from components.rounds.outcomes import outcome
from components.rounds.variants import (
    at_places_of,
    best_trial,
    best_trials,
    timed_variants,
    variant_groups,
    variant_seed,
    worth_training,
)
from tests.round_records import candidate, plan, put_training, search_of, trial

RATES = (0.01, 0.1, 1.0)


def swept(networks=("a",), initialisations=1):
    """One variant for each network, initialisation and rate; rates follow each other."""
    return tuple(
        Variant(name=f"{network}{number}-{rate}", network=network, learning_rate=rate, initialisation=number)
        for network in networks
        for number in range(initialisations)
        for rate in RATES
    )


def candidate_of(variants):
    return msgspec.structs.replace(candidate("rule"), variants=variants)


def names(group):
    return [one.name for one in group]


def test_variants_form_a_group_where_only_the_rate_differs():
    variants = swept(("a", "b"), initialisations=2)
    groups = [names(group) for group in variant_groups(variants)]
    assert groups == [[f"{network}{number}-{rate}" for rate in RATES] for network in "ab" for number in range(2)]


def test_variants_without_a_rate_stand_alone():
    variants = [Variant(name="a", network="a"), Variant(name="a-i1", network="a", initialisation=1)]
    assert [names(group) for group in variant_groups(variants)] == [["a"], ["a-i1"]]


def test_widths_and_depths_are_no_matter_of_the_rate():
    variants = [Variant(name=str(width), network="a", width=width, learning_rate=0.1) for width in (0.5, 1.0)]
    assert len(variant_groups(variants)) == 2


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ({0.01: (0.5, 1.0), 0.1: (0.7, 2.0), 1.0: (0.6, 0.5)}, 0.1),  # accuracy decides
        ({0.01: (0.7, 1.0), 0.1: (0.7, 0.9), 1.0: (0.7, 1.1)}, 0.1),  # and then NLL
        ({0.01: (0.7, 1.0), 0.1: (0.7, 1.0)}, 0.01),  # and then the lower rate
    ],
)
def test_the_best_rate_stands_for_its_group(trials, best):
    (group,) = variant_groups(swept())
    results = [trial(f"a0-{rate}", accuracy, nll=nll) for rate, (accuracy, nll) in reversed(trials.items())]
    assert best_trial(group, results).variant == f"a0-{best}"


def test_a_rate_that_diverged_stands_for_none_that_did_not():
    """Its outputs on the validation rows are not finite, whatever its accuracy says."""
    (group,) = variant_groups(swept())
    diverged = [trial("a0-0.1", 0.9, nll=None), trial("a0-1.0", None, status="non_finite")]
    assert best_trial(group, [*diverged, trial("a0-0.01", 0.1)]).variant == "a0-0.01"
    assert best_trial(group, diverged).variant == "a0-0.1"  # all diverged: the lowest rate says how
    assert best_trial(group, []) is None


def test_a_missing_nll_loses_a_tie():
    """Time cut both off: of 0.5 the NLL is known, of the other rate it was not finite."""
    (group,) = variant_groups(swept())
    cut = [trial("a0-0.01", 0.7, nll=None, status="time_up"), trial("a0-0.1", 0.7, nll=0.5, status="time_up")]
    assert best_trial(group, cut).variant == "a0-0.1"


def test_an_untried_rate_says_nothing_of_the_others():
    (group,) = variant_groups(swept())
    untried = TrialResult(variant="a0-0.01", status="not_built")
    assert best_trial(group, [untried, trial("a0-0.1", None, status="time_up")]).variant == "a0-0.1"
    assert best_trial(group, [untried]).status == "not_built"


def test_a_further_initialisation_takes_the_rate_that_the_first_one_found():
    variants = swept(("a", "b"), initialisations=3)
    groups = variant_groups(variants)
    found = [trial("a0-0.01", 0.5), trial("a0-0.1", 0.8), trial("a0-1.0", 0.1)]
    assert worth_training(groups[0], variants, []) == groups[0]
    assert names(worth_training(groups[1], variants, found)) == ["a1-0.1"]
    assert names(worth_training(groups[2], variants, [*found, trial("a1-0.1", 0.9)])) == ["a2-0.1"]
    assert worth_training(groups[3], variants, found) == groups[3]  # another network


def test_the_rates_of_a_group_share_their_seed():
    """The same initial weights and rows: else a rate could win by luck."""
    variants = swept(("a", "b"), initialisations=2)
    seeds = [variant_seed(3, "rounds/00001", candidate_of(variants), one) for one in variants]
    assert [len(set(seeds[i : i + len(RATES)])) for i in range(0, len(seeds), len(RATES))] == [1, 1, 1, 1]
    assert len(set(seeds)) == 4


def test_fitness_has_an_entry_for_each_group(tmp_path):
    store = open_search(str(tmp_path))
    one = candidate_of(swept(("a", "b")))
    of = plan([one], probe_steps=0)
    trials = [trial("a0-0.01", 0.5), trial("a0-0.1", 0.75), trial("a0-1.0", None, status="non_finite")]
    put_training(store, of, one, [*trials, trial("b0-1.0", 0.25)])
    found = outcome(store, of, one, search_of())
    assert (found.reason, found.fitness, found.variants) == (None, (0.75, 0.25), ("a0-0.1", "b0-1.0"))
    assert [best.variant for best in best_trials(one, trials)] == ["a0-0.1"]


CUT = {
    "a rate half way": [trial("a0-0.01", 0.5), trial("a0-0.1", 0.75), trial("a0-1.0", 0.25, status="time_up")],
    "a rate before it began": [trial("a0-0.01", 0.5), trial("a0-0.1", None, status="time_up", steps=0)],
    "the one after a rate that diverged": [
        trial("a0-0.01", None, status="non_finite"),
        trial("a0-0.1", None, status="time_up", steps=9),
    ],
}


@pytest.mark.parametrize("kind", ["search", "rerank"])
@pytest.mark.parametrize("trials", CUT.values(), ids=CUT.keys())
def test_a_sweep_that_time_cut_is_none(tmp_path, kind, trials):
    """Also in a finishing round: the best of the rates that had their turn is not the best of all."""
    store = open_search(str(tmp_path))
    one = candidate_of(swept(("a",)))
    of = plan([one], kind=kind, probe_steps=0)
    put_training(store, of, one, trials)
    found = outcome(store, of, one, search_of())
    (cut,) = [result for result in trials if result.status == "time_up"]
    assert (found.reason, found.fitness) == ("time_up", ())
    assert found.detail == f"{cut.variant}: the budget's time was up at step {cut.steps}"


def test_a_single_rate_that_time_cut_counts_in_a_finishing_round(tmp_path):
    """Of a further initialisation only the rate that was found is tried; what time left of that is taken."""
    store = open_search(str(tmp_path))
    one = candidate_of(swept(("a",), initialisations=2))
    of = plan([one], kind="rerank", probe_steps=0)
    first = [trial("a0-0.01", 0.5), trial("a0-0.1", 0.75), trial("a0-1.0", 0.25)]
    untried = [TrialResult(variant=f"a1-{rate}", status="not_built") for rate in (0.01, 1.0)]
    put_training(store, of, one, [*first, trial("a1-0.1", 0.625, status="time_up"), *untried])
    assert outcome(store, of, one, search_of()).fitness == (0.75, 0.625)


def test_a_network_is_timed_once_whatever_its_rates_and_initialisations():
    """By the first variant in it, so that its name is the same before and after rates and initialisations are tried."""
    one = candidate_of(swept(("a", "b"), initialisations=2))
    assert timed_variants(one, [variant.name for variant in one.variants]) == ("a0-0.01", "b0-0.01")
    assert timed_variants(one, ["a0-0.1", "a1-0.1", "b1-1.0"]) == ("a0-0.01", "b0-0.01")
    assert timed_variants(one, ["b1-1.0"]) == ("b0-0.01",)
    assert at_places_of(one, ["b1-1.0"]) == {variant.name for variant in one.variants if variant.network == "b"}
