"""Final scaling of update rules: new designs from the controller, and the learning rates that were found best."""

import pytest

from components.final_scaling.stage import propose_scaling, select_scaled
from components.records.layout import ROUND_OF_KIND, plan_path, scores_path
from components.records.results import Plan, Scores
from components.records.store import require_record
from components.rounds.context import SearchContext
from tests.round_records import put_training, trial
from tests.swept_search import BEST, NETWORKS, RATES, ROUND, swept_search, train_again

# 12 * 12 * 6 strings, in which most rules are drawn again and again.
FEW_RULES = {"operands": ["g"], "decays": []}


def reranked(store):
    propose_scaling(store, "rerank")
    return require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan).candidates


def sampled_of(candidates):
    return [one for one in candidates if one.origin not in ("winner", "known")]


def test_new_designs_stand_between_the_best_and_the_baselines(tmp_path):
    store = swept_search(tmp_path, sampled=3, initialisations=2)
    candidates, space = reranked(store), SearchContext(store).space
    assert [one.origin for one in candidates] == ["winner", "random", "random", "random", "known"]
    assert [one.role for one in candidates] == ["searched"] * 4 + ["baseline"]
    assert [one.id for one in candidates] == [
        space.canonical(space.known["Adam"]),
        *(space.canonical(space.from_json(one.spec)) for one in candidates[1:4]),
        space.canonical(space.known["SGD"]) + "-known",
    ]
    assert len({one.id for one in candidates}) == 5
    names = [f"{network}-{rate}{end}" for end in ("", "-i1") for network in NETWORKS for rate in RATES]
    assert [[variant.name for variant in one.variants] for one in candidates] == [names] * 5


def test_no_new_design_is_asked_for_by_default(tmp_path):
    assert sampled_of(reranked(swept_search(tmp_path))) == []


def test_a_new_design_is_none_that_was_tried_in_any_round(tmp_path):
    """The rules that were sampled are tried in the search's round: others are sampled then."""
    first = sampled_of(reranked(swept_search(tmp_path / "one", settings=FEW_RULES, sampled=20)))
    store = swept_search(tmp_path / "two", ("Adam", *(one.spec for one in first)), settings=FEW_RULES, sampled=20)
    second = sampled_of(reranked(store))
    assert len(first) == len(second) == 20
    assert {one.id for one in first}.isdisjoint(one.id for one in second)


def test_a_new_design_is_no_baseline(tmp_path):
    """60 of few rules have SGD among them, unless it is trained as a baseline anyway."""
    found = {}
    for baselines in ([], ["SGD"]):
        folder = tmp_path / str(len(baselines))
        store = swept_search(folder, settings=FEW_RULES, sampled=60, baselines=baselines)
        space = SearchContext(store).space
        found[len(baselines)] = space.canonical(space.known["SGD"]) in [one.id for one in sampled_of(reranked(store))]
    assert found == {0: True, 1: False}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("initialisations", [1, 2])
def test_the_grid_has_the_rate_that_was_best_in_the_network_that_is_scaled(tmp_path, network, initialisations):
    """It is neither the first of the rates nor the best of the other network."""
    store = swept_search(tmp_path, network=network, initialisations=initialisations)
    reranked(store)
    train_again(store, initialisations)
    chosen = select_scaled(store, ROUND_OF_KIND["rerank"]).best[0]
    further = [f"{one}-{BEST[one]}-i1" for one in NETWORKS] if initialisations > 1 else []
    assert chosen.variants == (*(f"{one}-{BEST[one]}" for one in NETWORKS), *further)
    propose_scaling(store, "grid")
    points = require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan).candidates
    assert {(one.network, one.learning_rate) for point in points for one in point.variants} == {
        (network, RATES[BEST[network]])
    }


def test_a_sweep_that_time_cut_is_not_chosen_and_the_grid_has_the_rate_of_the_search(tmp_path):
    store = swept_search(tmp_path, network="mlp", baselines=[])
    (candidate,) = reranked(store)
    of = require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan)
    cut = [trial("mlp-1e-03", 0.5), trial("mlp-1e-02", 0.25, status="time_up", steps=9)]
    whole = [trial(f"convnet-{rate}", 0.75) for rate in RATES]
    put_training(store, of, candidate, [*whole, *cut])
    assert select_scaled(store, ROUND_OF_KIND["rerank"]).best == ()
    propose_scaling(store, "grid")
    points = require_record(store, plan_path(ROUND_OF_KIND["grid"]), Plan).candidates
    assert {one.learning_rate for point in points for one in point.variants} == {RATES[BEST["mlp"]]}
    assert {one.parent for one in points} == {require_record(store, scores_path(ROUND), Scores).best[0].id}
