"""REINFORCE and PPO on a tiny policy: loss and every gradient against TensorFlow's and against finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.controllers.policy_gradient import Batch, chosen_log_probabilities, masked_softmax, policy_loss
from components.controllers.policy_training import policy_gradient
from components.controllers.token_network import NetworkWeights, forward, initial_weights

DECISIONS, CHOICES, EMBEDDING, UNITS = 4, 5, 3, 6
LENGTHS = (4, 2, 4, 1, 3, 4)  # of the batch's rows


def tiny(seed=0):
    """Weights of standard deviation 1 in float64, and a batch with masks, rows of several lengths, both signs of A.

    Sampling log-probabilities lie within e^(+-0.6) of the policy's, so that with clip 0.2 ratios are clipped on both
    sides and not clipped.
    """
    rng = np.random.default_rng(seed)
    small = initial_weights(DECISIONS, CHOICES, EMBEDDING, UNITS, rng)
    weights = NetworkWeights(*[rng.standard_normal(array.shape) for array in small])
    masks = np.zeros((DECISIONS, len(LENGTHS), CHOICES), bool)
    tokens = np.full((len(LENGTHS), DECISIONS), -1)
    for row, length in enumerate(LENGTHS):
        for step in range(length):
            open_choices = rng.permutation(CHOICES)[: rng.integers(1, CHOICES + 1)]
            masks[step, row, open_choices] = True
            tokens[row, step] = open_choices[0]
    now = chosen_log_probabilities(forward(weights, tokens)[0], masks, tokens)
    before = np.where(tokens >= 0, now + rng.uniform(-0.6, 0.6, now.shape), 0)
    return weights, Batch(tokens, masks, before, rng.standard_normal(len(LENGTHS)))


def reference(weights, batch, algorithm, entropy, clip):
    """Loss and gradients by TensorFlow: Keras's LSTM, a softmax over the allowed choices alone, rule after rule."""
    layer = keras.layers.LSTM(UNITS, return_sequences=True, dtype="float64")
    layer.build((None, None, EMBEDDING))
    layer.set_weights([weights.kernel, weights.recurrent, weights.bias])
    embedding, output, output_bias = (
        tf.Variable(one) for one in (weights.embedding, weights.output, weights.output_bias)
    )
    with tf.GradientTape() as tape:
        total = tf.constant(0.0, tf.float64)
        for row, length in enumerate(LENGTHS):
            previous = [0, *batch.tokens[row, : length - 1]]
            hidden = layer(tf.stack([embedding[step, token] for step, token in enumerate(previous)])[None])[0]
            for step in range(length):
                logits = tf.linalg.matvec(output[step], hidden[step], transpose_a=True) + output_bias[step]
                allowed = np.flatnonzero(batch.masks[step, row])
                log_p = tf.nn.log_softmax(tf.gather(logits, allowed))
                chosen = log_p[allowed.tolist().index(batch.tokens[row, step])]
                advantage = batch.advantages[row]
                if algorithm == "reinforce":
                    objective = chosen * advantage
                else:
                    ratio = tf.exp(chosen - batch.log_probabilities[row, step])
                    objective = tf.minimum(ratio * advantage, tf.clip_by_value(ratio, 1 - clip, 1 + clip) * advantage)
                total += objective - entropy * tf.reduce_sum(tf.exp(log_p) * log_p)
        loss = -total / len(LENGTHS)
    kernel, recurrent, bias = (one.value for one in layer.trainable_variables)
    gradients = tape.gradient(loss, [embedding, kernel, recurrent, bias, output, output_bias])
    return float(loss), [tf.convert_to_tensor(one).numpy() for one in gradients]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("entropy", [0.0, 0.3])
@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
def test_loss_and_gradients_are_tensorflows(algorithm, entropy, seed):
    weights, batch = tiny(seed)
    loss, gradients = policy_gradient(weights, batch, algorithm, entropy=entropy, clip=0.2)
    expected_loss, expected = reference(weights, batch, algorithm, entropy, 0.2)
    assert loss == pytest.approx(expected_loss, rel=1e-10)
    for name, ours, theirs in zip(NetworkWeights._fields, gradients, expected, strict=True):
        assert np.abs(theirs).max() > 1e-4, name
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("algorithm", ["reinforce", "ppo"])
@pytest.mark.parametrize("part", NetworkWeights._fields)
def test_gradients_are_what_finite_differences_say(part, algorithm):
    """Central differences of 1e-6 in float64: off by 1e-9 and less, where no ratio stands at its clip."""
    weights, batch = tiny(5)
    _, gradients = policy_gradient(weights, batch, algorithm, entropy=0.1, clip=0.2)
    original, step = getattr(weights, part), 1e-6
    indices = list(np.ndindex(original.shape))
    for index in indices[:: max(1, len(indices) // 25)]:
        losses = []
        for way in (step, -step):
            changed = original.copy()
            changed[index] += way
            logits, _ = forward(weights._replace(**{part: changed}), batch.tokens)
            losses.append(policy_loss(logits, batch, algorithm, entropy=0.1, clip=0.2)[0])
        assert getattr(gradients, part)[index] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7)


def test_the_batch_has_clipped_and_unclipped_ratios_on_both_sides():
    """What the comparisons above rest on."""
    weights, batch = tiny(0)
    now = chosen_log_probabilities(forward(weights, batch.tokens)[0], batch.masks, batch.tokens)
    ratio, used = np.exp(now - batch.log_probabilities), batch.tokens >= 0
    gains = np.broadcast_to(batch.advantages[:, None] > 0, ratio.shape)
    for sign in (gains, ~gains):
        assert (used & sign & (ratio > 1.2)).any() and (used & sign & (ratio < 0.8)).any()
        assert (used & sign & (abs(ratio - 1) < 0.2)).any()


def one_decision(ratio, advantage):
    """A policy of two equal choices, sampled where its probability was 0.5 / ratio."""
    batch = Batch(np.array([[0]]), np.ones((1, 1, 2), bool), np.log([[0.5 / ratio]]), np.array([advantage]))
    return policy_loss(np.zeros((1, 1, 2)), batch, "ppo", entropy=0.0, clip=0.2)


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope"),
    [
        (1.0, 2.0, -2.0, -1.0),  # not clipped: -r A, and -r A (1 - p)
        (1.1, 2.0, -2.2, -1.1),
        (1.5, 2.0, -2.4, 0.0),  # clipped at 1.2: nothing more to gain
        (0.5, 2.0, -1.0, -0.5),  # the smaller of both is the unclipped one
        (1.5, -2.0, 3.0, 1.5),
        (0.5, -2.0, 1.6, 0.0),  # clipped at 0.8
    ],
)
def test_ppo_clips_what_would_only_overshoot(ratio, advantage, loss, slope):
    """By hand: with p = 0.5 the derivative of r by the logit is r (1 - p)."""
    value, slopes = one_decision(ratio, advantage)
    assert value == pytest.approx(loss) and slopes[0, 0, 0] == pytest.approx(slope)


def test_the_softmax_is_over_what_is_allowed_alone():
    logits = np.array([[0.0, np.log(3.0), 50.0], [1e4, -1e4, 0.0], [1.0, 2.0, 3.0]])
    mask = np.array([[True, True, False], [True, True, False], [False, False, False]])
    with np.errstate(all="raise", under="ignore"):
        found = masked_softmax(logits, mask)
    np.testing.assert_allclose(found.probabilities, [[0.25, 0.75, 0], [1, 0, 0], [0, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(found.logarithms[0], [np.log(0.25), np.log(0.75), 0])
    assert found.logarithms[1].tolist() == [0, -2e4, 0]


def test_the_weights_start_within_their_bound_and_fill_it():
    """Of 4 * 5 * 3 = 60 and more draws none is within 10% of the bound with chance 0.9^60 = 2e-3 at most an array."""
    weights = initial_weights(DECISIONS, CHOICES, EMBEDDING, UNITS, np.random.default_rng(0))
    for name in ("embedding", "kernel", "recurrent", "output"):
        assert 0.072 < abs(getattr(weights, name)).max() <= np.float32(0.08), name
    assert not weights.bias.any() and not weights.output_bias.any()
    assert {array.dtype for array in weights} == {np.dtype(np.float32)}
