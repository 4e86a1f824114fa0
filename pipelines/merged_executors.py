"""Merges the equal executors of a compiled pipeline: the SDK writes one for every task of every nested level."""

import json
from typing import Any


def merge_executors(specification: dict[str, Any], platform: dict[str, Any]) -> None:
    """Leaves one of each group of executors that run the same on the same nodes, and points the components to it.

    Components stay as they are: the local runner names folders after them.

    Args:
        specification: the compiled pipeline, changed in place.
        platform: what Kubernetes adds, changed in place; empty where it adds nothing.
    """
    executors = specification["deploymentSpec"]["executors"]
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if platform else {}
    kept: dict[str, str] = {}
    for label in list(executors):
        meaning = json.dumps([executors[label], kubernetes.get(label)], sort_keys=True)
        if kept.setdefault(meaning, label) != label:
            del executors[label]
            kubernetes.pop(label, None)
            for component in specification["components"].values():
                if component.get("executorLabel") == label:
                    component["executorLabel"] = kept[meaning]
