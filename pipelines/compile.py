"""Compiles the pipeline to the YAML that Kubeflow takes, to the same text every time."""

import os
import subprocess
import sys
from pathlib import Path

from kfp import compiler

from pipelines.architecture_search import DEPTH, architecture_search

COMPILED = Path(__file__).parents[1] / "manifests" / "pipelines" / "architecture_search.yaml"
# Kubeflow numbers equal components in the order of a protobuf mapping, which only this implementation keeps.
ORDERED = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}


def compile_pipeline(path: Path, depth: int = DEPTH) -> None:
    """Writes the compiled pipeline, in a process of its own.

    Args:
        path: of the YAML file; its folder must exist.
        depth: rounds of one run, [1, 8].

    Raises:
        subprocess.CalledProcessError: where it can't be compiled.
    """
    command = [sys.executable, "-m", "pipelines.compile", str(path), str(depth)]
    subprocess.run(command, env=os.environ | ORDERED, check=True)


def main() -> None:
    """`compile [PATH DEPTH]`; without them, the file that is kept with the code."""
    if len(sys.argv) == 1:
        compile_pipeline(COMPILED)
    else:
        compiler.Compiler().compile(architecture_search(int(sys.argv[2])), sys.argv[1])


if __name__ == "__main__":
    main()
