"""Seconds an update rule costs: 7 learning rates for 100 steps each, then 500 steps with the best.

Several known rules on a convnet of two layers and handwritten digits, one thread. Ours is a sweep and a trial as a
search runs them, which builds and traces for each. `bare` is the least that any program must do: the rule written by
hand, one build, one trace, first call and steps; no evaluation, checkpoint or check. `fit, fresh` compiles a model for
each of the eight trainings, `fit, once` one for all. The contenders take turns.

Usage: python -m benchmarks.rule_cost [--quick]
"""

import gc
import sys
import time
from collections.abc import Callable

import click
import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.goals import said
from benchmarks.hand_written_rules import RULES
from benchmarks.training_step import digits
from components.records.results import Variant
from components.records.search import Training
from components.search_spaces.registry import open_space
from components.search_spaces.update_rule.build import UpdateRule
from components.training.evaluation import release
from components.training.feed import Feed
from components.training.recipe import Recipe
from components.training.runtime import prepare_tensorflow
from components.training.sweep import Rate, run_sweep

RATES = tuple(10.0**power for power in range(-8, -1))  # at larger ones rules diverge, which ours alone leaves off
PROBE_STEPS, FULL_STEPS = 100, 500
TRAINING = Training(batch_size=100, weight_decay=0.0, schedule="constant")
GOALS = {"bare": 1.15, "fit, fresh": 1 / 3}  # the most that ours may take, as a share of theirs
VARIANT = Variant(name="convnet", network="convnet")
SPACE = open_space("update_rule", {})


def build() -> keras.Model:
    """The convnet for 8x8 digits."""
    return SPACE.build(SPACE.known["SGD"], VARIANT, (8, 8, 1), 10)


def ours(name: str, feed: Feed, rates: tuple[float, ...]) -> None:
    """A sweep and a trial, as the search runs them."""

    recipe = Recipe(
        build, feed, TRAINING, seed=(0,), total_steps=FULL_STEPS,
        optimizer=lambda: SPACE.optimizer(SPACE.known[name], 1.0, FULL_STEPS),
    )  # fmt: skip

    def train(tried: tuple[float, ...], steps: int) -> dict[float, float]:
        trials = run_sweep(recipe, [Rate(str(rate), rate) for rate in tried], last_step=steps)
        results = [result for result, _ in trials]
        if sum(result.traces["train"] for result in results) != 1 or {one.status for one in results} != {"trained"}:
            raise RuntimeError(f"Every rate must train, in one trace. Received: {results}.")
        return {rate: result.accuracy or 0.0 for rate, result in zip(tried, results, strict=True)}

    accuracies = train(rates, PROBE_STEPS)
    train((max(accuracies, key=accuracies.__getitem__),), FULL_STEPS)


def bare(name: str, feed: Feed, rates: tuple[float, ...]) -> None:
    """Build, trace and steps by hand."""
    x, y = tf.constant(feed.train_x), tf.constant(feed.train_y)
    model = build()
    weights = [variable.value for variable in model.trainable_variables]
    rule = RULES[name](weights, FULL_STEPS)
    state = [*(variable.value for variable in model.variables), *rule.slots]
    start = [tf.identity(variable) for variable in state]

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([100], tf.int32), *2 * [tf.TensorSpec([])]])
    def step(rows, t, rate):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            logits = model(tf.gather(x, rows), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, rows), logits))
        for number, (weight, g) in enumerate(zip(weights, tape.gradient(loss, weights), strict=True)):
            weight.assign_sub(rate * rule.update(number, g, t))

    rows = np.resize(np.arange(len(feed.train_x), dtype=np.int32), (FULL_STEPS, TRAINING.batch_size))
    for rate, steps in trainings(rates):
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        for t, batch in enumerate(rows[:steps]):
            step(batch, np.float32(t), np.float32(rate))


def fit(name: str, feed: Feed, rates: tuple[float, ...], fresh: bool) -> None:
    """`model.fit` from NumPy rows and `model.evaluate`, with a compiled model for each training or for all."""

    def compiled() -> keras.Model:
        model = build()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(UpdateRule.known(name, total_steps=FULL_STEPS), loss, metrics=["accuracy"])
        model.optimizer.build(model.trainable_variables)
        return model

    keras.utils.set_random_seed(0)  # it shuffles, and op determinism asks for a seed
    rows = np.resize(np.arange(len(feed.train_x)), FULL_STEPS * TRAINING.batch_size)
    x, y = feed.train_x[rows], feed.train_y[rows]
    model = compiled()
    start = [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]
    for number, (rate, steps) in enumerate(trainings(rates)):
        if number and fresh:
            model = compiled()
        elif number:
            for variable, value in zip((*model.variables, *model.optimizer.variables), start, strict=True):
                variable.assign(value)
        model.optimizer.learning_rate = rate
        count = steps * TRAINING.batch_size
        model.fit(x[:count], y[:count], batch_size=TRAINING.batch_size, verbose=0)
        model.evaluate(feed.validation_x, feed.validation_y, batch_size=256, verbose=0)


def trainings(rates: tuple[float, ...]) -> list[tuple[float, int]]:
    """(rate, steps) of each training; in place of the best rate, which costs the same, one of the middle."""
    return [*((rate, PROBE_STEPS) for rate in rates), (rates[len(rates) // 2], FULL_STEPS)]


CONTENDERS: dict[str, Callable[[str, Feed, tuple[float, ...]], None]] = {
    "ours": ours,
    "bare": bare,
    "fit, once": lambda *case: fit(*case, fresh=False),
    "fit, fresh": lambda *case: fit(*case, fresh=True),
}


@click.command()
@click.option("--quick", is_flag=True, help="Two rules only.")
def main(quick: bool) -> None:
    """Measures, prints a table, and exits with 1 where a goal is missed."""
    prepare_tensorflow()
    console, feed = Console(), digits()
    rules = list(RULES)[:2] if quick else list(RULES)
    for contender in CONTENDERS.values():  # what only the first call of a process costs
        contender(rules[0], feed, RATES[:1])
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    names = list(CONTENDERS)
    for turn, rule in enumerate(rules):
        for name in names[turn % 4 :] + names[: turn % 4]:
            began = time.perf_counter()
            CONTENDERS[name](rule, feed, RATES)
            seconds[name].append(time.perf_counter() - began)
            release()
            gc.freeze()  # what model.fit leaves behind would slow down the others' clearing up
    met = show(console, rules, seconds)
    sys.exit(0 if met else 1)


def show(console: Console, rules: list[str], seconds: dict[str, list[float]]) -> bool:
    """Prints the seconds by rule, the mean and the ratios; returns whether the goals are met."""
    table = Table(
        "rule", *seconds, title=f"seconds a rule: {len(RATES)} rates x {PROBE_STEPS} steps, then {FULL_STEPS}"
    )
    for number, rule in enumerate(rules):
        table.add_row(rule, *(f"{values[number]:.2f}" for values in seconds.values()))
    means = {name: float(np.mean(values)) for name, values in seconds.items()}
    table.add_section()
    table.add_row("mean", *(f"{mean:.2f}" for mean in means.values()))
    table.add_row("ours / it", *(f"{means['ours'] / mean:.2f}" for mean in means.values()))
    console.print(table)
    for name, most in GOALS.items():
        ratio = means["ours"] / means[name]
        console.print(f"{ratio:.2f} of {name}, goal {most:.2f}: {said(ratio <= most)}")
    return all(means["ours"] / means[name] <= most for name, most in GOALS.items())


if __name__ == "__main__":
    main()
