"""The search spaces by name. A new space is one folder and one line here."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from components.records.search import Section
from components.search_spaces.accelerator_convnet.space import AcceleratorConvnetSettings, AcceleratorConvnetSpace
from components.search_spaces.norm_act_layer.space import NormActLayerSettings, NormActLayerSpace
from components.search_spaces.space import SearchSpace
from components.search_spaces.tabular_mlp.space import TabularMlpSettings, TabularMlpSpace
from components.search_spaces.update_rule.space import UpdateRuleSettings, UpdateRuleSpace


class Entry(NamedTuple):
    """A space.

    Fields:
        settings: the type of its settings, each of which has a default.
        space: makes it from them.
        of_trials: the settings that say how a design is tried, and not which designs there are.
        scales: whether a design can be built wider and deeper; else multipliers are 1.
    """

    settings: type[Section]
    space: Callable[[Any], SearchSpace]
    of_trials: tuple[str, ...] = ("networks", "width", "depth")
    scales: bool = True


SPACES = {
    "norm_act_layer": Entry(
        NormActLayerSettings, NormActLayerSpace, of_trials=("networks", "width", "depth", "groups", "decay")
    ),
    "update_rule": Entry(
        UpdateRuleSettings, UpdateRuleSpace, of_trials=("networks", "width", "depth", "learning_rates")
    ),
    "accelerator_convnet": Entry(AcceleratorConvnetSettings, AcceleratorConvnetSpace, of_trials=("width", "depth")),
    "tabular_mlp": Entry(TabularMlpSettings, TabularMlpSpace, of_trials=("activation",), scales=False),
}


def open_space(name: str, settings: dict[str, Any]) -> SearchSpace:
    """Returns the space of a name with these settings; what they leave out takes its default.

    Raises:
        ValueError: where there is no such space.
        msgspec.ValidationError: with the path of the wrong setting, such as `$.nodes`.
    """
    if name not in SPACES:
        raise ValueError(f"`space` must be one of {', '.join(SPACES)}. Received: space={name!r}.")
    entry = SPACES[name]
    return entry.space(msgspec.convert(settings, entry.settings))
