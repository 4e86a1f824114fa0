"""Models are written with keras.layers and keras.ops alone, so that JAX runs them too and gives the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

PROGRAM = Path(__file__).with_name("logits_by_backend.py")


def logits(backend: str) -> dict[str, np.ndarray]:
    """Runs the program in a backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.run(
        [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert process.returncode == 0, process.stderr[-2000:]
    said = json.loads(process.stdout.strip().splitlines()[-1])
    assert said["backend"] == backend
    return {name: np.array(values) for name, values in said["logits"].items()}


def test_networks_give_the_same_logits_on_jax_as_on_tensorflow():
    ours, theirs = logits("tensorflow"), logits("jax")
    assert ours.keys() == theirs.keys() and len(ours) == 12, (
        "a layer in each of 3 networks, and 3 networks without, in inference and in training"
    )
    for name, values in ours.items():
        assert np.isfinite(values).all() and values.std() > 1e-4, f"{name} says nothing"
        np.testing.assert_allclose(theirs[name], values, rtol=2e-3, atol=2e-4, err_msg=name)
