"""The space, the controller, the device and the source that a search names: known, and fit for each other."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.controllers.registry import CONTROLLERS, open_controller
from components.hardware.devices import DEVICES, HOST
from components.records.search import Choice, Search
from components.records.tasks import Task, has_target, search_task, target_task, tasks_with_rows
from components.search_file.data_rows import data_problems, row_problems
from components.search_file.fields import field_problems, hint
from components.search_file.problems import Problem, shown
from components.search_file.sharing_problems import sharing_problems
from components.search_spaces.registry import SPACES, open_space

TARGET = "$.final_scaling.target"


def choice_problems(search: Search) -> Iterator[Problem]:
    """Yields where a search names something that there isn't, sets it wrongly, or combines what does not fit."""
    for task in tasks_with_rows(search):
        yield from data_problems(task)
    if search.scoring.device not in (HOST, *DEVICES):
        rule = f"a device{hint(search.scoring.device, (HOST, *DEVICES))}"
        yield Problem("$.scoring.device", rule, shown(search.scoring.device))
    space_problems = list(_named(search.space, SPACES, "$.space"))
    controller_problems = list(_named(search.controller, CONTROLLERS, "$.controller"))
    yield from space_problems + controller_problems
    if space_problems:
        return
    space, refused = _opened_space(search, search_task(search), "$.space.settings")
    yield from refused
    if space is None:
        return
    yield from row_problems(search_task(search), space.networks)
    yield from _scoring_problems(search, space)
    yield from _limit_problems(search, space)
    yield from sharing_problems(search, space)
    yield from _target_problems(search)
    if not controller_problems:
        yield from _controller_problems(search, space)


def _named(choice: Choice, table: Mapping[str, Any], path: str) -> Iterator[Problem]:
    if choice.name not in table:
        yield Problem(f"{path}.name", f"a known {path[2:]}{hint(choice.name, table)}", shown(choice.name))
    else:
        yield from field_problems(choice.settings, table[choice.name].settings, f"{path}.settings")


def _scoring_problems(search: Search, space: Any) -> Iterator[Problem]:
    """A measured latency would order optimizers by chance, as all of them train the same networks."""
    scoring = search.scoring
    if space.brings_optimizer and scoring.latency == "measured" and scoring.latency_weight:
        rule = (
            f"0, or `$.scoring.latency` estimated, in the space {space.name}: its designs all train the same networks"
        )
        yield Problem("$.scoring.latency_weight", rule, shown(scoring.latency_weight))


def _limit_problems(search: Search, space: Any) -> Iterator[Problem]:
    """A latency that is the sum of the layers' needs designs that are sequences of layers; a measured one, networks."""
    measured = search.rejection.measured_latency_ms
    if measured is not None and space.brings_optimizer:
        rule = f"null in the space {space.name}, whose designs all train the same networks"
        yield Problem("$.rejection.measured_latency_ms", rule, shown(measured))
    limit = search.rejection.size.layers_latency_ms
    if limit is not None and not space.layered:
        rule = f"null in the space {space.name}, whose designs are no sequences of layers that can be timed one by one"
        yield Problem("$.rejection.size.layers_latency_ms", rule, shown(limit))


def _target_problems(search: Search) -> Iterator[Problem]:
    """The settings that the target changes, and what the finishing rounds name, against the space on the target."""
    settings, entry = search.final_scaling.target.space_settings, SPACES[search.space.name]
    for name, value in settings.items():
        if name not in entry.of_trials:
            rule = f"a setting of the space that a target may change{hint(name, entry.of_trials)}"
            yield Problem(f"{TARGET}.space_settings.{name}", rule, shown(value))
    own = {name: value for name, value in settings.items() if name in entry.of_trials}
    wrong = list(field_problems(own, entry.settings, f"{TARGET}.space_settings"))
    yield from wrong
    if wrong or len(own) < len(settings):
        return
    task = target_task(search)
    space, refused = _opened_space(search, task, f"{TARGET}.space_settings")
    yield from refused
    if space is None:
        return
    if has_target(search):
        for problem in row_problems(task, space.networks):
            yield problem._replace(path=problem.path.replace("$.training", f"{TARGET}.training"))
    yield from _finishing_problems(search, space)


def _finishing_problems(search: Search, space: Any) -> Iterator[Problem]:
    network, baselines = search.final_scaling.network, search.final_scaling.baselines or ()
    if network is not None and network not in space.networks:
        rule = f"null or a network of the space{hint(network, space.networks)}"
        yield Problem("$.final_scaling.network", rule, shown(network))
    for i, name in enumerate(baselines):
        if name not in space.known:
            rule = f"a published design of the space{hint(name, space.known)}"
            yield Problem(f"$.final_scaling.baselines[{i}]", rule, shown(name))
    if not SPACES[space.name].scales:
        for name in ("widths", "depths"):
            values = getattr(search.final_scaling, name)
            if values not in (None, (1.0,)):
                rule = f"null or [1] in the space {space.name}, whose designs keep to limits as they are"
                yield Problem(f"$.final_scaling.{name}", rule, shown(values))


def _controller_problems(search: Search, space: Any) -> Iterator[Problem]:
    choice = search.controller
    drives = CONTROLLERS[choice.name].spaces
    if space.name not in drives:
        rule = f"a controller that drives the space {space.name} ({choice.name} drives {', '.join(drives)})"
        yield Problem("$.controller", rule, shown(choice.name))
    else:
        yield from _opened(
            lambda: open_controller(choice.name, choice.settings, space), choice, "$.controller.settings"
        )[1]


def _opened_space(search: Search, task: Task, path: str) -> tuple[Any, list[Problem]]:
    return _opened(lambda: open_space(search.space.name, task.space_settings), search.space, path)


def _opened(build: Callable[[], Any], choice: Choice, path: str) -> tuple[Any, list[Problem]]:
    """What `build` returns, or the problem with the settings that only the named one knows."""
    try:
        return build(), []
    except ValueError as error:
        return None, [_refusal(str(error), choice, path)]


def _refusal(message: str, choice: Choice, path: str) -> Problem:
    """A message such as "`nodes` must be odd. Received: nodes=2." as a problem of that setting."""
    parts = re.match(r"(?s)`(\w+)` (must .*)\. Received: (.*)\.", message)
    if parts:
        return Problem(f"{path}.{parts[1]}", f"what {choice.name} accepts: it {parts[2]}", parts[3])
    return Problem(path, f"what {choice.name} accepts ({message})", shown(choice.settings))
