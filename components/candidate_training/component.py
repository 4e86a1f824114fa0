"""KFP wrapper of `stage.train_shard`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def candidate_training(shard: str, phase: str) -> str:
    """Trains the candidates that a shard claims in a phase.

    Args:
        shard: the loop item, which names search, shard and run.
        phase: `probe`, or `full` for the candidates that passed the screening.
    """
    from components.candidate_training.stage import train_shard
    from components.records.step import run_shard_step

    return run_shard_step("candidate_training", shard, train_shard, phase)
