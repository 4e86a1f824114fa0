"""The space, the controller, the device and the source that a search names: known, and fit for each other."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.controllers.registry import CONTROLLERS, open_controller
from components.hardware.devices import DEVICES, HOST
from components.records.search import Choice, Search
from components.search_file.fields import field_problems, hint
from components.search_file.problems import Problem, shown
from components.search_spaces.registry import SPACES, open_space

BUNDLED = {"digits": "images", "iris": "table", "wine": "table", "breast_cancer": "table"}  # sklearn:NAME
IMAGE_SPACES = ("norm_act_layer",)


def choice_problems(search: Search) -> Iterator[Problem]:
    """Yields where a search names something that there isn't, sets it wrongly, or combines what does not fit."""
    yield from _source_problems(search)
    if search.scoring.device not in (HOST, *DEVICES):
        rule = f"a device{hint(search.scoring.device, (HOST, *DEVICES))}"
        yield Problem("$.scoring.device", rule, shown(search.scoring.device))
    space_problems = list(_named(search.space, SPACES, "$.space"))
    controller_problems = list(_named(search.controller, CONTROLLERS, "$.controller"))
    yield from space_problems + controller_problems
    if space_problems:
        return
    space, refused = _opened(lambda: open_space(search.space.name, search.space.settings), search.space, "$.space")
    yield from refused
    if space is None:
        return
    yield from _finishing_problems(search, space)
    if not controller_problems:
        yield from _controller_problems(search, space)


def _source_problems(search: Search) -> Iterator[Problem]:
    kind, _, name = search.data.source.partition(":")
    if kind == "sklearn" and name not in BUNDLED:
        rule = f"a data set that scikit-learn bundles{hint(name, BUNDLED)}"
        yield Problem("$.data.source", rule, shown(search.data.source))
    elif search.space.name in IMAGE_SPACES and (kind == "csv" or (kind == "sklearn" and BUNDLED[name] == "table")):
        rule = f"a space for tables, as `$.data.source` is {search.data.source}; this one needs images"
        yield Problem("$.space.name", rule, shown(search.space.name))


def _named(choice: Choice, table: Mapping[str, Any], path: str) -> Iterator[Problem]:
    if choice.name not in table:
        yield Problem(f"{path}.name", f"a known {path[2:]}{hint(choice.name, table)}", shown(choice.name))
    else:
        yield from field_problems(choice.settings, table[choice.name].settings, f"{path}.settings")


def _finishing_problems(search: Search, space: Any) -> Iterator[Problem]:
    network, baselines = search.final_scaling.network, search.final_scaling.baselines or ()
    if network is not None and network not in space.networks:
        rule = f"null or a network of the space{hint(network, space.networks)}"
        yield Problem("$.final_scaling.network", rule, shown(network))
    for i, name in enumerate(baselines):
        if name not in space.known:
            rule = f"a published design of the space{hint(name, space.known)}"
            yield Problem(f"$.final_scaling.baselines[{i}]", rule, shown(name))


def _controller_problems(search: Search, space: Any) -> Iterator[Problem]:
    choice = search.controller
    drives = CONTROLLERS[choice.name].spaces
    if space.name not in drives:
        rule = f"a controller that drives the space {space.name} ({choice.name} drives {', '.join(drives)})"
        yield Problem("$.controller", rule, shown(choice.name))
    else:
        yield from _opened(lambda: open_controller(choice.name, choice.settings, space), choice, "$.controller")[1]


def _opened(build: Callable[[], Any], choice: Choice, path: str) -> tuple[Any, list[Problem]]:
    """What `build` returns, or the problem with the settings that only the named one knows."""
    try:
        return build(), []
    except ValueError as error:
        return None, [_refusal(str(error), choice, f"{path}.settings")]


def _refusal(message: str, choice: Choice, path: str) -> Problem:
    """A message such as "`nodes` must be odd. Received: nodes=2." as a problem of that setting."""
    parts = re.match(r"(?s)`(\w+)` (must .*)\. Received: (.*)\.", message)
    if parts:
        return Problem(f"{path}.{parts[1]}", f"what {choice.name} accepts: it {parts[2]}", parts[3])
    return Problem(path, f"what {choice.name} accepts ({message})", shown(choice.settings))
