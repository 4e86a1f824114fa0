"""The decisions of a network and their values: what an encoding's numbers stand for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.search_spaces.accelerator_convnet.spec import ConvnetSpec, StageSpec, stage_text
from components.search_spaces.space import Categorical

OF_STAGE = ("operation", "kernel", "expansion", "squeeze", "activation", "channels", "blocks")
FIRST = 1  # decisions before those of the first stage: space-to-depth


class Choices:
    """The values that each decision may have, in the order of the decisions.

    Args:
        space_to_depth: values of the first decision.
        stages: for each stage, values of each field of `OF_STAGE`.
    """

    def __init__(self, space_to_depth: Sequence[str], stages: Sequence[Sequence[Sequence[Any]]]):
        self._values: tuple[tuple[Any, ...], ...] = (
            tuple(space_to_depth),
            *(tuple(values) for stage in stages for values in stage),
        )
        names = ["space to depth", *(f"stage {at} {name}" for at in range(1, len(stages) + 1) for name in OF_STAGE)]
        self.decisions = tuple(Categorical(name, len(of)) for name, of in zip(names, self._values, strict=True))

    def encode(self, spec: ConvnetSpec) -> np.ndarray:
        """Returns which of its decision's values each one is, `[decisions]`. Raises ValueError where it is none."""
        given = _values_of(spec)
        if len(given) != len(self._values):
            stages = (len(self._values) - FIRST) // len(OF_STAGE)
            raise ValueError(f"`spec` must have {stages} stages. Received: {len(spec.stages)} stages.")
        for decision, value, values in zip(self.decisions, given, self._values):
            if value not in values:
                allowed = ", ".join(map(str, values))
                raise ValueError(f"`spec` must have one of {allowed} as {decision.name}. Received: {value}.")
        return np.array([values.index(value) for value, values in zip(given, self._values)], np.int64)

    def decode(self, encoded: np.ndarray) -> ConvnetSpec:
        """Returns the spec. Raises ValueError, naming the decision, where it is none."""
        numbers = np.asarray(encoded)
        if numbers.shape != (len(self._values),) or not np.issubdtype(numbers.dtype, np.integer):
            raise ValueError(
                f"`encoded` must be {len(self._values)} integers. Received: {numbers.dtype} {numbers.shape}."
            )
        for decision, number in zip(self.decisions, numbers.tolist(), strict=True):
            if not 0 <= number < decision.choices:
                raise ValueError(
                    f"`encoded` must hold a choice for {decision.name} in [0, {decision.choices}). Received: {number}."
                )
        chosen = [values[number] for values, number in zip(self._values, numbers.tolist(), strict=True)]
        size = len(OF_STAGE)
        stages = (StageSpec(*chosen[at : at + size]) for at in range(FIRST, len(chosen), size))
        return ConvnetSpec(chosen[0], tuple(stages))

    def holds(self, spec: ConvnetSpec) -> bool:
        """Whether a spec can be encoded."""
        given = _values_of(spec)
        return len(given) == len(self._values) and all(one in of for one, of in zip(given, self._values))

    def mutated(self, spec: ConvnetSpec, rng: np.random.Generator) -> tuple[ConvnetSpec, str]:
        """Returns a copy in which one decision that has a choice has another value, and what was changed."""
        encoded = self.encode(spec)
        free = [at for at, decision in enumerate(self.decisions) if decision.choices > 1]
        if not free:
            return spec, "no decision has another value"
        at = free[rng.integers(len(free))]
        values, before = self._values[at], encoded[at]
        encoded[at] = (before + 1 + rng.integers(len(values) - 1)) % len(values)
        return self.decode(encoded), f"{self.decisions[at].name}: {values[before]} -> {values[encoded[at]]}"


def boxes(spec: ConvnetSpec) -> list[str]:
    """Returns the labels of a network's parts in order, from the image to the outputs."""
    reshaping = [] if spec.space_to_depth == "none" else [f"space-to-depth {spec.space_to_depth}"]
    return ["image", "stem", *reshaping, *map(stage_text, spec.stages), "head", "outputs"]


def _values_of(spec: ConvnetSpec) -> list[Any]:
    return [spec.space_to_depth, *(getattr(stage, name) for stage in spec.stages for name in OF_STAGE)]
