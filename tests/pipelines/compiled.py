"""Compiled Kubeflow pipelines as graphs, and the faults that the SDK compiles silently."""

from pathlib import Path
from typing import NamedTuple

import yaml


class Compiled(NamedTuple):
    """The two documents of a compiled pipeline: its specification, and what Kubernetes adds for each executor."""

    specification: dict
    executors: dict

    @classmethod
    def read(cls, path: Path) -> "Compiled":
        specification, *rest = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        platform = rest[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if rest else {}
        return cls(specification, platform)

    def component(self, name: str | None) -> dict:
        """A component; None is the root."""
        return self.specification["root"] if name is None else self.specification["components"][name]

    def graphs(self):
        """Yields (name, component) of everything that has tasks."""
        for name in [None, *self.specification["components"]]:
            if "dag" in self.component(name):
                yield name, self.component(name)

    def containers(self) -> dict:
        """What each executor runs, by its label."""
        executors = self.specification["deploymentSpec"]["executors"]
        return {label: body["container"] for label, body in executors.items()}


def faults(compiled: Compiled) -> list[str]:
    """What only a cluster would show: references to components, inputs and tasks that are not there."""
    found = []
    for name, component in compiled.graphs():
        inputs = component.get("inputDefinitions", {})
        known = {*inputs.get("parameters", {}), *inputs.get("artifacts", {})}
        for task, body in component["dag"]["tasks"].items():
            where, called = f"{name or 'root'}/{task}", body["componentRef"]["name"]
            if called not in compiled.specification["components"]:
                found.append(f"{where}: no component {called}")
                continue
            label = compiled.component(called).get("executorLabel")
            if label is None and "dag" not in compiled.component(called):
                found.append(f"{where}: {called} does nothing")
            used = [*_bound(body), *_bound(compiled.executors.get(label, {}))]
            found += [f"{where}: no input {one} in {name or 'root'}" for one in used if one not in known]
            beside = component["dag"]["tasks"].keys()
            found += [f"{where}: waits for {one}" for one in body.get("dependentTasks", []) if one not in beside]
    return found


def _bound(node) -> list[str]:
    """Names of the surrounding graph's inputs that a part of the specification takes, at any depth."""
    if isinstance(node, list):
        return [name for one in node for name in _bound(one)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("componentInputParameter", "componentInputArtifact") if isinstance(node.get(key), str)]
    return own + [name for value in node.values() for name in _bound(value)]


def outline(compiled: Compiled, name: str | None = None) -> list:
    """A graph as nested lists in the order of execution: a step is the name of its function and what it is told.

    A loop is `("each", of, [...])`, a condition `("if", what, [...])`, a sub-pipeline `("graph", name, [...])`.
    Steps of one function that run side by side are in the order of what they are told.
    """
    tasks = compiled.component(name)["dag"]["tasks"]
    told = {task: _outlined(compiled, task, body) for task, body in tasks.items()}
    return [told[task] for task in _in_order(tasks, told)]


def _outlined(compiled: Compiled, task: str, body: dict) -> str | tuple:
    called = body["componentRef"]["name"]
    if "dag" not in compiled.component(called):
        return _told(body, compiled.containers()[compiled.component(called)["executorLabel"]]["args"][-1])
    inside = outline(compiled, called)
    if "parameterIterator" in body:
        of = body["inputs"]["parameters"][body["parameterIterator"]["items"]["inputParameter"]]
        return ("each", of["taskOutputParameter"]["producerTask"], inside)
    if "triggerPolicy" in body:
        return ("if", body["triggerPolicy"]["condition"], inside)
    return ("graph", _told(body, task), inside)


def _told(body: dict, name: str) -> str:
    """A step's name with the constants that it is given."""
    given = body.get("inputs", {}).get("parameters", {})
    constants = [value["runtimeValue"]["constant"] for value in given.values() if "runtimeValue" in value]
    return " ".join([name, *map(str, constants)])


def _in_order(tasks: dict, told: dict) -> list[str]:
    """Tasks in the one order that their dependencies leave.

    Raises:
        ValueError: where they leave several.
    """
    done: list[str] = []
    while len(done) < len(tasks):
        ready = [task for task in tasks if task not in done and set(tasks[task].get("dependentTasks", [])) <= set(done)]
        branches = all("triggerPolicy" in tasks[task] for task in ready)  # of one condition: only one of them runs
        functions = {told[task].split()[0] if isinstance(told[task], str) else task for task in ready}
        alike = len(functions) == 1
        if not ready or not (branches or alike):
            raise ValueError(f"`tasks` must run in one order. Received: {ready} after {done}.")
        done += sorted(ready, key=lambda task: "" if branches else str(told[task]))
    return done
