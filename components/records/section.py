"""What the sections of a search file have in common: their base, and the numbers that fields hold."""

from typing import Annotated

import msgspec

PositiveInt = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
NonNegativeInt = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0, le=1e18)]
NonNegativeFloat = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=1)]
Multiplier = Annotated[float, msgspec.Meta(ge=0.1, le=16)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section of the search file: frozen, and an unknown field is an error."""
