"""Regularized evolution: window, tournament, criterion, fresh designs, mutations, and that it finds what is planted.

Random tests draw from fixed seeds, so they repeat; "chance" is that of a right program to fail under another seed.
"""

from collections import Counter

import numpy as np
import pytest

from components.controllers.controller import Proposal
from components.controllers.registry import open_controller
from components.records.results import ScoredCandidate
from tests.oracles.planted_space import PlantedSpace, planted_fitness

SPACE = PlantedSpace()


def candidate(name, fitness, spec=(0,) * 16):
    return ScoredCandidate(id=str(name), round="rounds/00001", spec=list(spec), reason=None, fitness=fitness)


def evolution(**settings):
    return open_controller("evolution", {"fresh": 0.0, "initial": 1, **settings}, SPACE)


def parents(controller, fitness, draws, seed=0):
    """How often each of the candidates of these fitness vectors, named 0, 1, ..., becomes a parent."""
    state = controller.update(
        controller.initial(np.random.default_rng(0)), [candidate(i, vector) for i, vector in enumerate(fitness)]
    )
    rng = np.random.default_rng(seed)
    return Counter(int(controller.propose(state, rng).parent) for _ in range(draws))


def test_the_window_keeps_the_most_recent_in_order():
    controller = evolution(window=5)
    state = controller.update(controller.initial(np.random.default_rng(0)), [candidate(name, (0.5,)) for name in "abc"])
    assert [member.id for member in state.window] == ["a", "b", "c"]
    state = controller.update(state, [candidate(name, (0.5,)) for name in "defg"])
    assert [member.id for member in state.window] == ["c", "d", "e", "f", "g"]


def test_one_round_larger_than_the_window_keeps_its_end():
    controller = evolution(window=2)
    state = controller.update(
        controller.initial(np.random.default_rng(0)), [candidate(name, (0.5,)) for name in "abcd"]
    )
    assert [member.id for member in state.window] == ["c", "d"]


def test_a_parent_that_left_the_window_is_never_chosen_however_good():
    controller = evolution(window=3, tournament=1.0)
    assert set(parents(controller, [(1.0,), (0.1,), (0.2,), (0.3,)], 20)) == {3}


@pytest.mark.parametrize(
    ("members", "share", "size"),
    [(40, 0.1, 4), (100, 0.05, 5), (10, 0.05, 2)],  # the last: 5% of 10 is half a member, and 2 are the least
)
def test_a_tournament_has_its_share_of_distinct_members(members, share, size):
    """Of `size` members the best wins: the best of all with chance size / members, the worst size - 1 never."""
    draws = 4000
    wins = parents(evolution(tournament=share, criterion="mean"), [(i / members,) for i in range(members)], draws)
    chance = size / members
    assert min(wins) >= size - 1
    # 5 standard deviations of a binomial: chance 6e-7
    assert abs(wins[members - 1] - draws * chance) < 5 * (draws * chance * (1 - chance)) ** 0.5


def test_a_pareto_winner_is_any_non_dominated_member_each_as_likely():
    """0, 2 and 3 are non-dominated (0 and 2 are equal), 1 has an equal half and a worse one, 4 is worse in both."""
    fitness = [(0.9, 0.2), (0.9, 0.1), (0.9, 0.2), (0.3, 0.8), (0.2, 0.1)]
    wins = parents(evolution(tournament=1.0), fitness, 3000)
    assert set(wins) == {0, 2, 3}
    # each 1000 +- 25.8; 5 standard deviations, three times: chance 2e-6
    assert all(abs(count - 1000) < 129 for count in wins.values())


def test_the_mean_picks_the_best_mean_even_where_another_is_as_undominated():
    fitness = [(0.9, 0.2), (0.3, 0.7), (0.6, 0.6)]
    assert set(parents(evolution(tournament=1.0, criterion="mean"), fitness, 20)) == {2}


@pytest.mark.parametrize("fresh", [0.0, 0.2, 0.5, 1.0])
def test_a_share_of_the_offspring_is_fresh(fresh):
    controller = evolution(fresh=fresh)
    state = controller.update(controller.initial(np.random.default_rng(0)), [candidate(name, (0.5,)) for name in "abc"])
    rng = np.random.default_rng(3)
    count = sum(controller.propose(state, rng).origin == "random" for _ in range(4000))
    # 5 standard deviations: chance 6e-7; none for shares 0 and 1
    assert abs(count - 4000 * fresh) <= 5 * (4000 * fresh * (1 - fresh)) ** 0.5


def test_an_empty_window_proposes_random_designs():
    controller = evolution()
    proposal = controller.propose(controller.initial(np.random.default_rng(0)), np.random.default_rng(0))
    assert proposal == Proposal(SPACE.sample(np.random.default_rng(0)), "random")


@pytest.mark.parametrize(("initial", "window", "needed"), [(1, 9, 1), (4, 9, 4), (100, 3, 3)])
def test_designs_are_random_until_the_first_population_is_there(initial, window, needed):
    """Fresh designs are off, so that whatever is random is so for want of scored candidates."""
    controller, rng = evolution(initial=initial, window=window), np.random.default_rng(0)
    state = controller.initial(np.random.default_rng(0))
    for number in range(6):
        origins = {controller.propose(state, rng).origin for _ in range(10)}
        assert origins == {"random" if number < needed else "mutation"}
        state = controller.update(state, [candidate(number, (0.5,))])


def test_what_stands_instead_of_a_dropped_proposal_has_its_origin():
    """At fresh 0.5 and of 40 draws each: chance 2^-40 without the rule."""
    controller, rng = evolution(fresh=0.5), np.random.default_rng(0)
    state = controller.update(controller.initial(np.random.default_rng(0)), [candidate("a", (0.5,))])
    for origin in ("random", "mutation"):
        before = Proposal((0,) * 16, origin)
        assert {controller.propose(state, rng, before).origin for _ in range(40)} == {origin}


@pytest.mark.parametrize("mutations", [1, 2, 5])
def test_the_reported_changes_turn_the_parent_into_the_child(mutations):
    controller = evolution(mutations=mutations)
    rng = np.random.default_rng(4)
    spec = SPACE.sample(rng)
    state = controller.update(controller.initial(np.random.default_rng(0)), [candidate("a", (0.5,), spec)])
    for _ in range(20):
        proposal = controller.propose(state, rng)
        child, changes = list(spec), proposal.change.split("; ")
        for change in changes:
            place, digit = change.split(" = ")
            child[int(place)] = int(digit)
        assert len(changes) == mutations
        assert proposal == Proposal(tuple(child), "mutation", proposal.change, "a")


@pytest.mark.parametrize("fitness", [(), (0.5,), (0.5, 0.5, 0.5)])
def test_fitness_vectors_that_cannot_be_compared_are_refused(fitness):
    controller = evolution()
    state = controller.update(controller.initial(np.random.default_rng(0)), [candidate("first", (0.4, 0.6))])
    with pytest.raises(ValueError, match=r"as many as candidate 'first' has\. Received: \(.*\) of candidate 'odd'"):
        controller.update(state, [candidate("odd", fitness)])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"window": 1}, r"Expected `int` >= 2 - at `\$\.window`"),
        ({"initial": 0}, r"Expected `int` >= 1 - at `\$\.initial`"),
        ({"tournament": 0.0}, r"Expected `float` > 0\.0 - at `\$\.tournament`"),
        ({"tournament": 1.5}, r"Expected `float` <= 1\.0 - at `\$\.tournament`"),
        ({"criterion": "median"}, r"Invalid enum value 'median' - at `\$\.criterion`"),
        ({"mutations": 0}, r"Expected `int` >= 1 - at `\$\.mutations`"),
        ({"fresh": -0.1}, r"Expected `float` >= 0\.0 - at `\$\.fresh`"),
        ({"fresh": "0.5"}, r"Expected `float`, got `str` - at `\$\.fresh`"),
    ],
)
def test_settings_outside_their_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        open_controller("evolution", setting, SPACE)


def best_found(name, settings, seed, candidates=300, size=10):
    """Highest mean fitness after so many candidates."""
    controller = open_controller(name, settings, SPACE)
    rng, state, best = np.random.default_rng(seed), controller.initial(np.random.default_rng(0)), 0.0
    for _ in range(candidates // size):
        specs = [controller.propose(state, rng).spec for _ in range(size)]
        state = controller.update(state, [candidate(i, planted_fitness(spec), spec) for i, spec in enumerate(specs)])
        best = max(best, *(float(np.mean(planted_fitness(spec))) for spec in specs))
    return best


@pytest.mark.parametrize("criterion", ["pareto", "mean"])
def test_evolution_finds_more_of_what_is_planted_than_random_search(criterion):
    """Right digits of 16 after 300 candidates, over 200 seeds: pareto 12.9 +- 1.1, mean 13.8 +- 0.9, random 9.4 +- 0.8.

    So the means of 8 seeds differ by 3.5 +- 0.5 (pareto), and must differ by more than 1: chance 3e-7.
    """
    settings = {"window": 60, "tournament": 0.2, "criterion": criterion, "fresh": 0.2}
    evolved = [best_found("evolution", settings, seed) for seed in range(8)]
    drawn = [best_found("random", {}, seed) for seed in range(8)]
    assert np.mean(evolved) > np.mean(drawn) + 1 / 16
