"""KFP wrappers of `stage.profile_shard` and `layers.measure_layers`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def hardware_benchmarking(shard: str, device: str) -> str:
    """Profiles the candidates that a shard claims on the device that this step runs on.

    Args:
        shard: the loop item, which names search, shard and run.
        device: that this step runs on; empty for the one that the search names.
    """
    from components.hardware_benchmarking.stage import profile_shard
    from components.records.step import run_shard_step

    return run_shard_step("hardware_benchmarking", shard, profile_shard, device)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def layer_benchmarking(search: str, device: str):
    """Measures the layers that designs can hold, where the search limits latencies that are predicted from them.

    Args:
        search: URI of the search directory.
        device: that this step runs on; empty for the one that the search names.
    """
    from components.hardware_benchmarking.layers import measure_layers
    from components.records.step import run_step

    run_step("hardware_benchmarking", search, measure_layers, device, at="layers")
