"""Rounds under a hard limit: what no design meets is refused at once, and a policy proposes nothing over one."""

import numpy as np
import pytest

from components.candidate_generation.stage import propose_round
from components.data_split.stage import split_search_data
from components.records.layout import committed_rounds, plan_path, scores_path, search_round
from components.records.results import Plan, ScoredCandidate, Scores
from components.records.store import open_search, require_record, write_record
from components.rounds.context import SearchContext
from components.rounds.learning import controller_of, learnt_state
from components.search_file.problems import InvalidSearch
from tests.small_search import description

MLP = {
    "space": {"name": "tabular_mlp", "settings": {"layers": 3}},
    "final_scaling": {"baselines": [], "widths": [1.0], "depths": [1.0]},
}
SMALLEST = 64 * 8 + 8 + 2 * (8 * 8 + 8) + 8 * 10 + 10  # parameters of 64 -> 8 -> 8 -> 8 -> 10, the digits' smallest
LIMIT = 12_000


def begun(folder, **changes):
    store = open_search(str(folder))
    split_search_data(store, description(**{**MLP, **changes}))
    return store


@pytest.mark.parametrize("controller", ["random", "evolution", "rnn", "factorized"])
def test_a_limit_that_no_design_meets_is_refused_before_anything_is_planned(tmp_path, controller):
    store = begun(
        tmp_path, controller={"name": controller, "settings": {}}, rejection={"size": {"parameters": SMALLEST - 1}}
    )
    with pytest.raises(InvalidSearch, match=rf"`\$\.rejection\.size` must be met .* has parameters {SMALLEST}: 8-8-8"):
        propose_round(store)
    assert not store.paths("rounds")


def test_a_limit_in_another_space_is_refused_too(tmp_path):
    store = open_search(str(tmp_path))
    split_search_data(store, description(rejection={"size": {"multiply_adds": 10}}))
    with pytest.raises(InvalidSearch, match=r"met by a design of the space norm_act_layer; .* has multiply_adds \d+: "):
        propose_round(store)


def test_rounds_of_the_policy_propose_designs_within_the_limit_and_count_the_others(tmp_path):
    """About a tenth of the space is within; qualities are made up, and the state goes from round to round."""
    store = begun(
        tmp_path,
        controller={"name": "factorized", "settings": {"enumerate_up_to": 0, "samples": 100}},
        rejection={"size": {"parameters": LIMIT}},
        budget={"candidates": 40},
    )
    context, over = SearchContext(store), 0
    for number in (1, 2, 3):
        propose_round(store)
        plan = require_record(store, plan_path(search_round(number)), Plan)
        assert len(plan.candidates) == 4
        for one in plan.candidates:
            assert one.origin == "policy" and one.costs["tabular_mlp"]["parameters"] <= LIMIT
        assert plan.screened["raw"] == 4 + sum(count for name, count in plan.screened.items() if name != "raw")
        over += plan.screened.get("over_limit", 0)
        scored = [
            ScoredCandidate(id=one.id, round=plan.round, spec=one.spec, reason=None, fitness=(one.spec[0] / 512,))
            for one in plan.candidates
        ]
        scores = Scores(
            kind="search", round=plan.round, scored=tuple(scored), candidates=4 * number, another_round=True
        )
        write_record(store, scores_path(plan.round), scores)
    assert over > 20  # of 120 that are expected
    controller = controller_of(context)
    state = learnt_state(context, controller, committed_rounds(store))
    assert (state.judged, state.updates + state.skipped, state.infeasible) == (12, 12, 0)
    rows = controller.draw(state, np.random.default_rng(0), 200)
    within = [context.space.costs(rows, *_of(context))["parameters"] <= LIMIT]
    assert controller.feasible(rows).tolist() == within[0].tolist() and 0 < within[0].mean() < 0.5


def _of(context):
    return context.space.variants()[0], context.manifest.input_shape, context.manifest.outputs
