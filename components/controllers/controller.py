"""The Controller protocol: what decides which design is tried next.

A controller is built from its settings and a space (`components.controllers.registry`) and keeps nothing else: what it
has learnt stands in a state, a small frozen record that the round's plan holds as JSON. So a killed search goes on from
the state it last wrote, and the same state and generator give the same proposal.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from components.records.results import ScoredCandidate
from components.search_spaces.space import Spec

State = Any  # a frozen `Record`; each controller has its own type


class Proposal(NamedTuple):
    """A design that a controller wants tried.

    Fields:
        spec: the design, of the space's own type.
        origin: `random`, or `mutation` of a parent.
        change: what the mutations changed, for people; empty where random.
        parent: id of the mutated candidate; None where random.
    """

    spec: Spec
    origin: Literal["random", "mutation"]
    change: str = ""
    parent: str | None = None


class Controller(Protocol):
    """What every controller gives.

    Attributes:
        name: its name in the registry.
    """

    name: str

    def initial(self) -> State:
        """The state before anything was scored."""

    def update(self, state: State, scored: Sequence[ScoredCandidate]) -> State:
        """Returns the state after a search round.

        Only searched candidates with a fitness teach anything: baselines and rejected candidates are passed over.

        Args:
            state: the state from which the round was proposed; stays as it is.
            scored: the round's candidates in the plan's order.
        """

    def propose(self, state: State, rng: np.random.Generator, instead_of: Proposal | None = None) -> Proposal:
        """Draws one design.

        The caller screens it and asks again until it has as many as it wants, so a proposal may be one that was tried
        before or that no screen lets pass.

        Args:
            state: what was learnt.
            rng: source of every draw.
            instead_of: a dropped proposal in whose place this one stands: it gets the same origin, so that
                a share among proposals is a share among candidates too.
        """

    def encode_state(self, state: State) -> Any:
        """The state as JSON data, as `Plan.controller_state` holds it."""

    def decode_state(self, data: Any) -> State:
        """The state of JSON data. Raises msgspec.ValidationError (a ValueError) where it is none of this controller."""


def learnable(scored: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    """The searched candidates that have a fitness, in order: what a controller learns from."""
    return [one for one in scored if one.role == "searched" and one.reason is None]
