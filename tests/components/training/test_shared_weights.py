"""Weight sharing against a masked network in NumPy, against itself cut in two, and at its edges."""

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from components.controllers.registry import open_controller
from components.records.search import Training
from components.records.training_section import WeightSharing
from components.search_spaces.registry import open_space
from components.training.checkpoint import DamagedWeights
from components.training.evaluation import evaluate_logits
from components.training.feed import Feed
from components.training.plain import Plain
from components.training.recipe import Recipe
from components.training.schedule import learning_rate
from components.training.seeds import POLICY, stream
from components.training.shared_weights_program import SharedWeights
from tests.components.training.small_sharing import (
    FEATURES,
    SEED,
    SPACE,
    STEPS,
    TRAINING,
    VARIANT,
    WIDTHS,
    feed,
    network,
    policy,
    program,
    run,
)
from tests.oracles import masked_mlp

ROOT = Path(__file__).parents[3]
MOST = max(WIDTHS)
AT_ONCE = WeightSharing(warmup=0, draws=1)  # the policy learns from the first step on
replace = msgspec.structs.replace
TRAININGS = {
    "nesterov, cosine, decay": (replace(TRAINING, weight_decay=0.01), masked_mlp.nesterov(0.9)),
    "plain, constant": (replace(TRAINING, momentum=0.0, schedule="constant"), masked_mlp.nesterov(0.0)),
    "adam": (replace(TRAINING, optimizer="adam", learning_rate=0.01, weight_decay=0.01), masked_mlp.adam),
}


def values(shared):
    """Copies of a program's weights and slots."""
    return [np.array(one) for one in (*shared._network.variables, *shared._update.slots)]


def sizes(encoded, classes):
    """Layer sizes of a child, from features to outputs; two classes have one logit."""
    return [FEATURES, *SPACE.decode(encoded).widths, 1 if classes == 2 else classes]


@pytest.mark.parametrize("classes", [3, 2, 1], ids=["classes", "two classes", "regression"])
@pytest.mark.parametrize(("training", "move"), TRAININGS.values(), ids=TRAININGS)
def test_steps_of_children_equal_those_of_a_masked_network(training, move, classes):
    """float32 against float64 over 24 steps."""
    shared = program(classes, training=training, sharing=AT_ONCE, policy=policy(rate=0.0))
    largest, before = sizes(shared._network.largest, classes), [np.array(one) for one in shared._network.variables]
    children = [shared.weight_child(step) for step in range(STEPS)]
    assert len({tuple(one) for one in children}) > 12  # of 64
    losses = [shared.step(step) for step in range(STEPS)]
    steps = [
        (*feed(classes).batch(SEED, step, 16), sizes(child, classes), learning_rate(training, step, STEPS))
        for step, child in enumerate(children)
    ]
    expected, weights, slots = masked_mlp.train(before, steps, largest, decay=training.weight_decay, move=move)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for ours, oracle in zip(shared._network.variables, weights, strict=True):
        np.testing.assert_allclose(ours, oracle, rtol=1e-3, atol=1e-5)
    kept = [part for which in range(2) for part in (slot[which] for slot in slots)]
    for ours, oracle in zip(shared._update.slots, kept):
        np.testing.assert_allclose(ours, oracle, rtol=1e-3, atol=1e-5)
    assert len(shared._update.slots) == {"adam": 2 * 8}.get(training.optimizer, 8 if training.momentum else 0)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_weight_step_touches_only_the_childs_part_and_all_of_it(optimizer):
    """A relu that is dead for all 16 rows has no gradient; weight decay moves its kernel all the same."""
    shared = program(training=replace(TRAINING, optimizer=optimizer, weight_decay=0.1), sharing=AT_ONCE)
    for step in range(3):  # so that there are momenta to lose
        shared._weight_step(step, shared._network.largest)
    child, largest = np.array([2, 0, 3], np.int32), sizes(shared._network.largest, 3)
    inside = masked_mlp.masks(sizes(child, 3), largest)
    before = values(shared)
    shared._weight_step(3, child)
    for at, (old, new) in enumerate(zip(before, values(shared), strict=True)):
        mask = inside[at % len(inside)]
        np.testing.assert_array_equal(new[~mask], old[~mask])
        if old.ndim == 2:
            assert np.all(new[mask] != old[mask])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_space_of_one_design_trains_as_that_design_alone(optimizer):
    space = open_space("tabular_mlp", {"layers": 2, "widths": [6]})
    training = replace(TRAINING, optimizer=optimizer, weight_decay=0.01)
    shared = program(training=training, space=space, policy=policy(decisions=2, choices=1, feasible=lambda one: True))
    alone = Plain(
        Recipe(
            lambda: space.build(space.largest, VARIANT, (FEATURES,), 3), feed(), training, seed=SEED, total_steps=STEPS
        )
    )
    alone.init(None)
    for step in range(STEPS):
        assert shared.step(step) == pytest.approx(alone.step(step), rel=1e-4)
    for one, other in zip(shared._network.variables, alone.model.trainable_variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    assert shared.evaluate() == pytest.approx(alone.evaluate(), rel=1e-3)


def test_each_kind_of_step_is_traced_once_for_all_children():
    result, _ = run(sharing=AT_ONCE)
    assert result.trial.traces == {"train": 1, "evaluate": 1}


@pytest.mark.parametrize("warmup_of", ["layer", "network"])
def test_in_the_warmup_the_largest_is_trained_with_a_chance_that_falls_from_1_to_0(warmup_of):
    """Of 4 widths a draw is the largest in 1/4: the largest has the chance p + (1 - p) / 4, or / 64 for the network.

    2,000 steps of warm-up in quarters of 500: deviations are at most 0.5 / sqrt(500) = 0.022 a layer; 5 of them.
    """
    total = 8000
    shared = program(sharing=WeightSharing(warmup_of=warmup_of), total_steps=total)
    largest = np.array([shared.weight_child(step) == shared._network.largest for step in range(total // 4)])
    assert largest[0].all()
    chances = 1 - np.arange(total // 4) / (total // 4)
    by_quarter = chances.reshape(4, -1).mean(axis=1)
    layers, whole = largest.reshape(4, -1, 3).mean(axis=1), largest.all(axis=1).reshape(4, -1).mean(axis=1)
    alone = by_quarter + (1 - by_quarter) / 4
    np.testing.assert_allclose(layers, np.repeat(alone[:, None], 3, axis=1), atol=0.11)
    together = {"network": by_quarter + (1 - by_quarter) / 64, "layer": _mean_cube(chances)}[warmup_of]
    np.testing.assert_allclose(whole, together, atol=0.11)
    after = [shared.weight_child(step) for step in range(total // 4, total // 4 + 400)]
    counts = np.bincount(np.array(after).ravel(), minlength=4)  # 1,200 draws of 4: 300 each, a deviation is 15
    assert np.all(np.abs(counts - 300) < 6 * 15)


def _mean_cube(chances):
    """Chance that three layers are at their largest by coins of their own, by quarter."""
    return ((chances + (1 - chances) / 4) ** 3).reshape(4, -1).mean(axis=1)


@pytest.mark.parametrize(("warmup", "first"), [(0.25, 6), (0, 0), (0.5, 12)])
def test_the_policy_learns_in_every_step_after_the_warmup(warmup, first):
    chooser = policy()
    result, _ = run(sharing=WeightSharing(warmup=warmup, draws=1), policy=chooser)
    assert len(chooser.learnt) == STEPS - first == sum(result.controller_steps.values())
    skipped = sum(not chooser.feasible(encoded) for encoded, _ in chooser.learnt)
    assert result.controller_steps == {"learnt": STEPS - first - skipped, "skipped": skipped}
    assert 0 < skipped < STEPS - first  # about a quarter


def test_the_child_of_a_policy_step_is_drawn_for_itself():
    """Equal by chance in 1 of 64 steps: more than 6 of 24 happens less than once in 10^6."""
    chooser = policy(rate=0.0)
    shared = program(sharing=AT_ONCE, policy=chooser)
    children = [shared.weight_child(step).tolist() for step in range(STEPS)]
    for step in range(STEPS):
        shared.step(step)
    assert sum(one == drawn for one, (drawn, _) in zip(children, chooser.learnt, strict=True)) <= 6


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "regression"])
@pytest.mark.parametrize("reward_of", ["loss", "accuracy"])
def test_quality_is_that_of_a_model_of_the_childs_widths_with_its_weights(reward_of, classes):
    chooser = policy(feasible=lambda one: True)
    sharing = WeightSharing(warmup=0, reward_of=reward_of, policy_batch_size=1000)  # all 50 rows
    shared = program(classes, sharing=sharing, policy=chooser)
    for step in range(4):
        shared.step(step)
        encoded, quality = chooser.learnt[-1]
        score = alone(shared, np.array(encoded), classes)
        expected = score.accuracy if reward_of == "accuracy" else 1 - score.nll
        assert quality == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("draws", [2, 50])
def test_a_policy_step_draws_again_what_it_cannot_learn_from(draws):
    """A quarter is over the limit: of 24 steps one in 16 teaches nothing by two draws, and none by 50."""
    chooser = policy(rate=0.0)
    result, _ = run(sharing=WeightSharing(warmup=0, draws=draws), policy=chooser)
    taught = [chooser.feasible(encoded) for encoded, _ in chooser.learnt]
    assert len(taught) == STEPS and sum(taught) == result.controller_steps["learnt"] >= STEPS - 8
    assert all(taught) or draws == 2
    rngs = [np.random.default_rng(stream(SEED, POLICY, step + 1)) for step in range(STEPS)]
    drawn = [policy().draw(chooser.initial(None), rng, draws).tolist() for rng in rngs]
    firsts = [next((at for at, one in enumerate(each) if chooser.feasible(one)), draws - 1) for each in drawn]
    assert [encoded for encoded, _ in chooser.learnt] == [each[at] for each, at in zip(drawn, firsts, strict=True)]
    assert result.controller_steps["skipped"] == sum(firsts) + STEPS - sum(taught)


def test_of_a_child_that_teaches_nothing_nothing_is_computed(monkeypatch):
    seen, outputs = [], SharedWeights._outputs
    monkeypatch.setattr(
        SharedWeights, "_outputs", lambda self, x, child: (seen.append(child.tolist()), outputs(self, x, child))[1]
    )
    chooser = policy()
    shared = program(sharing=AT_ONCE, policy=chooser)
    for step in range(STEPS):
        shared.step(step)
    drawn = [encoded for encoded, _ in chooser.learnt]
    assert seen == [encoded for encoded in drawn if chooser.feasible(encoded)] != drawn


def alone(shared, encoded, classes=3):
    """What a model of a child's widths scores on the validation rows with the shared weights."""
    model = SPACE.build(SPACE.decode(encoded), VARIANT, (FEATURES,), classes)
    for own, of_all in zip(model.trainable_variables, shared._network.variables, strict=True):
        own.assign(np.asarray(of_all)[tuple(slice(size) for size in own.shape)])
    data = feed(classes)
    return evaluate_logits(model(data.validation_x).numpy(), data.validation_y)


@pytest.mark.parametrize(("asked", "rows"), [(None, 16), (7, 7), (1000, 50)])
def test_a_policy_step_takes_as_many_validation_rows_as_asked_and_others_each_time(asked, rows, monkeypatch):
    shared = program(sharing=WeightSharing(warmup=0, policy_batch_size=asked), policy=policy(feasible=lambda one: True))
    taken = []
    outputs = SharedWeights._outputs
    monkeypatch.setattr(SharedWeights, "_outputs", lambda self, x, child: (taken.append(x), outputs(self, x, child))[1])
    for step in range(2):
        shared.step(step)
    assert [len(x) for x in taken] == [rows, rows]
    assert len(np.unique(taken[0], axis=0)) == rows  # none twice
    assert np.array_equal(taken[0], taken[1]) == (rows == 50)
    every = {row.tobytes() for row in feed().validation_x}
    assert {row.tobytes() for row in taken[0]} <= every


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_cut_in_two_processes_equals_unbroken_training_bit_for_bit(tmp_path, optimizer):
    """Cut in the warm-up's last step but one, and after it."""
    training = replace(TRAINING, optimizer=optimizer)
    (whole, unbroken), (_, first) = run(training=training), run(training=training, last_step=5)
    start = tmp_path / "start"
    start.write_bytes(run(training=training, first_step=5, last_step=13, start=first)[1])
    command = [
        sys.executable, "-m", "tests.components.training.small_sharing", start, tmp_path / "end", "13", optimizer,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONHASHSEED": "99"}
    child = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")
    assert (tmp_path / "end").read_bytes() == unbroken
    assert whole.trial.status == "trained"


def test_a_seed_gives_the_same_and_another_seed_another():
    (_, first), (_, again), (_, other) = run(last_step=8), run(last_step=8), run(last_step=8, seed=(7, 0, 4))
    assert first == again != other


def test_a_trial_reports_what_it_did_and_its_children_are_the_most_probable_feasible_ones():
    chooser = policy()
    result, data = run(policy=chooser)
    trial, (best, *_) = result.trial, result.children
    assert (trial.variant, trial.status, trial.steps) == ("tabular_mlp", "trained", STEPS)
    assert trial.parameters == 5 * MOST + MOST + 2 * (MOST * MOST + MOST) + 3 * MOST + 3
    assert (trial.accuracy, trial.nll) == best.evaluation
    shared = program()
    shared.init(data)
    assert [one.encoded.tolist() for one in result.children] == [
        encoded.tolist() for encoded, _ in shared.most_probable(5)
    ]
    assert all(chooser.feasible(one.encoded.tolist()) for one in result.children)
    logs = [one.log_probability for one in result.children]
    assert logs == sorted(logs, reverse=True) and sum(map(math.exp, logs)) < 1
    for one in result.children:
        assert one.evaluation == pytest.approx(alone(shared, one.encoded), abs=1e-5)


def test_where_no_design_is_feasible_there_are_no_children_and_the_quality_is_0():
    result, data = run(policy=policy(feasible=lambda one: False))
    assert (result.trial.accuracy, result.trial.nll, result.children) == (0.0, None, ())
    assert result.controller_steps == {"learnt": 0, "skipped": 18}
    assert data is not None


@pytest.mark.parametrize("poisoned", [0, 6])
def test_a_training_loss_that_is_not_finite_ends_the_trial_at_its_step(poisoned):
    data = feed()
    data.train_x[data.batch_rows(SEED, poisoned, poisoned + 1, 16)[0, 3]] = np.nan  # one row of one batch
    first = next(step for step in range(STEPS) if np.isnan(data.batch(SEED, step, 16)[0]).any())
    result, checkpoint = run(feed=data)
    assert (result.trial.status, result.trial.steps, result.trial.loss) == ("non_finite", first + 1, None)
    assert (result.trial.accuracy, result.children, checkpoint) == (None, (), None)


def test_validation_outputs_that_are_not_finite_end_the_trial_and_teach_nothing():
    data, chooser = feed(), policy(feasible=lambda one: True)
    data.validation_x[:] = np.nan
    result, checkpoint = run(feed=data, policy=chooser)
    assert (result.trial.status, result.trial.steps, checkpoint) == ("non_finite", 7, None)  # 6 steps of warm-up
    assert chooser.learnt == []


def test_no_step_begins_after_the_deadline_and_what_was_trained_till_then_is_kept(monkeypatch):
    began, step = [], SharedWeights.step
    monkeypatch.setattr(
        SharedWeights, "step", lambda self, number: (began.append(time.monotonic()), step(self, number))[1]
    )
    deadline = time.monotonic() + 2.0
    result, data = run(last_step=10**6, total_steps=10**6, deadline=deadline)
    assert max(began) < deadline
    assert (result.trial.status, result.trial.steps) == ("time_up", len(began))
    assert len(result.children) == 5 and data is not None


def test_past_the_deadline_nothing_is_built():
    result, data = run(build=None, deadline=time.monotonic() - 1, first_step=3, start=b"")
    assert (result.trial.status, result.trial.steps, result.children, data) == ("time_up", 3, (), None)


def test_steps_beyond_the_horizon_are_refused():
    with pytest.raises(ValueError, match="must hold. Received: first_step=0, last_step=25, total_steps=24"):
        run(last_step=25)


def test_weights_of_another_network_are_refused():
    _, data = run(last_step=2)
    other = open_space("tabular_mlp", {"layers": 3, "widths": [3, 6, 9, 13]})
    with pytest.raises(DamagedWeights, match="must hold the model's variables"):
        run(first_step=2, start=data, build=network(space=other))


def test_the_rows_of_images_are_flattened():
    """8 x 8 x 1 images of two classes, moved by a pixel."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 8, 8, 1)).astype(np.float32), rng.integers(0, 2, 40)
    result, _ = run(
        build=lambda: SPACE.shared_network(VARIANT, (8, 8, 1), 2),
        feed=Feed(x, y, x, y),
        training=replace(TRAINING, shift_pixels=1),
    )
    assert result.trial.status == "trained" and len(result.children) == 5


def test_the_factorized_policy_finds_a_feasible_child_that_classifies_tumours():
    """Breast cancer: 63% are benign; any linear model reaches 95%. 8,000 designs, of which the limit leaves 556."""
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)[order], y[order]
    space = open_space("tabular_mlp", {})
    chooser = open_controller("factorized", {"samples": 200}, space, Smaller(space, 6000))
    result, _ = run(
        build=lambda: space.shared_network(VARIANT, (30,), 2),
        feed=Feed(x[:369], y[:369], x[369:], y[369:]),
        training=Training(batch_size=64, optimizer="adam", learning_rate=0.003, weight_decay=0.0),
        policy=chooser,
        last_step=300,
        total_steps=300,
        children=4,
    )
    counts = result.controller_steps
    assert sum(counts.values()) == 225 and counts["learnt"] > 0 and counts["infeasible"] > 0, "a draw a step"
    for child in result.children:
        parameters = space.costs(child.encoded[None], VARIANT, (30,), 2)["parameters"][0]
        assert parameters <= 6000
    assert result.trial.accuracy > 0.9


class Smaller:
    """A limit on parameters."""

    def __init__(self, space, most):
        self._space, self._most = space, most

    def within(self, encoded):
        return self.ratio(encoded) <= 1

    def ratio(self, encoded):
        return self._space.costs(encoded, VARIANT, (30,), 2)["parameters"] / self._most
