"""The manifests as kubectl would apply them, and what the tests look for in them."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"
BASE = MANIFESTS / "base"
APPLIED = sorted(
    str(path.parent.relative_to(MANIFESTS))
    for path in MANIFESTS.rglob("kustomization.yaml")
    if path.parent != BASE  # it is applied through the overlays only
)
INSTALLATIONS = [folder for folder in APPLIED if folder.startswith("overlays/")]
QUEUES = [folder for folder in APPLIED if folder.startswith("queues/")]
CLUSTER_SCOPED = ("PriorityClass", "ClusterQueue", "ResourceFlavor")

Object = dict[str, Any]


@cache
def _rendered(folder: str) -> str:
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.skip("neither kubectl nor kustomize is installed")
    done = subprocess.run([*command, str(MANIFESTS / folder)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, f"kustomize warns: {done.stderr}"
    return done.stdout


def render(folder: str) -> list[Object]:
    """Every object of a folder of manifests/, fresh."""
    return list(yaml.safe_load_all(_rendered(folder)))


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """The objects of a kind."""
    return [one for one in objects if one["kind"] == kind]


def names_of(objects: list[Object], kind: str) -> set[str]:
    """The names of a kind's objects."""
    return {one["metadata"]["name"] for one in of_kind(objects, kind)}


def pod_templates(objects: list[Object]) -> list[Object]:
    """The pods that the objects would make. CronJob is the only kind here that makes any."""
    return [one["spec"]["jobTemplate"]["spec"]["template"] for one in of_kind(objects, "CronJob")]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar with its path, such as `.spec.containers[0].image`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
