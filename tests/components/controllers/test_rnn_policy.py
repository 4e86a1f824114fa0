"""The recurrent policy: what teaches it, batches, lengths; it finds what is planted, and resumes bit for bit.

Random tests draw from fixed seeds, so they repeat; "chance" is that of a right program to fail under another seed.
"""

import hashlib
import itertools
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from components.controllers.policy_gradient import Batch
from components.controllers.policy_state import Learner, PolicyState, pack, unpack
from components.controllers.policy_training import descend
from components.controllers.registry import open_controller
from components.controllers.rnn_policy import RnnPolicy, RnnSettings, transformed
from components.controllers.token_network import forward
from components.records.results import ScoredCandidate
from components.search_spaces.registry import open_space
from tests.oracles.small_grammar import SmallGrammar, words

SMALL = {"units": 8, "embedding": 4, "learning_rate": 0.01}

HISTORY = """
import sys
from tests.components.controllers.test_rnn_policy import fingerprint
print(fingerprint(sys.argv[1]))
"""


def policy(space=None, **settings):
    return RnnPolicy(RnnSettings(**{**SMALL, **settings}), space or SmallGrammar())


def start(controller, seed=0):
    return controller.initial(np.random.default_rng(seed))


def scored(spec, quality=0.5, **changed):
    fields = {"reason": None, "fitness": (quality,), **changed}
    return ScoredCandidate(id=str(spec), round="rounds/00001", spec=list(spec), **fields)


def taught(controller, state, rewards, words=((3, 0, 4, 1),)):
    """The state after candidates of these rewards in one round; the words take turns."""
    return controller.update(state, [scored(words[i % len(words)], reward) for i, reward in enumerate(rewards)])


def weights(state):
    return unpack(state.tensors).weights


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_candidates_wait_until_a_batch_is_full():
    """Batch 5: rounds of 3, 3 and 6 make updates at the 5th and the 10th candidate, whatever the rounds."""
    controller = policy(batch=5)
    states = [start(controller)]
    for count in (3, 3, 6):
        states.append(taught(controller, states[-1], [0.5] * count))
    assert [state.progress.updates for state in states] == [0, 0, 1, 2]
    assert [len(unpack(state.tensors).rewards) for state in states] == [0, 3, 1, 2]
    assert [state.progress.judged for state in states] == [0, 3, 6, 12]
    assert same(states[0], states[1]) and not same(states[1], states[2])


@pytest.mark.parametrize(("algorithm", "steps"), [("reinforce", 2), ("ppo", 6)])
def test_ppo_takes_its_epochs_on_each_batch_and_reinforce_one_step(algorithm, steps):
    controller = policy(batch=5, epochs=3, algorithm=algorithm)
    state = taught(controller, start(controller), [0.1, 0.9] * 5)
    assert (state.progress.updates, state.progress.adam_steps) == (2, steps)


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_an_update_is_adam_on_the_batch_with_the_probabilities_of_sampling(algorithm):
    """Written out: baseline of the first batch is its mean, then a moving average; PPO's ratios are to `state`.

    Two batches of a round: the second one's ratios are to the state that proposed it, too, not to the one in between.
    """
    controller = policy(batch=2, algorithm=algorithm, epochs=2, entropy=0.1, baseline_decay=0.8, transform="square")
    before = start(controller, 3)
    specs, qualities = [(3, 0, 4, 1), (5, 1, 3, 0), (4, 2, 5, 0), (3, 1, 3, 2)], [0.5, 0.9, 0.2, 1.0]
    after = controller.update(before, [scored(spec, one) for spec, one in zip(specs, qualities, strict=True)])
    rewards = np.array(qualities) ** 2
    tokens = np.stack([controller._decisions.tokens(list(spec)) for spec in specs])
    masks = controller._decisions.masks(tokens)
    logits = forward(weights(before), tokens)[0].astype(np.float64)
    sampled = np.array(
        [
            [logits[t, i, tokens[i, t]] - np.log(np.exp(logits[t, i][masks[t, i]]).sum()) for t in range(4)]
            for i in range(4)
        ]
    )
    first_baseline = rewards[:2].mean()
    second_baseline = 0.8 * (0.8 * first_baseline + 0.2 * rewards[0]) + 0.2 * rewards[1]
    third_baseline = 0.8 * (0.8 * second_baseline + 0.2 * rewards[2]) + 0.2 * rewards[3]
    learner, done = Learner.new(weights(before)), 0
    for rows, baseline in ((slice(0, 2), first_baseline), (slice(2, 4), second_baseline)):
        batch = Batch(tokens[rows], masks[:, rows], sampled[rows], rewards[rows] - baseline)
        count = 2 if algorithm == "ppo" else 1
        steps = range(done + 1, done + count + 1)
        learner = descend(learner, batch, algorithm, entropy=0.1, clip=0.2, learning_rate=0.01, steps=steps)
        done += count
    assert after.progress.baseline == pytest.approx(third_baseline, rel=1e-12)
    for ours, theirs in zip(weights(after), learner.weights, strict=True):
        # float32 log-probabilities against float64 ones: a hundredth of an update's 0.01 would be 1e-4
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(
    ("transform", "reward"), [("identity", 0.25), ("square", 0.0625), ("cube", 0.015625), ("root", 0.5)]
)
def test_rewards_are_transformed(transform, reward):
    assert transformed(0.25, transform) == reward
    controller = policy(transform=transform, batch=1)
    assert taught(controller, start(controller), [0.25]).progress.baseline == reward


def test_the_reward_is_the_mean_of_the_networks_or_the_weighted_product():
    one = scored((3, 0, 4, 1), fitness=(0.5, 1.0), reward=0.375)
    for learns_from, worth in (("quality", 0.75), ("reward", 0.375)):
        controller = policy(batch=1, learns_from=learns_from)
        assert controller.update(start(controller), [one]).progress.baseline == worth
    with pytest.raises(ValueError, match=r"`reward` must be there .* Received: None for 'b'"):
        nothing = msgspec.structs.replace(one, id="b", reward=None)
        controller.update(start(controller), [nothing])


@pytest.mark.parametrize("reason", ["size", "non_finite", "quality", "stability", "failed"])
def test_rejected_candidates_teach_their_reward(reason):
    rejected = scored((3, 0, 4, 1), reason=reason, fitness=())
    controller = policy(batch=1, rejected=0.25, transform="square")
    assert controller.update(start(controller), [rejected]).progress.baseline == 0.0625
    controller = policy(batch=1, rejected=None)
    state = controller.update(start(controller), [rejected])
    assert (state.progress.baseline, state.progress.updates, state.progress.judged) == (None, 0, 1)


def test_by_default_a_rejected_candidate_counts_nothing():
    controller = policy(batch=2)
    pair = [scored((3, 0, 4, 1), 1.0), scored((5, 1, 3, 0), reason="quality", fitness=())]
    before = start(controller)
    after = controller.update(before, pair)
    assert after.progress.baseline < 0.5 + 1e-9
    # The good one gains, the rejected one loses.
    assert controller.probability(after, [3, 0, 4, 1]) > controller.probability(before, [3, 0, 4, 1])
    assert controller.probability(after, [5, 1, 3, 0]) < controller.probability(before, [5, 1, 3, 0])


def test_designs_that_the_policy_cannot_draw_teach_nothing_but_count():
    """A published design in the first population may break the grammar, or have another length."""
    controller = policy(batch=1)
    state = controller.update(start(controller), [scored((3, 0, 4, 0)), scored((3, 0, 4, 1, 2))])
    assert (state.progress.updates, state.progress.judged) == (0, 2)


def test_lengths_come_into_force_after_their_candidates():
    controller = policy(lengths_after=(4,))
    state, rng, seen = start(controller), np.random.default_rng(0), []
    for _ in range(4):
        drawn = controller.propose_several(state, rng, 20)
        seen.append({len(one.spec) for one in drawn})
        state = controller.update(state, [scored(one.spec) for one in drawn[:2]])
    assert seen == [{2}, {2}, {4}, {4}]
    controller = policy()
    assert {len(one.spec) for one in controller.propose_several(start(controller), rng, 20)} == {4}


def test_rules_of_several_lengths_are_learnt_from_in_one_batch():
    controller = policy(lengths_after=(3,), batch=2, algorithm="reinforce")
    state = start(controller)
    before = controller.probability(state, [3, 0])
    state = controller.update(state, [scored((3, 0), 1.0), scored((4, 2, 5, 0), 0.0)])
    assert controller.probability(state, [3, 0]) > before > 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"lengths_after": [5, 5]}, r"`lengths_after` must be ascending\. Received: lengths_after=\[5, 5\]"),
        ({"lengths_after": [5, 9]}, r"`lengths_after` must have at most 1 entries, as the space has 2 lengths"),
        ({"lengths_after": [0]}, r"Expected `int` >= 1 - at `\$\.lengths_after\[0\]`"),
        ({"algorithm": "trpo"}, r"Invalid enum value 'trpo' - at `\$\.algorithm`"),
        ({"learning_rate": 0.0}, r"Expected `float` > 0\.0 - at `\$\.learning_rate`"),
        ({"batch": 0}, r"Expected `int` >= 1 - at `\$\.batch`"),
        ({"entropy": -0.1}, r"Expected `float` >= 0\.0 - at `\$\.entropy`"),
        ({"rejected": 1.5}, r"Expected `float` <= 1\.0 - at `\$\.rejected`"),
        ({"baseline_decay": 1.0}, r"Expected `float` < 1\.0 - at `\$\.baseline_decay`"),
        ({"clip": 0.0}, r"Expected `float` > 0\.0 - at `\$\.clip`"),
        ({"epochs": 101}, r"Expected `int` <= 100 - at `\$\.epochs`"),
        ({"units": 0}, r"Expected `int` >= 1 - at `\$\.units`"),
    ],
    ids=str,
)
def test_settings_outside_their_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        open_controller("rnn", setting, SmallGrammar())


def planted(space, target, algorithm, *, rounds, seed, **settings):
    """The target's probability before and after, where a design is worth its share of the target's decisions."""
    controller = open_controller("rnn", {"algorithm": algorithm, "learning_rate": 1e-3, **settings}, space)
    rng = np.random.default_rng(seed)
    state, wanted = controller.initial(rng), space.encode(space.from_json(target))
    free = [at for at in range(space.lengths[-1]) if space.allowed(wanted[:at].tolist()).sum() > 1]
    masses = [controller.probability(state, target)]
    for _ in range(3):
        for _ in range(rounds // 3):
            drawn = controller.propose_several(state, rng, 10)
            right = [float((space.encode(one.spec) == wanted)[free].mean()) for one in drawn]
            pairs = zip(drawn, right, strict=True)
            state = controller.update(
                state,
                [
                    ScoredCandidate(id="x", round="r", spec=space.to_json(one.spec), reason=None, fitness=(worth,))
                    for one, worth in pairs
                ],
            )
        masses.append(controller.probability(state, target))
    return masses


def rises(masses):
    """Whether each is larger than the one before, up to the last tenth, which entropy holds open."""
    return all(after > min(before, 0.9) for before, after in itertools.pairwise(masses))


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_mass_of_a_planted_layer_rises(algorithm, seed):
    """Graphs of two nodes: 8e-5 rises with each third of 600 candidates; to 0.1 and more with each of 4 seeds tried."""
    space = open_space("norm_act_layer", {"nodes": 2, "min_active_ops": 1})
    target = space.to_json(space.sample(np.random.default_rng(7)))
    masses = planted(space, target, algorithm, rounds=60, seed=seed)
    assert masses[0] < 1e-3 and rises(masses) and masses[-1] > 0.02, masses


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_the_mass_of_a_planted_rule_rises(algorithm):
    """PowerSign, of more than 1e11 rules of two groups: 5e-12 rises with each third of 900 candidates.

    With each of 3 seeds tried to a million times as much and more, with one of them to 0.97.
    """
    space = open_space("update_rule", {"groups": 2})
    masses = planted(space, space.to_json(space.known["PowerSign"]), algorithm, rounds=90, seed=0)
    assert masses[0] < 1e-10 and rises(masses) and masses[-1] > 1e5 * masses[0], masses


def walk(controller, state, rounds, first=0, through=lambda state: state):
    """The state after some rounds of one seeded search; `through` stands between any two rounds."""
    for number in range(first, first + rounds):
        drawn = controller.propose_several(state, np.random.default_rng([5, number]), 7)
        qualities = [0.1 * one.spec[1] + 0.05 * one.spec[3] for one in drawn]
        state = through(
            controller.update(state, [scored(one.spec, quality) for one, quality in zip(drawn, qualities, strict=True)])
        )
    return state


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_a_search_that_goes_on_from_what_was_written_is_the_unbroken_one_bit_for_bit(algorithm):
    """Rounds of 7 with batches of 5, so that candidates wait in what is written, too."""
    controller = policy(algorithm=algorithm)

    def written(state):
        data, tensors = controller.encode_state(state)
        return policy(algorithm=algorithm).decode_state(msgspec.json.decode(msgspec.json.encode(data)), tensors)

    unbroken = walk(controller, start(controller), 6)
    assert walk(controller, start(controller), 6, through=written) == unbroken
    assert unbroken.progress.updates == 8


def fingerprint(algorithm):
    """A search of the published size of policy, as a digest of all its bits."""
    space = open_space("norm_act_layer", {"nodes": 3, "min_active_ops": 1})
    controller = RnnPolicy(RnnSettings(algorithm=algorithm, learning_rate=1e-3), space)
    state, digest = start(controller), hashlib.sha256()
    for number in range(3):
        drawn = controller.propose_several(state, np.random.default_rng(number), 64)
        digest.update(repr(drawn).encode())
        one = ScoredCandidate(id="x", round="r", spec=None, reason=None, fitness=(0.5,))
        state = controller.update(
            state,
            [
                msgspec.structs.replace(one, spec=space.to_json(drawn[i].spec), fitness=(0.1 * i,), id=str(i))
                for i in range(8)
            ],
        )
        digest.update(state.tensors)
    return digest.hexdigest()


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_processes_with_other_hash_seeds_and_numbers_of_threads_give_the_same_bits(algorithm):
    digests = {fingerprint(algorithm)}
    for seed, threads in (("1", "1"), ("2", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", HISTORY, algorithm], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_the_trained_policy_draws_a_new_design_for_the_final_choice():
    """`propose` from the last state: its first draws are mostly what was rewarded."""
    controller = policy(batch=5, algorithm="reinforce", learning_rate=0.05)
    state = start(controller)
    for number in range(60):
        drawn = controller.propose_several(state, np.random.default_rng(number), 5)
        state = controller.update(state, [scored(one.spec, float(one.spec[:2] == (4, 2))) for one in drawn])
    found = [controller.propose(state, np.random.default_rng(seed)) for seed in range(20)]
    assert {one.origin for one in found} == {"policy"}
    assert sum(one.spec[:2] == (4, 2) for one in found) > 10
    assert controller.propose(state, np.random.default_rng(3)) == found[3]


def test_probabilities_are_zero_for_what_is_not_drawn_now():
    controller = policy(lengths_after=(4,))
    state = start(controller)
    assert sum(controller.probability(state, list(word)) for word in words(2)) == pytest.approx(1, abs=1e-5)
    assert controller.probability(state, [3, 0, 4, 1]) == controller.probability(state, [3, 3]) == 0


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (None, r"`tensors` must be the policy's weights\. Received: tensors=None"),
        (b"no safetensors", r"`tensors` must be safetensors bytes that hold a policy.*Received: 14 bytes"),
        (pack(Learner.new(weights(start(policy(units=9))))), r"`tensors` must have shapes .*Received"),
    ],
    ids=["none", "damaged", "of another size"],
)
def test_arrays_that_are_no_state_of_this_policy_are_refused(tensors, message):
    with pytest.raises(ValueError, match=message):
        policy().decode_state({}, tensors)


def test_equal_arrays_are_equal_bytes():
    state = start(policy())
    assert PolicyState(state.progress, pack(unpack(state.tensors))) == state
