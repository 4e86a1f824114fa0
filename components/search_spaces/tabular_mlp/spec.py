"""The spec of a multi-layer perceptron: the widths of its hidden layers as frozen data."""

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True)
class MlpSpec:
    """Hidden layers by their numbers of units, the first layer first.

    Raises:
        ValueError: where there is no layer, or one of fewer than 1 unit.
    """

    widths: tuple[int, ...]

    def __post_init__(self):
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"`widths` must have a layer or more, each >= 1. Received: widths={list(self.widths)}.")

    def to_json(self) -> list[int]:
        """Returns the widths."""
        return list(self.widths)

    @classmethod
    def from_json(cls, data: Any) -> "MlpSpec":
        """Returns the spec of `[width, ...]`. Raises ValueError where it is none."""
        try:
            return cls(msgspec.convert(data, tuple[int, ...]))
        except msgspec.ValidationError as error:
            raise ValueError(f"`widths` must be [width, ...]: {error}. Received: {data!r:.200}.") from error


def text(spec: MlpSpec) -> str:
    """Returns the widths as people write them, such as `32-144-24`."""
    return "-".join(map(str, spec.widths))
