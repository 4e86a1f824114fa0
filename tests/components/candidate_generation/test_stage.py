"""Proposing rounds: what the screens drop is counted, nothing is tried twice, and every end of a search is met."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from components.candidate_generation.stage import propose_round
from components.controllers.controller import Proposal
from components.controllers.evolution import Evolution, EvolutionSettings
from components.controllers.random_search import RandomSearch, RandomSettings
from components.multi_objective_scoring.stage import score_round
from components.records.layout import plan_path, scores_path
from components.records.results import Plan, ScoredCandidate, Scores
from components.records.store import open_search, require_record, write_record
from components.rounds import screening
from components.rounds.screening import screened_proposals
from components.search_spaces.registry import open_space
from components.search_spaces.space import Change
from tests.small_search import description

ROOT = Path(__file__).parents[3]


class DigitSpace:
    """Ten designs, 0 to 9: 0 ignores its input, 1 is not finite, 2 and 3 are the same one."""

    def sample(self, rng):
        return int(rng.integers(10))

    def canonical(self, spec):
        return {3: "2"}.get(spec, str(spec))

    def static_screen(self, spec):
        return "ignores_input" if spec == 0 else None

    def numerical_screen(self, spec, rng):
        return "non_finite" if spec == 1 else None


def proposals(wanted, *, seen=(), known=None, seed=0):
    space = DigitSpace()
    controller = RandomSearch(RandomSettings(), space)
    return screened_proposals(
        space, controller, None, wanted=wanted, seen=set(seen), known=known or {}, rng=np.random.default_rng(seed)
    )


def plan_of(store, number):
    return require_record(store, plan_path(f"rounds/{number:05d}"), Plan)


def with_search(store, **changes):
    """Puts another description in the place of the search's."""
    store.delete("search.yaml")
    store.create("search.yaml", description(**changes).encode())
    return store


@pytest.mark.parametrize("seed", range(20))
def test_every_draw_is_kept_or_counted_under_its_reason(seed):
    """7 are left of the ten: 0 and 1 are screened, 2 and 3 count as one."""
    kept, dropped = proposals(7, seed=seed)
    assert sorted(DigitSpace().canonical(one.spec) for one in kept) == list("2456789")
    assert set(dropped) <= {"raw", "ignores_input", "non_finite", "seen_before"}
    assert dropped["raw"] == len(kept) + sum(count for reason, count in dropped.items() if reason != "raw")


def test_what_earlier_rounds_tried_is_not_proposed_again():
    kept, dropped = proposals(3, seen={"2", "4", "5", "6"})
    assert sorted(one.spec for one in kept) == [7, 8, 9]
    assert dropped["seen_before"] > 0


def test_where_the_draws_run_out_a_round_takes_what_there_is(monkeypatch):
    monkeypatch.setattr(screening, "RAW_PER_CANDIDATE", 200)
    kept, dropped = proposals(9)
    assert len(kept) == 7 and dropped["raw"] == 9 * 200
    assert proposals(2, seen="2456789")[0] == []


class MostlyDropped(DigitSpace):
    """A million designs, of which the screens drop what isn't a multiple of 50; mutation gives another multiple."""

    def sample(self, rng):
        return int(rng.integers(1, 1_000_000))

    def mutate(self, spec, rng):
        return 50 * int(rng.integers(1, 1_000_000)), Change("any", "any")

    def static_screen(self, spec):
        return "ignores_input" if spec % 50 else None

    def from_json(self, data):
        return data


def test_the_share_of_fresh_designs_is_one_among_the_candidates_not_among_the_draws():
    """Of random designs 1 in 50 passes, of offspring each: among the draws a share of a half would leave 1 in 51.

    Of 200 candidates 100 +- 7 are fresh; 5 standard deviations: chance 6e-7.
    """
    space = MostlyDropped()
    controller = Evolution(EvolutionSettings(initial=1), space)
    first = ScoredCandidate(id="a", round="rounds/00001", spec=50, reason=None, fitness=(0.5,))
    state = controller.update(controller.initial(np.random.default_rng(0)), [first])
    kept, dropped = screened_proposals(
        space, controller, state, wanted=200, seen=set(), known={}, rng=np.random.default_rng(0)
    )
    assert abs(sum(one.origin == "random" for one in kept) - 100) < 36
    assert dropped["ignores_input"] > 1000


def test_where_one_origin_has_nothing_left_the_other_one_gets_its_turn(monkeypatch):
    """The only offspring was seen before; without a new choice the round would end with its first candidate."""

    class OneChild(MostlyDropped):
        def mutate(self, spec, rng):
            return 50, Change("any", "any")

    monkeypatch.setattr(screening, "SAME_ORIGIN", 10)
    space = OneChild()
    controller = Evolution(EvolutionSettings(initial=1), space)
    state = controller.update(
        controller.initial(np.random.default_rng(0)),
        [ScoredCandidate(id="a", round="rounds/00001", spec=50, reason=None, fitness=(0.5,))],
    )
    kept, _ = screened_proposals(
        space, controller, state, wanted=20, seen={"50"}, known={}, rng=np.random.default_rng(0)
    )
    assert len(kept) == 20 and {one.origin for one in kept} == {"random"}


class InBlocks:
    """Gives the numbers from 0 on, as many at once as it is asked for, and notes how many that were."""

    def __init__(self):
        self.asked = []

    def propose_several(self, state, rng, count, instead_of=None):
        first = sum(self.asked)
        self.asked.append(count)
        return [Proposal(number, "policy") for number in range(first, first + count)]


def test_blocks_grow_with_what_the_screens_drop_and_their_rest_is_left():
    """Of each 50 numbers one passes, the first one too; the 12th is 550. A block doubles the draws, 256 at most."""
    controller = InBlocks()
    kept, dropped = screened_proposals(
        MostlyDropped(), controller, None, wanted=12, seen=set(), known={}, rng=np.random.default_rng(0)
    )
    assert [one.spec for one in kept] == list(range(0, 600, 50))
    assert {one.origin for one in kept} == {"policy"}
    assert controller.asked == [12, 12, 24, 48, 96, 192, 256]
    assert dropped == {"raw": 551, "ignores_input": 539}


def test_no_block_goes_past_the_raw_draws_of_a_round(monkeypatch):
    monkeypatch.setattr(screening, "RAW_PER_CANDIDATE", 7)
    controller = InBlocks()
    kept, dropped = screened_proposals(
        MostlyDropped(), controller, None, wanted=5, seen=set(), known={}, rng=np.random.default_rng(0)
    )
    assert (len(kept), dropped["raw"], controller.asked) == (1, 35, [5, 5, 10, 15])


class Converged:
    """Draws 0 again and again, and one new number every so often."""

    def __init__(self, every, origin="policy"):
        self.every, self.origin, self.drawn = every, origin, 0

    def propose_several(self, state, rng, count, instead_of=None):
        numbers = range(self.drawn, self.drawn + count)
        self.drawn += count
        return [Proposal(0 if number % self.every else 50 * number, self.origin) for number in numbers]


def drawn_from(controller, wanted):
    space = MostlyDropped()
    return screened_proposals(
        space, controller, None, wanted=wanted, seen={"0"}, known={}, rng=np.random.default_rng(0)
    )


def test_a_policy_that_draws_nothing_new_ends_the_round_at_once_and_not_after_all_its_raw_draws():
    """It would draw 100,000 times, 5,000 for each of 20 candidates. The first new number comes after 5,001."""
    assert screening.CONVERGED == 5000
    kept, dropped = drawn_from(Converged(every=5001), 20)
    assert kept == [] and dropped == {"raw": 5000, "seen_before": 5000}


def test_a_policy_that_still_draws_something_new_now_and_then_goes_on():
    """After 4,999 repetitions the first new number comes, and after 4,998 more the next one."""
    kept, dropped = drawn_from(Converged(every=4999), 3)
    assert [one.spec for one in kept] == [50 * 4999, 100 * 4999, 150 * 4999]
    assert dropped == {"raw": 3 * 4999 + 1, "seen_before": 3 * 4998 + 1}


def test_only_a_policy_converges(monkeypatch):
    """Another origin gets its turn after so many draws, and a random one may be about to find what is left."""
    monkeypatch.setattr(screening, "CONVERGED", 10)
    assert len(drawn_from(Converged(every=50, origin="random"), 3)[0]) == 3
    assert drawn_from(Converged(every=50), 3)[0] == []


def test_known_designs_enter_first_and_unscreened():
    kept, dropped = proposals(3, known={"zero": 0, "nine": 9})
    assert [(one.spec, one.origin, one.change) for one in kept[:2]] == [(0, "known", "zero"), (9, "known", "nine")]
    assert kept[2].origin == "random" and kept[2].spec != 9
    assert len(proposals(1, known={"zero": 0, "nine": 9})[0]) == 1
    assert dropped["raw"] >= 1


def test_a_round_has_its_candidates_their_costs_and_what_was_screened(store_at):
    plan = plan_of(store_at("proposed"), 1)
    assert (plan.kind, plan.round, plan.shards, plan.probe_steps, plan.full_steps) == (
        "search", "rounds/00001", 2, 30, 50,
    )  # fmt: skip
    assert len(plan.candidates) == 4
    assert sum(plan.screened.values()) - plan.screened["raw"] == plan.screened["raw"] - 4
    space = open_space("norm_act_layer", {"groups": 4})
    for candidate in plan.candidates:
        spec = space.from_json(candidate.spec)
        assert candidate.id == space.canonical(spec)
        assert space.static_screen(spec) is None
        assert [variant.network for variant in candidate.variants] == ["preact_resnet", "mobilenet_v2"]
        assert all(cost > 0 for costs in candidate.costs.values() for cost in costs.values())


def test_no_design_is_tried_twice_and_no_known_one_enters_by_itself(small_search):
    store = open_search(str(small_search.at["finished"]))
    tried = [one for number in (1, 2) for one in plan_of(store, number).candidates]
    assert len(tried) == len({one.id for one in tried}) == 8
    assert {one.origin for one in tried} <= {"random", "mutation"}
    assert {one.role for one in tried} == {"searched"}


def test_known_designs_are_the_first_population_where_that_is_asked_for(store_at):
    store = with_search(store_at("split"), seed_known=True)
    propose_round(store)
    space = open_space("norm_act_layer", {})
    candidates = plan_of(store, 1).candidates
    assert [one.origin for one in candidates] == ["known"] * 4
    assert [one.change for one in candidates] == list(space.known)[:4]
    assert {one.role for one in candidates} == {"searched"}


def test_known_designs_enter_the_first_round_only(store_at):
    store = with_search(store_at("round 1"), seed_known=True)
    propose_round(store)
    assert "known" not in {one.origin for one in plan_of(store, 2).candidates}


def test_a_second_round_learns_from_the_first(small_search):
    """The state that the second round was proposed from holds what the first one scored."""
    store = open_search(str(small_search.at["finished"]))
    scored = [one for one in require_record(store, scores_path("rounds/00001"), Scores).scored if one.reason is None]
    assert scored, "the small search needs a seed with a survivor in its first round"
    window = plan_of(store, 2).controller_state["window"]
    assert [(one["id"], tuple(one["fitness"])) for one in window] == [(one.id, one.fitness) for one in scored]
    assert plan_of(store, 1).controller_state["window"] == []


def test_every_round_has_draws_of_its_own(store_at):
    """A first round without survivors teaches nothing: the same draws again would all have been seen before."""
    store = store_at("round 1")
    last = require_record(store, scores_path("rounds/00001"), Scores)
    rejected = tuple(msgspec.structs.replace(one, reason="quality", fitness=()) for one in last.scored)
    store.delete(scores_path("rounds/00001"))
    write_record(store, scores_path("rounds/00001"), msgspec.structs.replace(last, scored=rejected, best=()))
    propose_round(store)
    assert plan_of(store, 2).controller_state["window"] == []
    assert plan_of(store, 2).screened.get("seen_before", 0) < 4


def test_a_round_that_is_proposed_stays_as_it_is(store_at):
    store = store_at("probed")
    before = store.read(plan_path("rounds/00001"))
    assert propose_round(store) == ["rounds/00001/shards/0000", "rounds/00001/shards/0001"]
    assert store.read(plan_path("rounds/00001")) == before


def test_the_last_round_proposes_no_more_than_the_budget_leaves(store_at):
    store = with_search(store_at("round 1"), budget={"candidates": 5})
    assert propose_round(store) == ["rounds/00002/shards/0000"]
    assert len(plan_of(store, 2).candidates) == 1


def test_a_search_that_is_over_names_one_shard_of_its_last_round(store_at):
    """Never an empty list, which would skip the loop's steps; and nothing new is proposed."""
    store = store_at("searched")
    before = store.paths("")
    assert propose_round(store) == ["rounds/00002/shards/0000"]
    assert store.paths("") == before


def test_where_nothing_can_be_proposed_an_empty_round_ends_the_search(store_at, monkeypatch):
    monkeypatch.setattr(screening, "RAW_PER_CANDIDATE", 0)
    store = store_at("round 1")
    assert propose_round(store) == ["rounds/00002/shards/0000"]
    assert plan_of(store, 2).candidates == ()
    scores = score_round(store, "rounds/00002")
    assert (scores.another_round, scores.why) == (False, "nothing new could be proposed")
    earlier = require_record(store, scores_path("rounds/00001"), Scores)
    assert (scores.best, scores.front, scores.candidates) == (earlier.best, earlier.front, 4)
    assert propose_round(store) == ["rounds/00002/shards/0000"]


def test_the_seconds_left_are_those_of_the_budget_less_the_committed_rounds(store_at):
    store = with_search(store_at("round 1"), budget={"hours": 2.0})
    last = require_record(store, scores_path("rounds/00001"), Scores)
    store.delete(scores_path("rounds/00001"))
    write_record(store, scores_path("rounds/00001"), msgspec.structs.replace(last, active_seconds=1200.0))
    propose_round(store)
    assert plan_of(store, 2).seconds_left == 6000.0


def test_without_hours_in_the_budget_there_is_no_limit(small_search):
    assert plan_of(open_search(str(small_search.at["finished"])), 1).seconds_left is None


def test_the_same_search_proposes_the_same_in_any_process(small_search, tmp_path):
    """A draw from a set, or an order by one, would differ between hash seeds."""
    code = """
import shutil, sys
from components.candidate_generation.stage import propose_round
from components.records.store import open_search
for start in sys.argv[2:]:
    store = open_search(shutil.copytree(start, f"{sys.argv[1]}/{start.rsplit('/', 1)[1]}"))
    propose_round(store)
"""
    starts = [str(small_search.at[name]) for name in ("split", "round 1")]
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        folder = tmp_path / seed
        subprocess.run([sys.executable, "-c", code, str(folder), *starts], cwd=ROOT, env=environment, check=True)
    for name, number in (("split", 1), ("round-1", 2)):
        plans = [plan_of(open_search(str(tmp_path / seed / name)), number) for seed in ("1", "2")]
        first, second = (msgspec.structs.replace(plan, span=None) for plan in plans)
        assert first == second
        original = plan_of(open_search(str(small_search.at["finished"])), number)
        assert first == msgspec.structs.replace(original, span=None)
