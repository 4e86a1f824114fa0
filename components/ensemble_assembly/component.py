"""KFP wrappers of `stage.propose_initialisations` and `assemble`."""

from typing import List

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def ensemble_proposal(search: str, run: str) -> List[str]:
    """Proposes the winner's further initialisations and returns one loop item for each of their shards.

    Args:
        search: URI of the search directory.
        run: id of this run, which the loop items name.
    """
    from components.ensemble_assembly.stage import propose_initialisations
    from components.records.step import run_step, shard_items

    return shard_items(search, run, run_step("ensemble_assembly", search, propose_initialisations, at="ensemble"))


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def ensemble_assembly(
    search: str,
    shards: list[str],
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
):
    """Selects the ensemble, delivers it, and writes summary and report.

    Args:
        search: URI of the search directory.
        shards: paths of the ensemble's shards, all trained.
        metrics, report: the result for people to look at.
    """
    from components.ensemble_assembly.stage import assemble
    from components.ensemble_assembly.views import show_result
    from components.records.layout import round_of
    from components.records.step import run_step

    here = round_of(shards[0])
    show_result(search, run_step("ensemble_assembly", search, assemble, at=here), metrics, report.path)
