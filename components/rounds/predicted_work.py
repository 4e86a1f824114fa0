"""How long work is predicted to take, up to a factor, from predicted costs: enough to order by."""

from collections.abc import Mapping
from typing import Any

from components.records.results import Candidate, Plan, Variant
from components.search_spaces.networks.costs import FLOAT_BYTES

MACHINE_BALANCE = 10.0  # FLOP a byte; about where a CPU computes no faster than its memory delivers
PASSES = 3.0  # forward passes that a training step takes as long as, about
ROWS = 64.0  # of a training step, about; costs of networks are of one row, those of an update of a step
OPERATION_BYTES = 12.0  # of an element-wise operation on a weight: two numbers are read, one is written


def forward_pass(costs: Mapping[str, Any], rows: int) -> tuple[Any, Any]:
    """Returns the FLOP of a batch's forward pass, and its memory traffic in bytes, the float32 weights read once.

    Args:
        costs: of a variant, as a space predicts them for one row; numbers or arrays.
        rows: of the batch.
    """
    traffic = 1.0 * costs["traffic_bytes"] * rows + FLOAT_BYTES * costs["parameters"]
    return 2.0 * costs["multiply_adds"] * rows, traffic


def step_work(candidate: Candidate, variant: Variant) -> float:
    """Returns the predicted time of a variant's training step for each row, in the time that a byte of traffic takes.

    Where the candidate says how weights are updated, that is part of the step.
    """
    costs = candidate.costs[variant.name]
    row = max(costs["traffic_bytes"], 2 * costs["multiply_adds"] / MACHINE_BALANCE)
    return PASSES * row + OPERATION_BYTES * costs.get("update_operations", 0.0) / ROWS


def longest_first(plan: Plan) -> list[Candidate]:
    """Returns a round's candidates in the order in which they are begun: longest predicted work first.

    So no long piece of work is begun when everybody else is about to be done. A candidate's work is that of its
    variants' steps; a phase gives every variant of the round as many, so the sum of their single steps orders alike.
    Equal ones stay in the plan's order, so the order is the same in every process.
    """
    return sorted(plan.candidates, key=lambda one: -sum(step_work(one, variant) for variant in one.variants))
