"""KFP wrapper of `stage.profile_shard`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def hardware_benchmarking(shard: str, device: str) -> str:
    """Profiles the trained candidates that a shard claims on the device that this step runs on.

    Args:
        shard: the loop item, which names search, shard and run.
        device: that this step runs on; empty for the one that the search names.
    """
    from components.hardware_benchmarking.stage import profile_shard
    from components.records.step import run_shard_step

    return run_shard_step("hardware_benchmarking", shard, profile_shard, device)
