"""What a factorized policy has learnt, and its arrays as the bytes that a file holds."""

from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

ARRAYS = ("logits", "first", "second")
NUMBERS = ("baseline_sum", "baseline_weight")
COUNTS = ("seed", "judged", "updates", "infeasible", "unsampled")


class FactorizedState(NamedTuple):
    """A policy's whole state; equal where every bit is.

    Fields:
        logits: of each decision, float64 `[decisions, choices]`; 0 where a decision has fewer choices than another.
        first, second: Adam's moments of them, of the same shape.
        baseline_sum, baseline_weight: moving average of the rewards learnt from, which is their quotient; both are 0
            before the first.
        seed: from which an update draws its samples, with `judged`.
        judged: candidates of search rounds that were scored or rejected.
        updates: steps learnt from, each of which is one of Adam.
        infeasible: drawn designs that taught nothing as they were over a limit.
        unsampled: steps skipped as no design that was drawn for the correction was within the limits.
    """

    logits: np.ndarray
    first: np.ndarray
    second: np.ndarray
    baseline_sum: float = 0.0
    baseline_weight: float = 0.0
    seed: int = 0
    judged: int = 0
    updates: int = 0
    infeasible: int = 0
    unsampled: int = 0

    @property
    def skipped(self) -> int:
        """Steps that taught nothing."""
        return self.infeasible + self.unsampled

    @property
    def baseline(self) -> float | None:
        """The moving average of the rewards; None before the first."""
        return self.baseline_sum / self.baseline_weight if self.baseline_weight else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FactorizedState) and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self._fields
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.logits.tobytes(), self.judged, self.updates))


def pack(state: FactorizedState) -> bytes:
    """Returns the whole state as safetensors; equal states, equal bytes."""
    arrays = {name: np.ascontiguousarray(getattr(state, name)) for name in ARRAYS}
    arrays["baseline"] = np.array([getattr(state, name) for name in NUMBERS])
    arrays["counts"] = np.array([getattr(state, name) for name in COUNTS], np.int64)
    return save(arrays)


def unpack(tensors: bytes, shape: tuple[int, int]) -> FactorizedState:
    """Returns the state of `pack`'s bytes.

    Args:
        tensors: the bytes.
        shape: of the logits, `[decisions, choices]`.

    Raises:
        ValueError: they hold no state of a policy of this shape.
    """
    wanted = {**dict.fromkeys(ARRAYS, shape), "baseline": (len(NUMBERS),), "counts": (len(COUNTS),)}
    try:
        arrays = load(tensors)
    except SafetensorError as error:
        raise ValueError(f"`tensors` must be safetensors: {error}. Received: {len(tensors)} bytes.") from error
    shapes = {name: arrays[name].shape for name in sorted(arrays)}
    if shapes != wanted or any(arrays[name].dtype != np.float64 for name in (*ARRAYS, "baseline")):
        raise ValueError(f"`tensors` must have the shapes {wanted} in float64. Received: {shapes}.")
    fields: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
    fields |= zip(NUMBERS, arrays["baseline"].tolist(), strict=True)
    fields |= zip(COUNTS, arrays["counts"].tolist(), strict=True)
    return FactorizedState(**fields)
