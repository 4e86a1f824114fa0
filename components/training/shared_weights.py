"""Training by weight sharing: one network for all designs of a space, and the policy that chooses among them.

Source: TabNAS (arXiv 2204.07615), algorithms 1 and 2; the seed document's description of SuperNet, layer warm-up and
alternating steps.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from components.records.results import TrialResult
from components.records.search import Training
from components.records.training_section import WeightSharing
from components.search_spaces.shared_network import SharedNetwork
from components.training.evaluation import Evaluation, release
from components.training.feed import Feed
from components.training.recipe import trial_course
from components.training.shared_weights_policy import SharingPolicy
from components.training.shared_weights_program import SharedWeights
from components.training.trial import Course, is_past, take_course


class SharedChild(NamedTuple):
    """A design that was judged with the shared weights.

    Fields:
        encoded: its decisions, `[decisions]`.
        log_probability: natural logarithm of the policy's probability of it among the feasible ones, <= 0.
        evaluation: on all validation rows.
    """

    encoded: np.ndarray
    log_probability: float
    evaluation: Evaluation


class SharedResult(NamedTuple):
    """What training a shared network gave.

    Fields:
        trial: of the whole network; accuracy and nll are those of the most probable feasible child.
        children: the most probable feasible ones, most probable first; none where the loss was not finite or no step
            was taken.
        controller_steps: the policy's steps by outcome, since the network's first step.
    """

    trial: TrialResult
    children: tuple[SharedChild, ...]
    controller_steps: dict[str, int]


def run_sharing(
    build: Callable[[], SharedNetwork],
    feed: Feed,
    training: Training,
    sharing: WeightSharing,
    policy: SharingPolicy,
    *,
    variant: str,
    seed: tuple[int, ...],
    first_step: int,
    last_step: int,
    total_steps: int,
    children: int,
    start: bytes | None = None,
    deadline: float | None = None,
) -> tuple[SharedResult, bytes | None]:
    """Trains a shared network and a policy over the steps in [first_step, last_step), and judges what is chosen.

    A step is a weight step of one child on a batch of training rows and, after the warm-up, a step of the policy on
    validation rows, for a child drawn anew. Two calls, the second from the bytes of the first, give what one call
    gives, bit for bit, in any two processes.

    Args:
        build: makes the shared network.
        feed: the process's rows.
        training: as in `components.training.recipe.Recipe`, for the weights.
        sharing: the warm-up, the rows of a policy step and what it is rewarded for.
        policy: draws children and learns; it keeps nothing but the state that it is given.
        variant: name of the variant, for the result.
        seed: determines the initial weights, every batch and every draw.
        first_step, last_step: the steps of this call, numbered from 0.
        total_steps: horizon of the schedule and of the warm-up, >= last_step.
        children: how many feasible children are judged at the end, the most probable ones; fewer where there are fewer.
        start: bytes that an earlier call returned, which ended at first_step.
        deadline: in seconds of `time.monotonic`; no step begins after it.

    Returns:
        The result, and weights, optimizer slots and the policy's state as safetensors bytes; None where no step was
        done or a loss, of a training or a validation batch, was not finite.

    Raises:
        ValueError: where the steps go beyond the horizon.
        DamagedWeights: where `start` is damaged or of another network.
    """
    course = trial_course(feed, training, first_step, last_step, total_steps, deadline)
    if is_past(deadline):
        late = TrialResult(variant=variant, status="time_up", steps=first_step)
        return SharedResult(late, (), {}), None
    try:
        program = SharedWeights(build, feed, training, sharing, policy, seed=seed, total_steps=total_steps)
        return _run(program, course, variant, children, start)
    finally:
        program = None  # type: ignore[assignment]
        release()


def _run(
    program: SharedWeights, course: Course, variant: str, children: int, start: bytes | None
) -> tuple[SharedResult, bytes | None]:
    began = time.perf_counter()
    program.init(start)
    trial, data = take_course(program, course, variant, began)
    chosen = program.most_probable(children) if data is not None else []
    judged = tuple(SharedChild(one, log_p, program.evaluate_child(one)) for one, log_p in chosen)
    return SharedResult(trial, judged, program.controller_steps()), data
