"""What weight sharing asks of a controller: to draw children, and to learn from the quality of one."""

from typing import Any, Protocol

import numpy as np


class SharingPolicy(Protocol):
    """A policy over the designs of a space, as functions of its state; `components.controllers` has them."""

    def initial(self, rng: np.random.Generator) -> Any:
        """The state before anything was learnt."""

    def draw(self, state: Any, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draws encoded designs, feasible or not, `[count, decisions]`."""

    def judges(self, encoded: np.ndarray) -> np.ndarray:
        """Whether `learn` looks at the quality of designs `[n, decisions]`, bool `[n]`; else that teaches nothing."""

    def learn(
        self, state: Any, encoded: np.ndarray, quality: float, rng: np.random.Generator, passed_over: int = 0
    ) -> Any:
        """Returns the state after a step on a design `[decisions]` of a finite quality.

        `passed_over` counts designs that were drawn before it and that it could not learn from.
        """

    def most_probable(self, state: Any, count: int) -> list[tuple[np.ndarray, float]]:
        """The most probable feasible designs with their log-probabilities, the most probable first."""

    def counts(self, state: Any) -> dict[str, int]:
        """How many steps had each outcome so far."""

    def encode_state(self, state: Any) -> Any:
        """The state as `data` for JSON and `tensors`, safetensors bytes or None."""

    def decode_state(self, data: Any, tensors: bytes | None = None) -> Any:
        """The state of what `encode_state` returned."""
