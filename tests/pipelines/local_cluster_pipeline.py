"""Runs what is compiled for a cluster with Kubeflow's local runner: `local_cluster_pipeline SEARCH DESCRIPTION`.

Its three targets are all this machine: the first measures, the others find that done.
"""

import sys
from pathlib import Path


def main(search: str, description: str) -> None:
    """Imports here what the steps, which import this module, are without."""
    from kfp import local

    from pipelines import node_pools
    from pipelines.architecture_search import architecture_search
    from pipelines.forked_steps import forked_steps
    from pipelines.hardware import Hardware

    node_pools.RETRIES = 0  # the local runner would wait a minute before it tries a step again
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(Path(search, "kubeflow")))
    machine = Hardware.named("cpu", ("cpu",))
    targets = machine._replace(benchmark=machine.benchmark * 3)
    with forked_steps():
        architecture_search(2, targets)(search=search, description=description)


if __name__ == "__main__":
    main(*sys.argv[1:])
