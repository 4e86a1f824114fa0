"""The controllers by name, with their settings and the spaces that each drives, written out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from components.controllers.controller import Controller
from components.controllers.evolution import Evolution, EvolutionSettings
from components.controllers.factorized_policy import FactorizedPolicy, FactorizedSettings
from components.controllers.limits import CostLimits
from components.controllers.random_search import RandomSearch, RandomSettings
from components.controllers.rnn_policy import RnnPolicy, RnnSettings
from components.records.search import Section
from components.search_spaces.space import SearchSpace


class Entry(NamedTuple):
    """A controller.

    Fields:
        controller: its type, made from settings and space, and from limits where it keeps to them.
        settings: the type of its settings.
        spaces: names of the spaces that it drives.
        limited: whether it takes limits on designs.
    """

    controller: type
    settings: type[Section]
    spaces: tuple[str, ...]
    limited: bool = False


EVERY_SPACE = ("norm_act_layer", "update_rule", "tabular_mlp", "accelerator_convnet")

CONTROLLERS: Mapping[str, Entry] = {
    "evolution": Entry(Evolution, EvolutionSettings, EVERY_SPACE),
    "rnn": Entry(RnnPolicy, RnnSettings, EVERY_SPACE),
    "factorized": Entry(FactorizedPolicy, FactorizedSettings, EVERY_SPACE, limited=True),
    "random": Entry(RandomSearch, RandomSettings, EVERY_SPACE),
}


def open_controller(
    name: str, settings: Mapping[str, Any], space: SearchSpace, limits: CostLimits | None = None
) -> Controller:
    """Builds a controller for a space.

    Args:
        name: the controller's name, a key of `CONTROLLERS`.
        settings: `controller.settings` of the search file; what is left out takes its default.
        space: the space that it drives.
        limits: what its designs have to meet; None where there are none. Only a controller that is `limited` keeps to
            them; screening rejects what the others propose.

    Raises:
        ValueError: there is no such controller, or it doesn't drive this space.
        msgspec.ValidationError: (a ValueError too) a setting is unknown, of the wrong type or out of range.
    """
    if name not in CONTROLLERS:
        raise ValueError(f"`name` must be one of {', '.join(sorted(CONTROLLERS))}. Received: name={name!r}.")
    entry = CONTROLLERS[name]
    if space.name not in entry.spaces:
        raise ValueError(
            f"`name` must be a controller that drives the space {space.name!r} "
            f"({name} drives {', '.join(entry.spaces)}). Received: name={name!r}."
        )
    own = msgspec.convert(dict(settings), entry.settings)
    return entry.controller(own, space, limits) if entry.limited else entry.controller(own, space)
