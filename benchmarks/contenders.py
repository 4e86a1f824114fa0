"""Three ways to train the same model for the same steps: ours, `model.fit`, and the least that any program must do."""

import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from components.records.search import Training
from components.training.feed import Feed
from components.training.plain import run_trial
from components.training.recipe import Recipe

Build = Callable[[], keras.Model]


class Times(NamedTuple):
    """Where one training's seconds went.

    Fields:
        build: making the model.
        compile: first call of each compiled function, tracing included.
        steps: training steps after the first.
        total: everything, evaluation and clearing up included where there is one.
    """

    build: float
    compile: float
    steps: float
    total: float


def ours(build: Build, feed: Feed, training: Training, steps: int) -> Times:
    """A trial as the search runs it: training, evaluation, checkpoint, clearing up."""
    start = time.perf_counter()
    result, _ = run_trial(Recipe(build, feed, training, seed=(0,), total_steps=steps), variant="bench")
    total = time.perf_counter() - start
    if result.steps != steps or result.traces["train"] != 1:
        raise RuntimeError(f"The graphs of the benchmark must train, in one trace. Received: {result}.")
    return Times(result.build_seconds, result.trace_seconds, result.step_seconds, total)


def fit(build: Build, feed: Feed, training: Training, steps: int) -> Times:
    """`model.fit` from NumPy rows after a fresh compile, and `model.evaluate`.

    The rows are repeated so that one epoch has all steps, which spares it the ends of epochs.
    """
    rows = np.resize(np.arange(len(feed.train_x)), steps * training.batch_size)
    x, y = feed.train_x[rows], feed.train_y[rows]
    first_calls = FirstCalls()
    start = time.perf_counter()
    model = build()
    schedule = keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)
    optimizer = keras.optimizers.SGD(schedule, momentum=training.momentum, nesterov=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    built = time.perf_counter()
    model.fit(x, y, batch_size=training.batch_size, epochs=1, verbose=0, callbacks=[first_calls])
    trained = time.perf_counter()
    model.evaluate(feed.validation_x, feed.validation_y, batch_size=256, verbose=0, callbacks=[first_calls])
    end = time.perf_counter()
    compiling = first_calls.train - built + first_calls.test - trained
    return Times(built - start, compiling, trained - first_calls.train, end - start)


def floor(build: Build, feed: Feed, training: Training, steps: int) -> Times:
    """Build, trace, first call and steps, by a loop that checks nothing, evaluates nothing and keeps nothing."""
    start = time.perf_counter()
    model = build()
    built = time.perf_counter()
    weights = [variable.value for variable in model.trainable_variables]
    momenta = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    x, y = tf.constant(feed.train_x), tf.constant(feed.train_y)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([training.batch_size], tf.int32), tf.TensorSpec([])])
    def step(rows, rate):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            logits = model(tf.gather(x, rows), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, rows), logits))
        for weight, momentum, gradient in zip(weights, momenta, tape.gradient(loss, weights), strict=True):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=weight.handle,
                accum=momentum.handle,
                lr=rate,
                grad=gradient,
                momentum=training.momentum,
                use_nesterov=True,
            )

    rows = np.resize(np.arange(len(feed.train_x), dtype=np.int32), (steps, training.batch_size))
    rate = tf.constant(training.learning_rate / 2)
    step(rows[0], rate)
    compiled = time.perf_counter()
    for batch in rows[1:]:
        step(batch, rate)
    end = time.perf_counter()
    return Times(built - start, compiled - built, end - compiled, end - start)


class FirstCalls(keras.callbacks.Callback):
    """Notes when the first training step and the first step of the evaluation ended."""

    train = test = 0.0

    def on_train_batch_end(self, batch, logs=None):
        """Notes the time after the first batch."""
        self.train = self.train or time.perf_counter()

    def on_test_batch_end(self, batch, logs=None):
        """Notes the time after the first batch."""
        self.test = self.test or time.perf_counter()
