"""A sweep over learning rates: one build, one trace, and what each rate alone would have given."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from components.records.search import Training
from components.search_spaces.update_rule.spec import Group, RuleSpec
from components.training.checkpoint import DamagedWeights
from components.training.feed import Feed
from components.training.plain import Plain, run_trial
from components.training.recipe import Recipe
from components.training.sweep import Rate, run_sweep
from tests.components.training.small_trial import SEED, STEPS, TRAINING, build, feed, rows

ROOT = Path(__file__).parents[3]
DRAWING = RuleSpec(  # a rule with every kind of state and draw: m, v, noise, two drops, a decay
    (
        Group("adam", "noise", "drop_0.1", "identity", "add"),
        Group("#1", "cd", "drop_0.3", "exp", "mul"),
    )
)
RATES = (Rate("low", 1e-3), Rate("high", 0.1), Rate("own"))


def drawing_rule():
    from components.search_spaces.update_rule.build import UpdateRule

    return UpdateRule(DRAWING, 1.0, STEPS, fused=True)


def recipe(**changes):
    made = {"build": build, "feed": feed(), "training": TRAINING, "seed": SEED, "optimizer": drawing_rule}
    return Recipe(**made | changes, total_steps=STEPS)


def parted(changes):
    """The recipe's fields, and the steps and the deadline."""
    own = {name: value for name, value in changes.items() if name in Recipe._fields}
    return own, {name: value for name, value in changes.items() if name not in own}


def sweep(rates=RATES, **changes):
    own, steps = parted(changes)
    return list(run_sweep(recipe(**own), rates, **steps))


def alone(rate, **changes):
    training = changes.pop("training", TRAINING)
    if rate.learning_rate is not None:
        training = Training(**{name: getattr(training, name) for name in training.__struct_fields__}
                            | {"learning_rate": rate.learning_rate})  # fmt: skip
    own, steps = parted(changes)
    return run_trial(recipe(training=training, **own), variant=rate.variant, start=rate.start, **steps)


def main(end_file: str) -> None:
    """Runs the sweep in a process of its own and writes its last checkpoint."""
    Path(end_file).write_bytes(sweep()[-1][1])


@pytest.mark.parametrize("optimizer", [None, drawing_rule], ids=["sgd", "rule"])
def test_each_rate_gives_bit_for_bit_what_it_gives_alone(optimizer):
    together = sweep(optimizer=optimizer)
    assert [result.variant for result, _ in together] == ["low", "high", "own"]
    for rate, (result, checkpoint) in zip(RATES, together, strict=True):
        single, weights = alone(rate, optimizer=optimizer)
        assert checkpoint == weights
        assert (result.accuracy, result.nll, result.loss) == (single.accuracy, single.nll, single.loss)
    assert len({checkpoint for _, checkpoint in together}) == 2  # "own" is 0.1, the training section's


def test_a_sweep_builds_and_traces_once(monkeypatch):
    built = []
    results = [result for result, _ in sweep(build=lambda: (built.append(1), build())[1])]
    assert len(built) == 1
    assert [result.traces["train"] for result in results] == [1, 0, 0]
    assert all(one.build_seconds > 0 for one in results)  # the first builds, the others go back to the start
    assert results[0].trace_seconds > 0 and [one.trace_seconds for one in results[1:]] == [0, 0]
    assert all(one.steps == STEPS and one.step_seconds > 0 and one.evaluate_seconds > 0 for one in results)
    assert len({result.parameters for result in results}) == 1


def test_evaluations_of_many_rates_share_a_trace():
    data = Feed(*rows(), *rows(300))  # two batches each: not worth a trace once, but three times
    results = [result for result, _ in sweep(feed=data, last_step=1)]
    assert [result.traces["evaluate"] for result in results] == [1, 0, 0]
    assert alone(RATES[0], feed=data, last_step=1)[0].traces["evaluate"] == 0


@pytest.mark.parametrize("optimizer", [None, drawing_rule], ids=["sgd", "rule"])
def test_a_sweep_cut_in_two_equals_the_unbroken_one(optimizer):
    whole = sweep(optimizer=optimizer)
    probes = sweep(optimizer=optimizer, last_step=5)
    rates = [rate._replace(start=checkpoint) for rate, (_, checkpoint) in zip(RATES, probes, strict=True)]
    rest = sweep(rates, optimizer=optimizer, first_step=5)
    assert [checkpoint for _, checkpoint in rest] == [checkpoint for _, checkpoint in whole]
    assert [one.accuracy for one, _ in rest] == [one.accuracy for one, _ in whole]


def test_two_processes_find_the_same(tmp_path):
    code = "import sys; from tests.components.training.test_sweep import main; main(sys.argv[1])"
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    child = subprocess.run([sys.executable, "-c", code, tmp_path / "end"], cwd=ROOT, env=environment, check=False)
    assert child.returncode == 0
    assert (tmp_path / "end").read_bytes() == sweep()[-1][1]


def test_a_rate_that_diverges_ends_early_and_leaves_the_next_alone():
    diverging = RuleSpec((Group("noise", "g", "identity", "identity", "add"),))

    def optimizer():
        from components.search_spaces.update_rule.build import UpdateRule

        return UpdateRule(diverging, 1.0, fused=True)

    rates = (Rate("wild", 1e38), Rate("tame", 1e-2), Rate("wild again", 1e38))
    (wild, nothing), (tame, weights), (again, _) = sweep(rates, optimizer=optimizer)
    assert (wild.status, wild.accuracy, wild.nll, wild.loss, nothing) == ("non_finite", None, None, None, None)
    assert wild.steps == again.steps < STEPS
    assert tame.status == "trained" and weights == alone(rates[1], optimizer=optimizer)[1]


def test_past_the_deadline_nothing_is_built_and_during_a_sweep_the_rest_is_left():
    def never():
        raise AssertionError("built")

    late = sweep(build=never, first_step=3, deadline=time.monotonic() - 1)
    assert [(one.status, one.steps, one.accuracy, data) for one, data in late] == [("time_up", 3, None, None)] * 3

    def slow(self, step, original=Plain.step):
        time.sleep(0.2 if step == STEPS - 1 else 0)
        return original(self, step)

    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plain, "step", slow)
        results = []
        for result, data in run_sweep(recipe(), RATES, deadline=began + 3600):
            results.append((result.status, data is None))
            patch.setattr("components.training.sweep.is_past", lambda deadline: True)
    assert results == [("trained", False), ("time_up", True), ("time_up", True)]


def test_what_a_sweep_is_asked_is_checked_before_anything_is_built():
    with pytest.raises(ValueError, match="`rates` must hold at least one rate"):
        run_sweep(recipe(), ())
    with pytest.raises(ValueError, match="`rates` must all have a start, or none. Received: a start for high alone"):
        run_sweep(recipe(), (Rate("low"), Rate("high", start=b"")))
    with pytest.raises(ValueError, match="`first_step` < `last_step` <= `total_steps` must hold"):
        run_sweep(recipe(), RATES, last_step=STEPS + 1)


def test_a_checkpoint_of_another_optimizer_is_refused():
    _, weights = alone(RATES[0], optimizer=None, last_step=5)
    with pytest.raises(DamagedWeights, match="slots"):
        sweep([Rate("low", 1e-3, weights)], first_step=5)


def test_the_schedule_and_l2_hold_for_a_keras_optimizer():
    """SGD without momentum by Keras equals our own in every weight, warm-up, cosine and weight decay included."""
    import keras

    training = Training(batch_size=16, learning_rate=0.1, momentum=0.0, weight_decay=0.05, warmup_steps=3)
    results = [
        run_trial(recipe(training=training, optimizer=optimizer), variant="v")[0]
        for optimizer in (None, lambda: keras.optimizers.SGD(7.0))
    ]
    assert results[0].loss == pytest.approx(results[1].loss, rel=1e-5)
    assert results[0].nll == pytest.approx(results[1].nll, rel=1e-5)
    undecayed = recipe(training=Training(batch_size=16, momentum=0.0, weight_decay=0.0), optimizer=None)
    other = run_trial(undecayed, variant="v")[0]
    assert other.loss != pytest.approx(results[0].loss, rel=1e-3)


def test_an_optimizer_with_a_schedule_of_its_own_is_refused():
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        sweep(optimizer=lambda: keras.optimizers.SGD(schedule))


def test_a_closed_sweep_frees_its_model(monkeypatch):
    released = []
    monkeypatch.setattr("components.training.sweep.release", lambda: released.append(1))
    trials = run_sweep(recipe(), RATES, last_step=1)
    next(trials)
    assert not released
    trials.close()
    assert released == [1]


def test_sweeps_leave_no_memory_behind():
    import psutil

    process = psutil.Process()
    for _ in range(3):
        sweep(RATES[:2], last_step=2)
    before = process.memory_info().rss
    for _ in range(12):
        sweep(RATES[:2], last_step=2)
    growth_mib = (process.memory_info().rss - before) / 2**20
    assert growth_mib < 12  # as for single trials; model.fit leaves about 15 MiB a model


def test_rates_see_the_same_rows(monkeypatch):
    seen = []
    batch = Feed.batch

    def watched(self, *position):
        x, y = batch(self, *position)
        seen.append((position[1], y.tobytes(), x.tobytes()))
        return x, y

    monkeypatch.setattr(Feed, "batch", watched)
    sweep(last_step=4)
    assert len(seen) == 12 and seen[:4] == seen[4:8] == seen[8:]
    assert len({step for step, *_ in seen}) == 4 and np.frombuffer(seen[0][1], np.int32).size == 16
