"""The TrainingProgram protocol: how one trial trains, whatever it trains."""

from collections.abc import Mapping
from typing import Protocol

from components.training.evaluation import Evaluation
from components.training.traced import Traced


class TrainingProgram(Protocol):
    """One trial being trained. A program owns its state: what its steps change lies in its own variables.

    Attributes:
        compiled: its compiled functions by kind, such as `train` and `evaluate`, from `init` on; each is traced at most
            once.
        parameters: trainable parameters, from `init` on.
    """

    compiled: Mapping[str, Traced]
    parameters: int

    def init(self, start: bytes | None) -> None:
        """Builds what is trained: from its seed, or as the exported bytes of an earlier phase left it."""

    def step(self, step: int) -> float:
        """Takes a training step, numbered from 0, and returns its loss; equal state and number give equal results."""

    def evaluate(self) -> Evaluation:
        """Scores the present state on the validation rows."""

    def export(self) -> bytes:
        """Returns the state as safetensors bytes, from which `init` continues bit for bit."""
