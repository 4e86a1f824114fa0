"""Compiles the pipeline for a cluster to the YAML that Kubeflow takes, to the same text every time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml
from kfp import compiler

from pipelines.architecture_search import DEPTH, architecture_search
from pipelines.hardware import Hardware
from pipelines.merged_executors import merge_executors
from pipelines.node_pools import IMAGES, Variant

COMPILED = Path(__file__).parents[1] / "manifests" / "pipelines" / "architecture_search.yaml"
# Kubeflow numbers equal components in the order of a protobuf mapping, which only this implementation keeps.
ORDERED = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}


class Settings(NamedTuple):
    """What a pipeline is compiled for.

    Fields:
        depth: rounds of one run, [1, 8].
        train_on: name of the node pool of the training steps.
        benchmark_on: names of one to three node pools, each of a device of its own.
        images: name by variant.
    """

    depth: int = DEPTH
    train_on: str = "cpu"
    benchmark_on: tuple[str, ...] = ("cpu",)
    images: Mapping[Variant, str] = IMAGES

    def hardware(self) -> Hardware:
        """The node pools.

        Raises:
            ValueError: where there are no such pools, or images for them.
        """
        return Hardware.named(self.train_on, self.benchmark_on, self.images)


RELEASED = Settings()  # what is kept with the code


def compile_pipeline(path: Path, settings: Settings = RELEASED) -> None:
    """Writes the compiled pipeline, in a process of its own.

    Args:
        path: of the YAML file; its folder must exist.
        settings: what for.

    Raises:
        ValueError: where there are no such node pools, or images for them.
        subprocess.CalledProcessError: where it can't be compiled.
    """
    settings.hardware()
    command = [sys.executable, "-m", "pipelines.compile", str(path), json.dumps(settings)]
    subprocess.run(command, env=os.environ | ORDERED, check=True)


def _compile(path: Path, settings: Settings) -> None:
    compiler.Compiler().compile(architecture_search(settings.depth, settings.hardware()), str(path))
    text = path.read_text(encoding="utf-8")
    specification, platform = yaml.safe_load_all(text)
    merge_executors(specification, platform)
    heading = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    path.write_text(heading + yaml.safe_dump_all([specification, platform], sort_keys=True), encoding="utf-8")


def main() -> None:
    """`compile [PATH SETTINGS]`; without them, the file that is kept with the code."""
    if len(sys.argv) == 1:
        compile_pipeline(COMPILED)
    else:
        depth, train_on, benchmark_on, images = json.loads(sys.argv[2])
        _compile(Path(sys.argv[1]), Settings(depth, train_on, tuple(benchmark_on), images))


if __name__ == "__main__":
    main()
