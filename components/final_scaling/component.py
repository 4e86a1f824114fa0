"""KFP wrappers of `stage.propose_scaling` and `select_scaled`."""

from typing import List

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def final_scaling_proposal(search: str, part: str, run: str) -> List[str]:
    """Proposes a part of final scaling and returns one loop item for each of its shards.

    Args:
        search: URI of the search directory.
        part: `rerank`, `grid` or `winner`.
        run: id of this run, which the loop items name.
    """
    from components.final_scaling.stage import propose_scaling
    from components.records.step import run_step, shard_items

    return shard_items(search, run, run_step("final_scaling", search, propose_scaling, part, at=part))


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def final_scaling_selection(search: str, shards: List[str]) -> str:
    """Commits a part of final scaling with its choice; returns the path of its round.

    Args:
        search: URI of the search directory.
        shards: paths of its shards, all evaluated.
    """
    from components.final_scaling.stage import select_scaled
    from components.records.layout import round_of
    from components.records.step import run_step

    here = round_of(shards[0])
    return run_step("final_scaling", search, select_scaled, here, at=here).round
