"""The one way in which a process of ours imports TensorFlow: quiet, single-threaded, deterministic."""

import functools
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

IMPORTED = {"seconds": 0.0}  # how long the import took in this process, for the timing of its step


@functools.cache
def prepare_tensorflow() -> ModuleType:
    """Imports TensorFlow and Keras and fixes how they compute; later calls return the same module at once.

    One intra-op and one inter-op thread (on small convnets as fast as two, and bits differ between thread counts), op
    determinism on. What is alive after the import is put aside from garbage collection, which makes the collection
    after each trial take milliseconds instead of 0.2 s.

    Raises:
        RuntimeError: where TensorFlow has already run something with other settings, or Keras another backend.
    """
    began = time.perf_counter()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _stderr_held_back():
        import keras
        import tensorflow as tf
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(f"Keras must run on TensorFlow to train. Received: backend={keras.backend.backend()!r}.")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")  # it takes one trace for each of many models for retracing of one
    gc.collect()
    gc.freeze()
    IMPORTED["seconds"] = time.perf_counter() - began
    return tf


@contextmanager
def without_graph_optimizer() -> Iterator[None]:
    """Runs what stands inside without TensorFlow's graph optimizer, which costs more than it saves on a short run."""
    tf = prepare_tensorflow()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Keeps the file descriptor quiet, on which TensorFlow's C++ parts greet; a failure shows what was held back."""
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(original, held.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
