"""Merges what is equal in a pipeline compiled for a cluster: the SDK writes it for every task of every nested level.

Kubeflow keeps Kubernetes' settings in Argo's workflow once a component, and the workflow must stay within 1 MiB.
"""

import json
from typing import Any


def merge_executors(specification: dict[str, Any], platform: dict[str, Any]) -> None:
    """Leaves one of each group of executors that run the same on the same nodes, and one component for each of them.

    It is for a cluster only: the local runner names folders after components.

    Args:
        specification: the compiled pipeline, changed in place.
        platform: what Kubernetes adds, changed in place.
    """
    executors, components = specification["deploymentSpec"]["executors"], specification["components"]
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    same = _merge(executors, {label: [body, kubernetes.get(label)] for label, body in executors.items()})
    for label in same:
        kubernetes.pop(label, None)
    steps = {name: body for name, body in components.items() if "executorLabel" in body}
    for body in steps.values():
        body["executorLabel"] = same.get(body["executorLabel"], body["executorLabel"])
    same = _merge(components, steps)
    for graph in (specification["root"], *components.values()):
        for task in graph.get("dag", {}).get("tasks", {}).values():
            called = task["componentRef"]
            called["name"] = same.get(called["name"], called["name"])


def _merge(named: dict[str, Any], meanings: dict[str, Any]) -> dict[str, str]:
    """Removes what means the same as an earlier one; returns the name of that earlier one by the removed name."""
    kept: dict[str, str] = {}
    same: dict[str, str] = {}
    for name, meaning in meanings.items():
        first = kept.setdefault(json.dumps(meaning, sort_keys=True), name)
        if first != name:
            same[name] = first
            del named[name]
    return same
