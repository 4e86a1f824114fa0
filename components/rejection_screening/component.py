"""KFP wrapper of `stage.screen_shard`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def rejection_screening(shard: str) -> str:
    """Gives the candidates that a shard claims their verdicts after the probe.

    Args:
        shard: the loop item, which names search, shard and run.
    """
    from components.records.step import run_shard_step
    from components.rejection_screening.stage import screen_shard

    return run_shard_step("rejection_screening", shard, screen_shard)
