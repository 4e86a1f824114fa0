"""Program: prints the weights that update rules reach in a few steps, in the backend of KERAS_BACKEND."""

import json
import sys

import keras
import numpy as np

from components.search_spaces.update_rule.build import UpdateRule

SMOOTH = [["adam", "rd_10", "identity", "exp", "mul"], ["#1", "1e-2w", "clip_1e-3", "identity", "add"]]
RULES = {"PowerSign-cd": "PowerSign-cd", "Adam": "Adam", "smooth": SMOOTH}
DRAWING = [["noise", "m", "identity", "drop_0.3", "add"], ["#1", "noise_t", "identity", "drop_0.5", "mul"]]


def course(rule, fused: bool) -> list[list[float]]:
    """Every weight after 12 steps, the optimizer's stateless form where the backend has one."""
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in ((3, 2), (4,))]
    arguments = {"learning_rate": 0.01, "total_steps": 12, "fused": fused, "seed": 1}
    optimizer = UpdateRule.known(rule, **arguments) if isinstance(rule, str) else UpdateRule(rule, **arguments)
    optimizer.build(variables)
    for _ in range(12):
        gradients = [keras.ops.convert_to_tensor(rng.normal(size=v.shape), "float32") for v in variables]
        if keras.backend.backend() == "jax":
            state = [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
            weights, slots = optimizer.stateless_apply(*state)
            for variable, value in zip([*variables, *optimizer.variables], [*weights, *slots], strict=True):
                variable.assign(value)
        else:
            optimizer.apply(gradients, variables)
    return [np.asarray(keras.ops.convert_to_numpy(v), np.float64).ravel().tolist() for v in variables]


def everything() -> dict:
    """The backend, the weights of rules that draw nothing, and twice those of one that does."""
    exact = {f"{name} {fused}": course(rule, fused) for name, rule in RULES.items() for fused in (False, True)}
    return {"backend": keras.backend.backend(), "exact": exact, "drawn": [course(DRAWING, True) for _ in range(2)]}


if __name__ == "__main__":
    json.dump(everything(), sys.stdout)
