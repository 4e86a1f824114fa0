"""Regularized evolution: a tournament among the most recent candidates, whose winner is mutated.

Source: EvoNorm (arXiv 2004.02967), section "Evolution"; ageing as in Real et al. 2019 (arXiv 1802.01548).
NOTE: how large the paper's first population was is not known: a setting, `initial`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from components.controllers.controller import EncodedState, Proposal, learnable
from components.objectives.pareto import non_dominated
from components.records.results import Record, ScoredCandidate
from components.records.search import Section
from components.search_spaces.space import SearchSpace


class EvolutionSettings(Section, frozen=True, kw_only=True):
    """Settings of regularized evolution.

    Fields:
        window: the most recent scored candidates that can be parents, [2, 100000]; older ones are forgotten.
        initial: scored candidates up to which every design is random, [1, 100000]; a smaller window counts as full.
        tournament: share of the window's members that a tournament draws, (0, 1]; at least 2 members.
        criterion: who wins it. `pareto`: a random non-dominated member, each as likely, where an entry of the fitness
            vector is one network's accuracy. `mean`: the member of the highest mean fitness; the networks whose
            accuracies spread most then count most.
        mutations: successive mutations of the winner, [1, 100].
        fresh: probability that a candidate is a random design instead of an offspring, [0, 1].
    """

    window: Annotated[int, msgspec.Meta(ge=2, le=100_000)] = 2500
    initial: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2
    tournament: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.05
    criterion: Literal["pareto", "mean"] = "pareto"
    mutations: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    fresh: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5


class Member(Record, frozen=True, kw_only=True):
    """A candidate of the window: its id, its spec as JSON data, its fitness vector."""

    id: str
    spec: Any
    fitness: tuple[float, ...]


class EvolutionState(Record, frozen=True, kw_only=True):
    """The window, oldest member first."""

    window: tuple[Member, ...] = ()


class Evolution:
    """Regularized evolution over any space.

    Only scored candidates enter the window: a rejected one has no fitness to compare, so it can't be a parent and
    doesn't age the others.

    NOTE: `fresh` is the share among the candidates that are trained, as published, where nothing is screened before. Of
    random layer graphs our screens drop 99 in 100, of offspring half: among raw proposals it would be 1 in 50.
    """

    name = "evolution"

    def __init__(self, settings: EvolutionSettings, space: SearchSpace):
        self._settings = settings
        self._space = space

    def initial(self, rng: np.random.Generator) -> EvolutionState:
        """An empty window."""
        return EvolutionState()

    def update(self, state: EvolutionState, scored: Sequence[ScoredCandidate]) -> EvolutionState:
        """Appends the scored candidates to the window and forgets what is older than its size.

        Raises:
            ValueError: a fitness vector is empty or of another length than the rest of the window, so that no order
                between them is defined.
        """
        fresh = tuple(Member(id=one.id, spec=one.spec, fitness=one.fitness) for one in learnable(scored))
        window = (state.window + fresh)[-self._settings.window :]
        for member in window:
            if not member.fitness or len(member.fitness) != len(window[0].fitness):
                raise ValueError(
                    f"`fitness` must have one entry for each kept variant, as many as candidate {window[0].id!r} has. "
                    f"Received: {member.fitness} of candidate {member.id!r} and {window[0].fitness}."
                )
        return EvolutionState(window=window)

    def propose(self, state: EvolutionState, rng: np.random.Generator, instead_of: Proposal | None = None) -> Proposal:
        """Mutates the winner of a tournament, or draws a random design."""
        if self._draws_random(state, rng) if instead_of is None else instead_of.origin == "random":
            return Proposal(self._space.sample(rng), "random")
        parent = self._winner(self._tournament(state.window, rng))
        spec, changes = self._space.from_json(parent.spec), []
        for _ in range(self._settings.mutations):
            spec, change = self._space.mutate(spec, rng)
            changes.append(change.text)
        return Proposal(spec, "mutation", "; ".join(changes), parent.id)

    def propose_several(
        self, state: EvolutionState, rng: np.random.Generator, count: int, instead_of: Proposal | None = None
    ) -> list[Proposal]:
        """Returns one proposal."""
        return [self.propose(state, rng, instead_of)]

    def encode_state(self, state: EvolutionState) -> EncodedState:
        """The state as JSON data."""
        return EncodedState(msgspec.to_builtins(state))

    def decode_state(self, data: Any, tensors: bytes | None = None) -> EvolutionState:
        """The state of JSON data. Raises msgspec.ValidationError where it is none."""
        return msgspec.convert(data, EvolutionState)

    def _draws_random(self, state: EvolutionState, rng: np.random.Generator) -> bool:
        few = len(state.window) < min(self._settings.initial, self._settings.window)
        return few or bool(rng.random() < self._settings.fresh)

    def _tournament(self, window: tuple[Member, ...], rng: np.random.Generator) -> list[Member]:
        """Distinct members, each set of them and each order as likely."""
        wanted = max(2, round(self._settings.tournament * len(window)))
        chosen = rng.choice(len(window), size=min(wanted, len(window)), replace=False)
        return [window[index] for index in chosen]

    def _winner(self, tournament: list[Member]) -> Member:
        """The first of the non-dominated, or of those with the best mean: a random one, since the order is random."""
        fitness = np.array([member.fitness for member in tournament])  # [members, networks]
        merit = non_dominated(fitness) if self._settings.criterion == "pareto" else fitness.mean(axis=1)
        return tournament[int(np.argmax(merit))]
