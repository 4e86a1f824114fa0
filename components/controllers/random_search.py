"""Random search: every candidate is a fresh draw from the space. The baseline that any controller must beat."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from components.controllers.controller import EncodedState, Proposal
from components.records.results import Record, ScoredCandidate
from components.records.search import Section
from components.search_spaces.space import SearchSpace


class RandomSettings(Section, frozen=True, kw_only=True):
    """Random search has no settings."""


class RandomState(Record, frozen=True, kw_only=True):
    """Random search learns nothing."""


class RandomSearch:
    """Draws every candidate from the space, whatever was scored before."""

    name = "random"

    def __init__(self, settings: RandomSettings, space: SearchSpace):
        self._space = space

    def initial(self, rng: np.random.Generator) -> RandomState:
        """The empty state."""
        return RandomState()

    def update(self, state: RandomState, scored: Sequence[ScoredCandidate]) -> RandomState:
        """Returns the state as it is."""
        return state

    def propose(self, state: RandomState, rng: np.random.Generator, instead_of: Proposal | None = None) -> Proposal:
        """Draws a spec from the space."""
        return Proposal(self._space.sample(rng), "random")

    def propose_several(
        self, state: RandomState, rng: np.random.Generator, count: int, instead_of: Proposal | None = None
    ) -> list[Proposal]:
        """Returns one proposal."""
        return [self.propose(state, rng, instead_of)]

    def encode_state(self, state: RandomState) -> EncodedState:
        """The state as JSON data."""
        return EncodedState(msgspec.to_builtins(state))

    def decode_state(self, data: Any, tensors: bytes | None = None) -> RandomState:
        """The state of JSON data. Raises msgspec.ValidationError where it is none."""
        return msgspec.convert(data, RandomState)
