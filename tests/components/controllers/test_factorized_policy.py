"""What a factorized policy learns: one step by hand, what is skipped, which designs it ends at, what it writes."""

import os
import subprocess
import sys

import numpy as np
import pytest

from components.controllers.factorized_policy import FactorizedPolicy, FactorizedSettings
from components.controllers.factorized_rewards import shaped_reward
from components.controllers.registry import open_controller
from components.records.results import ScoredCandidate
from components.search_spaces.registry import open_space
from tests.oracles.factorized import conditional, log_probability, slope
from tests.oracles.planted_space import ANSWER, PlantedSpace, planted_fitness
from tests.oracles.priced_space import PricedGrammar, PricedSpace, PriceLimits, price, words

LIMIT = 6
CHEAP = PriceLimits(LIMIT)
BOTH = pytest.mark.parametrize("space", [PricedSpace(), PricedGrammar()], ids=["free", "grammar"])
LEARNT = """
import numpy as np
from tests.components.controllers.test_factorized_policy import estimated_search
print(estimated_search())
"""
RIVALS = ("mnasnet", "mnasnet_hard", "absolute", "one_sided")


def policy(space, limits=CHEAP, **settings):
    return FactorizedPolicy(FactorizedSettings(**settings), space, limits)


def begun(of, seed=0):
    """A state with random logits."""
    state = of.initial(np.random.default_rng(seed))
    return state._replace(logits=np.random.default_rng(seed).normal(size=state.logits.shape))


def cheap(space):
    return [word for word in words(space) if price(word) <= LIMIT]


def scored(spec, **fields):
    given = {"role": "searched", "reason": None, "fitness": (0.5, 1.0), **fields}
    return ScoredCandidate(id="a", round="rounds/00001", spec=list(spec), **given)


def by_hand(states, slopes, rewards, rate=0.05, decay=0.9):
    """Logits after steps of Adam with 0.9, 0.999 and 1e-8 along advantage times slope, from formulas of their own."""
    logits, first, second, total, weight = states, 0.0, 0.0, 0.0, 0.0
    for number, (of, reward) in enumerate(zip(slopes, rewards, strict=True), 1):
        total, weight = decay * total + (1 - decay) * reward, decay * weight + (1 - decay)
        gradient = (reward - total / weight) * of(logits)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        logits = logits + rate * (first / (1 - 0.9**number)) / (np.sqrt(second / (1 - 0.999**number)) + 1e-8)
    return logits


@BOTH
@pytest.mark.parametrize("corrected", [True, False])
def test_steps_follow_the_slope_of_the_conditional_log_probability(space, corrected):
    """Three steps within the limit, of rewards 0.2, 0.9 and 0.4; the slopes are differences, exact to 1e-9."""
    learner, inside = policy(space, corrected=corrected), cheap(space)
    state = first = begun(learner)
    chosen, rewards = [inside[0], inside[-1], inside[1]], [0.2, 0.9, 0.4]
    slopes = [
        lambda logits, word=word: slope(
            lambda moved: conditional(space, moved, word, inside) if corrected else log_probability(space, moved, word),
            logits,
        )
        for word in chosen
    ]
    for word, reward in zip(chosen, rewards, strict=True):
        state = learner.learn(state, np.array(word), reward, np.random.default_rng(0))
    # Adam divides a gradient by its own size, so that an error of 1e-9 in one that is 0 becomes one of 1e-3 steps.
    assert state.logits == pytest.approx(by_hand(first.logits, slopes, rewards), abs=1e-4)
    assert learner.counts(state) == {"learnt": 3, "infeasible": 0, "unsampled": 0}


@pytest.mark.parametrize("reward", RIVALS)
def test_rivals_learn_from_every_design_by_their_own_reward(reward):
    """A design over the limit and two within; log P alone is followed."""
    space, learner = PricedSpace(), policy(PricedSpace(), reward=reward, weight=-0.5)
    state = first = begun(learner)
    chosen, qualities = [(2, 1, 3), (0, 0, 1), (1, 0, 0)], [0.8, 0.3, 0.6]
    ratios = [14 / 6, 2 / 6, 5 / 6]  # by the price's formula
    rewards = {
        "mnasnet": [q * r**-0.5 for q, r in zip(qualities, ratios)],
        "mnasnet_hard": [0.8 * (14 / 6) ** -0.5, 0.3, 0.6],
        "absolute": [0.8 - 0.5 * 8 / 6, 0.3 - 0.5 * 4 / 6, 0.6 - 0.5 * 1 / 6],
        "one_sided": [0.8 - 0.5 * 8 / 6, 0.3, 0.6],
    }[reward]
    slopes = [
        lambda logits, word=word: slope(lambda moved: log_probability(space, moved, word), logits) for word in chosen
    ]
    for word, quality in zip(chosen, qualities, strict=True):
        state = learner.learn(state, np.array(word), quality, np.random.default_rng(0))
    assert state.logits == pytest.approx(by_hand(first.logits, slopes, rewards), abs=1e-4)
    assert learner.counts(state) == {"learnt": 3, "infeasible": 0, "unsampled": 0}


@pytest.mark.parametrize("reward", [*RIVALS, "rejection"])
def test_without_a_cost_over_the_limit_or_below_every_reward_is_the_quality(reward):
    assert shaped_reward(reward, np.array([0.3, 0.9]), np.ones(2), -2.0).tolist() == [0.3, 0.9]


def test_the_first_step_moves_nothing_as_the_moving_average_is_the_reward():
    learner = policy(PricedSpace())
    first = learner.initial(np.random.default_rng(0))
    state = learner.learn(first, np.array([0, 0, 0]), 0.7, np.random.default_rng(0))
    # 0.1 * 0.7 / 0.1 may miss 0.7 by its last bit, which Adam's epsilon makes nothing of.
    assert state.baseline == pytest.approx(0.7, abs=1e-15) and abs(state.logits).max() < 1e-9
    assert (state.updates, first.updates, first.baseline) == (1, 0, None)


def test_a_design_over_the_limit_teaches_nothing_and_is_counted():
    learner = policy(PricedSpace())
    state = learner.learn(begun(learner), np.array([0, 1, 0]), 0.5, np.random.default_rng(0))
    after = learner.learn(state, np.array([2, 1, 3]), 0.9, np.random.default_rng(0))
    assert after == state._replace(infeasible=1) and after.skipped == 1


def test_only_rejection_passes_over_the_quality_of_a_design_over_the_limit():
    over, within = np.array([2, 1, 3]), np.array([0, 1, 0])
    learner, rival = policy(PricedSpace()), policy(PricedSpace(), reward="absolute")
    assert learner.judges(np.array([within, over])).tolist() == [True, False]
    assert rival.judges(np.array([within, over])).tolist() == [True, True]


def test_without_a_sample_within_the_limit_nothing_is_learnt_and_it_is_counted():
    """One sample a step, with the policy all but certain of (2, 1, 3), which is over the limit: chance 1e-13."""
    learner = policy(PricedSpace(), samples=1, enumerate_up_to=0)
    state = learner.initial(np.random.default_rng(0))
    logits = np.zeros_like(state.logits)
    logits[[0, 1, 2], [2, 1, 3]] = 30
    after = learner.learn(state._replace(logits=logits), np.array([0, 0, 0]), 0.9, np.random.default_rng(0))
    assert after == state._replace(logits=logits, unsampled=1) and after.skipped == 1
    plain = policy(PricedSpace(), samples=1, enumerate_up_to=0, corrected=False)
    assert plain.learn(state, np.array([0, 0, 0]), 0.9, np.random.default_rng(0)).updates == 1


@pytest.mark.parametrize("quality", [float("nan"), float("inf")])
def test_a_quality_that_is_no_number_is_refused(quality):
    learner = policy(PricedSpace())
    with pytest.raises(ValueError, match=r"`quality` must be finite\. Received: quality="):
        learner.learn(begun(learner), np.array([0, 0, 0]), quality, np.random.default_rng(0))


@BOTH
@pytest.mark.parametrize("limits", [PriceLimits(LIMIT), None], ids=["limited", "free"])
def test_the_most_probable_designs_are_those_within_in_order_with_their_conditional_probability(space, limits):
    learner = policy(space, limits=limits)
    state = begun(learner)
    inside = words(space) if limits is None else cheap(space)
    wanted = sorted(inside, key=lambda word: -log_probability(space, state.logits, word))
    found = learner.most_probable(state, 1000)
    assert [tuple(row.tolist()) for row, _ in found] == wanted
    assert [one for _, one in found] == pytest.approx(
        [conditional(space, state.logits, word, inside) for word in wanted], abs=1e-12
    )
    assert [tuple(row) for row, _ in learner.most_probable(state, 2)] == wanted[:2]
    assert sum(np.exp(one) for _, one in found) == pytest.approx(1, abs=1e-12)


@BOTH
def test_of_a_space_that_is_not_enumerated_they_are_the_same_and_their_probability_an_estimate(space):
    """20,000 draws: P(V) is within 5 standard errors, 0.018, of what it is, 0.2 and more: 0.09 of its logarithm."""
    exact, estimated = policy(space), policy(space, enumerate_up_to=0, samples=20_000)
    state = begun(exact)
    pairs = zip(exact.most_probable(state, 4), estimated.most_probable(state, 4), strict=True)
    for (row, wanted), (found, close) in pairs:
        assert row.tolist() == found.tolist() and close == pytest.approx(wanted, abs=0.09)
    assert exact.log_mass(state) > np.log(0.2)


def test_of_a_space_too_large_to_rank_they_are_the_most_probable_of_many_draws():
    """4 to the 16th designs; each digit of the answer has probability 0.94, the answer 0.37, its neighbours 0.008."""
    learner = policy(PlantedSpace(), limits=None)
    state = learner.initial(np.random.default_rng(0))
    logits = np.zeros_like(state.logits)
    logits[np.arange(16), ANSWER] = 3.85
    (row, chance), *others = learner.most_probable(state._replace(logits=logits), 49)
    assert tuple(row.tolist()) == ANSWER
    assert chance == pytest.approx(16 * (3.85 - np.log(np.exp(3.85) + 3)), abs=1e-9)
    # Of 307,200 draws each of the 48 neighbours is about 2,500.
    assert [(other != row).sum() for other, _ in others] == [1] * 48


def test_log_probabilities_are_never_above_zero_even_where_an_estimate_misses_the_mass():
    """Uniform over 24 words of which one is cheap enough: a single sample says that P(V) is 0 or 1."""
    learner = policy(PricedSpace(), PriceLimits(1), enumerate_up_to=0, samples=1)
    for seed in range(5):
        state = learner.initial(np.random.default_rng(seed))
        assert [(row.tolist(), one <= 0) for row, one in learner.most_probable(state, 3)] == [([0, 0, 0], True)]


def test_feasible_are_designs_within_the_limit():
    learner = policy(PricedGrammar())
    rows = np.array([*words(PricedSpace()), (0, 0, 9)])
    assert [tuple(row) for row in rows[learner.feasible(rows)].tolist()] == cheap(PricedGrammar())


def test_only_designs_within_are_proposed_and_the_others_counted():
    """Uniform: 10 of 24 are within, so 200 proposals take 480 draws; 5 standard deviations are 130."""
    for reward in ("rejection", "absolute"):
        learner = policy(PricedSpace(), reward=reward)
        drawn = learner.propose_several(learner.initial(np.random.default_rng(0)), np.random.default_rng(1), 200)
        assert len(drawn) == 200 and {one.origin for one in drawn} == {"policy"}
        assert {one.spec for one in drawn} == {*cheap(PricedSpace())}
        assert abs(sum(one.over_limit for one in drawn) - 280) < 130


def test_a_draw_from_the_policy_itself_is_not_rejected():
    learner = policy(PricedSpace())
    rows = learner.draw(learner.initial(np.random.default_rng(0)), np.random.default_rng(0), 500)
    assert rows.shape == (500, 3) and {*map(tuple, rows.tolist())} == {*words(PricedSpace())}


def test_a_round_teaches_what_the_same_steps_teach():
    """A scored candidate its mean fitness, a rejected one `rejected`, one of time none, a baseline none."""
    learner = policy(PricedSpace(), rejected=0.25)
    state = begun(learner)
    judged = [
        scored((0, 0, 1)),
        scored((0, 1, 1), reason="quality", fitness=()),
        scored((0, 0, 2), reason="time_up", fitness=()),
        scored((0, 0, 2), role="baseline"),
        scored((2, 1, 3), reason="size", fitness=()),
        scored((1, 0, 0), fitness=(1.0,)),
    ]
    found, by_step = learner.update(state, judged), state
    for word, quality in [((0, 0, 1), 0.75), ((0, 1, 1), 0.25), ((2, 1, 3), 0.25), ((1, 0, 0), 1.0)]:
        by_step = learner.learn(by_step, np.array(word), quality, np.random.default_rng(0))
    assert found == by_step._replace(judged=4) and found.infeasible == 1
    taught = policy(PricedSpace(), rejected=None).update(state, judged[1:2])
    assert taught == state._replace(judged=1)


def test_an_estimated_correction_in_rounds_is_the_same_wherever_they_are_cut():
    learner = policy(PricedSpace(), samples=4, enumerate_up_to=0)
    state, judged = begun(learner), [scored(word) for word in cheap(PricedSpace())]
    by_one = state
    for one in judged:
        by_one = learner.update(by_one, [one])
    assert learner.update(state, judged) == by_one
    other = begun(learner)._replace(seed=state.seed + 1)
    assert (learner.update(other, judged).logits != by_one.logits).any()


def test_a_state_is_written_and_read_bit_for_bit():
    learner = policy(PricedSpace(), samples=4, enumerate_up_to=0)
    judged = [scored(word, fitness=(price(word) / 14,)) for word in words(PricedSpace())]
    state = learner.update(begun(learner), judged)
    assert state.infeasible and state.unsampled and state.updates > 1 and state.first.any()
    data, tensors = learner.encode_state(state)
    read = learner.decode_state(data, tensors)
    assert read == state and data == {"judged": 24}
    for name in ("logits", "first", "second"):
        assert getattr(read, name).tobytes() == getattr(state, name).tobytes()
    assert learner.encode_state(read) == (data, tensors)
    assert read != state._replace(logits=np.nextafter(state.logits, 1)) and hash(read) == hash(state)


def test_what_is_no_state_of_this_policy_is_refused():
    learner = policy(PricedSpace())
    data, tensors = learner.encode_state(begun(learner))
    with pytest.raises(ValueError, match=r"`tensors` must be the policy's arrays\. Received: tensors=None"):
        learner.decode_state(data)
    with pytest.raises(ValueError, match=r"`tensors` must be safetensors: .* Received: 5 bytes"):
        learner.decode_state(data, b"12345")
    with pytest.raises(ValueError, match=r"`tensors` must have the shapes .*\(16, 4\)"):
        FactorizedPolicy(FactorizedSettings(), PlantedSpace()).decode_state(data, tensors)
    with pytest.raises(ValueError, match=r"`tensors` must be of 3 candidates\. Received: of 0"):
        learner.decode_state({"judged": 3}, tensors)


def searched(controller, space, quality, rounds, size=8, seed=0):
    """The state after rounds in which every proposal is scored."""
    rng = np.random.default_rng(seed)
    state = controller.initial(rng)
    for _ in range(rounds):
        drawn = controller.propose_several(state, rng, size)
        state = controller.update(
            state, [scored(space.to_json(one.spec), fitness=(quality(one.spec),)) for one in drawn]
        )
    return state


def estimated_search():
    """What a search with an estimated correction ends at, bit for bit, as text."""
    learner = policy(PricedGrammar(), enumerate_up_to=0, samples=8)
    state = searched(learner, PricedGrammar(), lambda spec: price(spec) / 14, rounds=6)
    return learner.encode_state(state).tensors.hex() + str(learner.most_probable(state, 3))


def test_the_same_seed_learns_the_same_in_processes_that_hash_differently():
    texts = [
        subprocess.run(
            [sys.executable, "-c", LEARNT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1] == estimated_search()


def test_the_best_design_within_a_limit_becomes_probable_though_better_ones_are_over_it():
    """Quality is the price, so all that is best is over the limit; at 6 stand (0, 1, 3) and (1, 0, 1), from 0.2."""
    space = PricedSpace()
    for settings in ({}, {"enumerate_up_to": 0, "samples": 30}):
        learner = policy(space, learning_rate=0.1, **settings)
        state = searched(learner, space, lambda spec: price(spec) / 14, rounds=50)
        chances = {tuple(row.tolist()): np.exp(one) for row, one in learner.most_probable(state, 10)}
        assert chances[0, 1, 3] + chances[1, 0, 1] > 0.6, settings


def test_without_limits_a_planted_answer_of_sixteen_digits_is_found():
    """From 1 in 4 to the 16th: 1,500 candidates, each digit learnt from the share of right ones."""
    space = PlantedSpace()
    learner = policy(space, limits=None)
    state = searched(learner, space, lambda spec: float(np.mean(planted_fitness(spec))), rounds=190)
    (row, chance), *_ = learner.most_probable(state, 1)
    assert tuple(row) == ANSWER and chance > np.log(0.5)


@pytest.mark.parametrize(
    ("name", "settings", "planted", "drawn"),
    [("update_rule", {"groups": 2}, "PowerSign", 10), ("norm_act_layer", {"nodes": 4}, "BN-ReLU", 12)],
)
def test_under_a_grammar_a_planted_design_becomes_probable(name, settings, planted, drawn):
    """A design's quality is its share of the planted one's decisions: 0.07 and 0.3 at first, 0.9 after 60 rounds."""
    space = open_space(name, settings)
    learner = open_controller("factorized", {}, space)
    wanted = space.encode(space.known[planted])[:drawn]

    def quality(spec):
        return float((space.encode(spec)[:drawn] == wanted).mean())

    def mean_of(state):
        return np.mean([quality(one.spec) for one in learner.propose_several(state, np.random.default_rng(9), 200)])

    state = searched(learner, space, quality, rounds=60)
    assert mean_of(learner.initial(np.random.default_rng(0))) < 0.35
    assert mean_of(state) > 0.85
