"""Plain training against NumPy, against itself cut in two, and at its edges."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from components.records.search import Training
from components.training.feed import Feed
from components.training.plain import Plain, run_trial
from components.training.recipe import Recipe
from components.training.runtime import prepare_tensorflow
from components.training.schedule import learning_rate
from tests.components.training.small_trial import STEPS, TRAINING, build, feed, rows, run
from tests.oracles import sgd

ROOT = Path(__file__).parents[3]


def regression():
    """Softmax regression on flat rows of 5 features and 3 classes."""
    import keras

    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


def regression_feed():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 5)).astype(np.float32), rng.integers(0, 3, 50)
    return Feed(x, y, x, y)


@pytest.mark.parametrize(
    "training",
    [
        Training(batch_size=8, learning_rate=0.5, momentum=0.9, weight_decay=0.01, warmup_steps=5),
        Training(batch_size=8, learning_rate=0.5, momentum=0.0, weight_decay=0.0, schedule="constant"),
    ],
    ids=["nesterov, cosine, decay", "plain, constant"],
)
def test_steps_equal_those_of_numpy(training):
    data, seed, steps = regression_feed(), (1, 2), 40
    program = Plain(Recipe(regression, data, training, seed=seed, total_steps=steps))
    program.init(None)
    kernel, bias = (np.array(v, np.float64) for v in program.model.trainable_variables)
    losses = [program.step(step) for step in range(steps)]
    expected = sgd.train(
        kernel,
        bias,
        [data.batch(seed, step, 8) for step in range(steps)],
        [learning_rate(training, step, steps) for step in range(steps)],
        training.momentum,
        training.weight_decay,
    )
    received = (*program.model.trainable_variables, losses)
    for ours, oracle in zip(received, expected, strict=True):
        np.testing.assert_allclose(ours, oracle, rtol=2e-4, atol=2e-5)


def test_a_trial_reports_what_it_did():
    result, checkpoint = run()
    assert (result.variant, result.status, result.steps) == ("small", "trained", STEPS)
    assert result.parameters == 4 * 9 + 2 * 4 + 3 * 4 + 3
    assert result.traces == {"train": 1, "evaluate": 0}  # 30 validation rows are not worth a trace
    assert result.nll is not None and result.nll > 0 and 0 <= result.accuracy <= 1
    assert min(result.build_seconds, result.trace_seconds, result.step_seconds, result.evaluate_seconds) > 0
    assert checkpoint


def test_many_validation_rows_are_traced_once():
    result, _ = run(last_step=2, feed=Feed(*rows(), *rows(3000)))
    assert result.traces == {"train": 1, "evaluate": 1}


def test_training_cut_in_two_processes_equals_unbroken_training_bit_for_bit(tmp_path):
    _, unbroken = run()
    _, probe = run(last_step=5)
    (tmp_path / "probe").write_bytes(probe)
    command = [sys.executable, "-m", "tests.components.training.small_trial", tmp_path / "probe", tmp_path / "end", "5"]
    environment = os.environ | {"PYTHONHASHSEED": "99"}
    child = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")  # TensorFlow's greetings are held back
    assert child.stdout.split() == ["1", "1"]  # threads
    assert (tmp_path / "end").read_bytes() == unbroken
    assert probe != unbroken


def test_a_seed_gives_the_same_weights_and_another_seed_others():
    (_, first), (_, again), (_, other) = run(last_step=1), run(last_step=1), run(last_step=1, seed=(7, 0, 4))
    assert first == again != other


def test_rows_streamed_from_disk_train_alike(tmp_path):
    x, y = rows(8000)  # 1.1 MiB
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    streamed, held = Feed(mapped, y, *rows(30), 1), Feed(x, y, *rows(30), 1)
    assert streamed.streamed and not held.streamed
    assert run(feed=streamed)[1] == run(feed=held)[1]


@pytest.mark.parametrize("poisoned", [0, 6])
def test_a_loss_that_is_not_finite_ends_the_trial_at_its_step(poisoned):
    data = feed()
    data.train_x[data.batch_rows((9,), poisoned, poisoned + 1, 16)[0, 3]] = np.nan  # one row of one batch
    first = next(s for s in range(STEPS) if np.isnan(data.batch((9,), s, 16)[0]).any())
    result, checkpoint = run(feed=data, seed=(9,))
    assert (result.status, result.steps, result.loss, result.accuracy) == ("non_finite", first + 1, None, None)
    assert checkpoint is None
    assert result.traces == {"train": 1, "evaluate": 0}


def test_no_step_begins_after_the_deadline_and_what_was_trained_till_then_is_kept(monkeypatch):
    began = []
    step = Plain.step
    monkeypatch.setattr(Plain, "step", lambda self, number: (began.append(time.monotonic()), step(self, number))[1])
    deadline = time.monotonic() + 2.0
    recipe = Recipe(build, feed(), TRAINING, seed=(1,), total_steps=10**6)
    result, checkpoint = run_trial(recipe, variant="small", deadline=deadline)
    assert max(began) < deadline
    assert (result.status, result.steps) == ("time_up", len(began))
    assert 0 <= result.accuracy <= 1 and checkpoint is not None


@pytest.mark.parametrize(("first", "last"), [(5, 5), (-1, 3), (0, STEPS + 1)])
def test_steps_beyond_the_horizon_are_refused(first, last):
    with pytest.raises(
        ValueError, match=f"must hold. Received: first_step={first}, last_step={last}, total_steps={STEPS}"
    ):
        run(first_step=first, last_step=last)


def test_trials_leave_no_memory_behind():
    import psutil

    process = psutil.Process()
    for _ in range(3):
        run(last_step=2)
    before = process.memory_info().rss
    for _ in range(12):
        run(last_step=2)
    growth_mib = (process.memory_info().rss - before) / 2**20
    assert growth_mib < 12  # model.fit leaves about 15 MiB a model


def test_a_weight_that_the_loss_ignores_stays():
    import keras

    class Idle(keras.layers.Layer):
        def build(self, shape):
            self.unused = self.add_weight(shape=(3,), initializer="ones", name="kernel")

        def call(self, x):
            return x

    prepare_tensorflow()
    program = Plain(
        Recipe(
            lambda: keras.Sequential([keras.Input((5,)), Idle(), keras.layers.Dense(3)]),
            regression_feed(), Training(batch_size=8), seed=(1,), total_steps=2,
        )
    )  # fmt: skip
    program.init(None)
    program.step(0)
    np.testing.assert_array_equal(program.model.trainable_variables[0], np.ones(3))
