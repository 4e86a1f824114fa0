"""What candidates are trained on, in and how: the task of the search rounds, and the target of the finishing rounds."""

import os
import re
from typing import Any, NamedTuple

import msgspec

from components.records.data_location import location_of
from components.records.results import Kind
from components.records.search import Data, Search, Training


class Task(NamedTuple):
    """A task.

    Fields:
        folder: of its rows in the search directory, `data` or `target`.
        path: of its `data` in the search file, such as `$.data`.
        data: its rows' source and split.
        space_settings: settings of the space on it.
        training: how a model is trained on it; the numbers of steps are the round's.
    """

    folder: str
    path: str
    data: Data
    space_settings: dict[str, Any]
    training: Training


def search_task(search: Search) -> Task:
    """The task of the search rounds."""
    return Task("data", "$.data", search.data, search.space.settings, search.training)


def target_task(search: Search) -> Task:
    """The task of the finishing rounds: that of the search rounds with what `final_scaling.target` changes."""
    target, task = search.final_scaling.target, search_task(search)
    changed = {name: value for name, value in msgspec.structs.asdict(target.training).items() if value is not None}
    task = task._replace(
        space_settings={**task.space_settings, **target.space_settings},
        training=msgspec.structs.replace(task.training, **changed),
    )
    if target.data is None:
        return task
    return task._replace(folder="target", path="$.final_scaling.target.data", data=target.data)


def task_of(search: Search, kind: Kind) -> Task:
    """The task of the rounds of a kind."""
    return search_task(search) if kind == "search" else target_task(search)


def has_target(search: Search) -> bool:
    """Whether the finishing rounds differ from the search rounds in their rows, their networks or their training."""
    return target_task(search) != search_task(search)


def tasks_with_rows(search: Search) -> tuple[Task, ...]:
    """The tasks that have rows of their own: that of the search first."""
    tasks = (search_task(search), target_task(search))
    return tasks if tasks[1].folder != tasks[0].folder else tasks[:1]


def share_rows(search: Search) -> bool:
    """Whether the target's rows are read from the search's own source.

    Files and folders of this machine are compared with links and relative paths resolved, in a bucket by their URIs,
    whether or not one ends in a slash; of tfds: the names alone, as configurations and versions of a data set hold the
    same rows in other words.
    """
    target = search.final_scaling.target.data
    return target is not None and _resolved(target.source) == _resolved(search.data.source)


def _resolved(source: str) -> tuple[str, str]:
    kind, _, rest = source.partition(":")
    location = location_of(source)
    if location is not None and location.is_local:
        return kind, os.path.realpath(os.path.expanduser(location.path))
    if location is not None:
        return kind, location.uri.rstrip("/")
    return kind, re.split("[:/]", rest, maxsplit=1)[0]  # of tfds: what follows the name is a configuration or a version
