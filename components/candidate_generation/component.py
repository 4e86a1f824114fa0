"""KFP wrapper of `stage.propose_round`."""

from typing import List

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def candidate_generation(search: str, run: str) -> List[str]:
    """Proposes the next round and returns one loop item for each of its shards; where the search is over, one in all.

    Args:
        search: URI of the search directory.
        run: id of this run, which the loop items name.
    """
    from components.candidate_generation.stage import propose_round
    from components.records.step import run_step, shard_items

    return shard_items(search, run, run_step("candidate_generation", search, propose_round))
