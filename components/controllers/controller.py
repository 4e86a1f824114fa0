"""The Controller protocol: what decides which design is tried next.

A controller is built from its settings and a space (`components.controllers.registry`) and keeps nothing else: what it
has learnt stands in a state, which the round's plan holds as JSON data, and a file beside it as arrays, if it has any.
So a killed search goes on from the state it last wrote, and the same state and generator give the same proposals.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from components.records.results import ScoredCandidate
from components.search_spaces.space import Spec

State = Any  # frozen; each controller has its own type
Origin = Literal["random", "mutation", "policy"]


class EncodedState(NamedTuple):
    """A state as it is written.

    Fields:
        data: JSON data, as `Plan.controller_state` holds it: small, for people too.
        tensors: safetensors bytes that lie beside the plan; None where the controller keeps no arrays.
    """

    data: Any
    tensors: bytes | None = None


class Proposal(NamedTuple):
    """A design that a controller wants tried.

    Fields:
        spec: the design, of the space's own type.
        origin: `random`, `mutation` of a parent, or drawn from a `policy`.
        change: what the mutations changed, for people; empty for the others.
        parent: id of the mutated candidate; None for the others.
        over_limit: designs over a limit that the controller drew before this one and dropped itself.
    """

    spec: Spec
    origin: Origin
    change: str = ""
    parent: str | None = None
    over_limit: int = 0


class Controller(Protocol):
    """What every controller gives.

    Attributes:
        name: its name in the registry.
    """

    name: str

    def initial(self, rng: np.random.Generator) -> State:
        """The state before anything was scored; what is random in it is drawn from `rng`."""

    def update(self, state: State, scored: Sequence[ScoredCandidate]) -> State:
        """Returns the state after a search round.

        Only searched candidates teach, never baselines, nor what time cut off; whether rejected ones do is the
        controller's own rule.

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

    def propose_several(
        self, state: State, rng: np.random.Generator, count: int, instead_of: Proposal | None = None
    ) -> list[Proposal]:
        """Draws designs, one or more and at most `count`, for a caller that screens them in their order.

        A controller that is no faster at many draws one, as `propose` does.
        """

    def encode_state(self, state: State) -> EncodedState:
        """The state as it is written.

        The data must follow from the scores alone, whatever machine computes them, as the file beside them may be
        another process's.
        """

    def decode_state(self, data: Any, tensors: bytes | None = None) -> State:
        """The state of what `encode_state` returned. Raises ValueError where it is none of this controller's."""


def learnable(scored: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    """The searched candidates that have a fitness, in order: what a controller learns from."""
    return [one for one in scored if one.role == "searched" and one.reason is None]
