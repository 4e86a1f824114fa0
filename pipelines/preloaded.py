"""What the steps of a local run need, imported once in the process that they are forked from.

Nothing is computed here: TensorFlow's threads and devices begin in a step, and forks would not have them.
"""

import importlib
import os

os.environ["_KFP_RUNTIME"] = "true"  # as Kubeflow sets it for its executor, which then imports no compiler

from components.training import runtime

STAGES = (
    "candidate_generation",
    "candidate_training",
    "data_split",
    "ensemble_assembly",
    "final_scaling",
    "hardware_benchmarking",
    "multi_objective_scoring",
    "rejection_screening",
)

runtime.prepare_tensorflow()
runtime.IMPORTED["seconds"] = 0.0  # a step took none
for name in STAGES:
    importlib.import_module(f"components.{name}.stage")
importlib.import_module("kfp.dsl.executor_main")
