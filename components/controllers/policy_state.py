"""What a recurrent policy has learnt: a few numbers for people, and its arrays as the bytes that a file holds."""

from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from components.controllers.token_network import NetworkWeights
from components.records.results import Record


class PolicyProgress(Record, frozen=True, kw_only=True):
    """How far the policy is.

    Fields:
        judged: searched candidates that were scored or rejected so far; they decide the length.
        updates: batches learnt from.
        adam_steps: steps of Adam, at least as many.
        baseline: moving average of the rewards learnt from; None before the first update.
    """

    judged: int = 0
    updates: int = 0
    adam_steps: int = 0
    baseline: float | None = None


class PolicyState(NamedTuple):
    """A policy's whole state: its progress, and its `Learner` as safetensors."""

    progress: PolicyProgress
    tensors: bytes


class Learner(NamedTuple):
    """The arrays of a policy in training.

    Fields:
        weights: of the network; `first` and `second` are Adam's moments of them.
        tokens, log_probabilities, rewards: candidates that wait for a full batch, oldest first: what was chosen
            `[rows, decisions]`, with which log-probabilities, and what they are worth `[rows]`.
    """

    weights: NetworkWeights
    first: NetworkWeights
    second: NetworkWeights
    tokens: np.ndarray
    log_probabilities: np.ndarray
    rewards: np.ndarray

    @classmethod
    def new(cls, weights: NetworkWeights) -> "Learner":
        """A learner that has not learnt yet."""
        zeros = NetworkWeights(*map(np.zeros_like, weights))
        decisions = len(weights.embedding)
        waiting = np.zeros((0, decisions), np.int64), np.zeros((0, decisions), np.float32), np.zeros(0)
        return cls(weights, zeros, zeros, *waiting)


def pack(learner: Learner) -> bytes:
    """Returns the arrays as safetensors, named such as `first/kernel` and `waiting/tokens`; equal ones, equal bytes."""
    arrays = {f"waiting/{name}": getattr(learner, name) for name in ("tokens", "log_probabilities", "rewards")}
    for part in ("weights", "first", "second"):
        arrays |= {f"{part}/{name}": array for name, array in getattr(learner, part)._asdict().items()}
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def unpack(tensors: bytes) -> Learner:
    """Returns the arrays of `pack`'s bytes. Raises ValueError where they are none."""
    try:
        arrays = load(tensors)
        parts = [
            NetworkWeights(**{name: arrays[f"{part}/{name}"] for name in NetworkWeights._fields})
            for part in ("weights", "first", "second")
        ]
        waiting = [arrays[f"waiting/{name}"] for name in ("tokens", "log_probabilities", "rewards")]
    except (SafetensorError, KeyError) as error:
        rule = "`tensors` must be safetensors bytes that hold a policy"
        raise ValueError(f"{rule}: {error}. Received: {len(tensors)} bytes.") from error
    weights, first, second = parts
    return Learner(weights, first, second, *waiting)
