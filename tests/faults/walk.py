"""A search in this process: the pipeline's steps in the pipeline's order, without Kubeflow and without processes."""

from components.candidate_generation.stage import propose_round
from components.candidate_training.stage import train_shard
from components.data_split.stage import split_search_data
from components.ensemble_assembly.stage import assemble, propose_initialisations
from components.final_scaling.stage import propose_scaling, select_scaled
from components.hardware_benchmarking.layers import measure_layers
from components.hardware_benchmarking.stage import profile_shard
from components.multi_objective_scoring.stage import score_round
from components.records.layout import round_of
from components.records.results import Scores
from components.records.store import Store
from components.records.summary import Summary
from components.rejection_screening.stage import screen_shard
from components.rounds.shards import ONE_RUN


def walk(store: Store, text: str, run: str = ONE_RUN) -> Summary:
    """Runs a search to its end, from wherever it stands.

    Args:
        store: the search's.
        text: the search file's.
        run: id of the run; the same one again takes up its own claims, another one voids them.
    """
    split_search_data(store, text)
    measure_layers(store)
    while walk_round(store, run).another_round:
        pass
    for part in ("rerank", "grid", "winner"):
        shards = propose_scaling(store, part)
        for shard in shards:
            profile_shard(store, shard, run=run)
            train_shard(store, shard, "full", run)
        select_scaled(store, round_of(shards[0]))
    for shard in propose_initialisations(store):
        train_shard(store, shard, "full", run)
    return assemble(store)


def walk_round(store: Store, run: str = ONE_RUN) -> Scores:
    """Runs the search round that is due; where the search is over, its last one, whose steps find their records."""
    shards = propose_round(store)
    for shard in shards:
        train_shard(store, shard, "probe", run)
        profile_shard(store, shard, run=run)
        screen_shard(store, shard, run)
        train_shard(store, shard, "full", run)
    return score_round(store, round_of(shards[0]))
