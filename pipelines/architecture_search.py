"""The search as a Kubeflow pipeline, top to bottom.

Recursion happens when the pipeline is built: a function nests sub-pipelines, each level a round and, while budget is
left, the next level. Nothing crosses the nesting but the search's URI; the steps read and write its store.
"""

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.candidate_generation.component import candidate_generation
from components.candidate_training.component import candidate_training
from components.continue_as_new.component import continue_as_new
from components.data_split.component import data_split
from components.ensemble_assembly.component import ensemble_assembly, ensemble_proposal
from components.final_scaling.component import final_scaling_proposal, final_scaling_selection
from components.hardware_benchmarking.component import hardware_benchmarking
from components.multi_objective_scoring.component import budget_exhausted, multi_objective_scoring
from components.rejection_screening.component import rejection_screening

DEPTH = 4  # rounds that one run nests
MOST_DEPTH = 8


def _uncached(task: dsl.PipelineTask, name: str) -> dsl.PipelineTask:
    """A step that always runs: what it has done already stands in the store, which Kubeflow's cache doesn't know."""
    return task.set_caching_options(False).set_display_name(name)


def search_rounds(depth: int) -> BaseComponent:
    """Returns the pipeline of one round that holds, while budget is left, the pipeline of `depth - 1` more.

    Args:
        depth: rounds, [1, 8].

    Raises:
        ValueError: where the depth is out of range.
    """
    if not 1 <= depth <= MOST_DEPTH:
        raise ValueError(f"`depth` must be in [1, {MOST_DEPTH}]. Received: depth={depth}.")
    deeper = search_rounds(depth - 1) if depth > 1 else None

    @dsl.pipeline(name=f"search-rounds-{depth}")
    def rounds(search: str):
        proposed = _uncached(candidate_generation(search=search), "Propose candidates")
        with dsl.ParallelFor(proposed.output, name="shards") as shard:
            probe = _uncached(candidate_training(shard=shard, phase="probe"), "Train briefly")
            screened = _uncached(rejection_screening(shard=shard), "Reject early").after(probe)
            full = _uncached(candidate_training(shard=shard, phase="full"), "Train in full").after(screened)
            profiled = _uncached(hardware_benchmarking(shard=shard), "Measure latency").after(full)
        scored = _uncached(
            multi_objective_scoring(search=search, shards=dsl.Collected(profiled.output)), "Score the round"
        )
        if deeper is not None:
            with dsl.If(scored.outputs["Output"] == True, name="budget-left"):  # noqa: E712 (a KFP expression)
                deeper(search=search)

    return rounds


@dsl.pipeline(name="scaling-round")
def scaling_round(search: str, part: str):
    """One part of final scaling: propose, train and measure, choose."""
    proposed = _uncached(final_scaling_proposal(search=search, part=part), "Propose variants of the best")
    with dsl.ParallelFor(proposed.output, name="shards") as shard:
        trained = _uncached(candidate_training(shard=shard, phase="full"), "Train longer")
        profiled = _uncached(hardware_benchmarking(shard=shard), "Measure latency").after(trained)
    _uncached(final_scaling_selection(search=search, shards=dsl.Collected(profiled.output)), "Choose")


@dsl.pipeline(name="ensemble-round")
def ensemble_round(search: str):
    """Further initialisations of the winner, and the ensemble of them."""
    proposed = _uncached(ensemble_proposal(search=search), "Propose initialisations")
    with dsl.ParallelFor(proposed.output, name="shards") as shard:
        trained = _uncached(candidate_training(shard=shard, phase="full"), "Train a member")
    _uncached(ensemble_assembly(search=search, shards=dsl.Collected(trained.output)), "Assemble and report")


@dsl.pipeline(name="finish")
def finish(search: str):
    """Re-rank the best few, choose width and depth, train the winner, assemble its initialisations."""
    ranked = scaling_round(search=search, part="rerank").set_display_name("Rank the best again")
    grid = scaling_round(search=search, part="grid").set_display_name("Choose width and depth").after(ranked)
    winner = scaling_round(search=search, part="winner").set_display_name("Train the winner").after(grid)
    ensemble_round(search=search).set_display_name("Ensemble").after(winner)


@dsl.pipeline(name="conclude")
def conclude(search: str):
    """Finishes the search where its budget is exhausted; else the next run of this pipeline version goes on."""
    exhausted = _uncached(budget_exhausted(search=search), "Is the search over?")
    with dsl.If(exhausted.output == True, name="search-over"):  # noqa: E712 (a KFP expression)
        finish(search=search)
    with dsl.Else(name="budget-remains"):
        _uncached(continue_as_new(search=search, run=dsl.PIPELINE_JOB_ID_PLACEHOLDER), "Start the next run")


def architecture_search(depth: int = DEPTH) -> BaseComponent:
    """Returns the whole pipeline, for one run of at most `depth` rounds.

    Args:
        depth: rounds, [1, 8].
    """
    nested = search_rounds(depth)  # outside the pipeline below: a pipeline is built when it is decorated

    @dsl.pipeline(name="architecture-search", description="Searches, scales and ensembles a neural network design.")
    def pipeline(search: str, description: str = ""):
        split = _uncached(data_split(search=search, description=description), "Split the data")
        searched = nested(search=search).set_display_name("Search").after(split)
        conclude(search=search).set_display_name("Conclude").after(searched)

    return pipeline
