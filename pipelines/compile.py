"""Compiles the pipeline to the YAML that Kubeflow takes."""

from pathlib import Path

from kfp import compiler

from pipelines.architecture_search import DEPTH, architecture_search

COMPILED = Path(__file__).parents[1] / "manifests" / "pipelines" / "architecture_search.yaml"


def compile_pipeline(path: Path, depth: int = DEPTH) -> None:
    """Writes the compiled pipeline.

    Args:
        path: of the YAML file; its folder must exist.
        depth: rounds of one run, [1, 8].
    """
    compiler.Compiler().compile(architecture_search(depth), str(path))


if __name__ == "__main__":
    compile_pipeline(COMPILED)
