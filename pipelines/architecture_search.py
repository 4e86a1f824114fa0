"""The search as a Kubeflow pipeline, top to bottom.

Recursion happens when the pipeline is built: a function nests sub-pipelines, each level a round and, while budget is
left, the next level. Nothing crosses the nesting but the search's URI; the steps read and write its store.
"""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl.base_component import BaseComponent
from kfp.dsl.pipeline_channel import PipelineChannel

from components.candidate_generation.component import candidate_generation
from components.candidate_training.component import candidate_training
from components.continue_as_new.component import continue_as_new, search_is_free
from components.data_split.component import data_split
from components.ensemble_assembly.component import ensemble_assembly, ensemble_proposal
from components.final_scaling.component import final_scaling_proposal, final_scaling_selection
from components.hardware_benchmarking.component import hardware_benchmarking, layer_benchmarking
from components.multi_objective_scoring.component import budget_exhausted, multi_objective_scoring
from components.rejection_screening.component import rejection_screening
from components.search_file.rules import DEPTH
from pipelines.hardware import Hardware
from pipelines.node_pools import NodePool, open_pool

MOST_DEPTH = 8
THIS_RUN = dsl.PIPELINE_JOB_ID_PLACEHOLDER  # must be the whole value of an input: Kubeflow fills in nothing else


class Steps(NamedTuple):
    """Makes the steps of a pipeline.

    Fields:
        hardware: where they run; None leaves that to the runner, which has one machine.
    """

    hardware: Hardware | None

    def step(
        self, task: dsl.PipelineTask, name: str, pool: NodePool | None = None, asks_api: bool = False
    ) -> dsl.PipelineTask:
        """A step that always runs: what it has done stands in the store, which Kubeflow's cache doesn't know."""
        task.set_caching_options(False).set_display_name(name)
        return self.hardware.place(task, pool, asks_api) if self.hardware else task

    def training_pool(self) -> NodePool | None:
        """Where steps run that train or evaluate networks."""
        return self.hardware.train if self.hardware else None

    def training(self, shard: PipelineChannel, phase: str, name: str) -> dsl.PipelineTask:
        """Trains the candidates that a shard claims."""
        return self.step(candidate_training(shard=shard, phase=phase), name, self.training_pool())

    def targets(self) -> tuple[NodePool | None, ...]:
        """Where latency is measured; None is the runner's machine, for the device that the search names."""
        return self.hardware.benchmark if self.hardware else (None,)

    def benchmarking(self, shard: PipelineChannel) -> list[dsl.PipelineTask]:
        """Profiles the candidates that a shard claims, a task for every target."""
        return [
            self.step(
                hardware_benchmarking(shard=shard, device=pool.device if pool else ""),
                f"Measure on {pool.name}" if pool else "Measure latency",
                pool,
            )
            for pool in self.targets()
        ]


def search_rounds(depth: int, steps: Steps) -> BaseComponent:
    """Returns the pipeline of one round that holds, while budget is left, the pipeline of `depth - 1` more."""
    deeper = search_rounds(depth - 1, steps) if depth > 1 else None
    step = steps.step

    @dsl.pipeline(name=f"search-rounds-{depth}")
    def rounds(search: str):
        proposed = step(candidate_generation(search=search, run=THIS_RUN), "Propose candidates")
        with dsl.ParallelFor(proposed.output, name="shards") as shard:
            probe = steps.training(shard, "probe", "Train briefly")
            profiled = [task.after(probe) for task in steps.benchmarking(shard)]
            screened = step(rejection_screening(shard=shard), "Reject early", steps.training_pool()).after(*profiled)
            full = steps.training(shard, "full", "Train in full").after(screened)
        scored = step(multi_objective_scoring(search=search, shards=dsl.Collected(full.output)), "Score the round")
        if deeper is not None:
            with dsl.If(scored.outputs["Output"] == True, name="budget-left"):  # noqa: E712 (a KFP expression)
                deeper(search=search)

    return rounds


def scaling_round(steps: Steps) -> BaseComponent:
    """Returns one part of final scaling: propose, measure and train, choose."""

    @dsl.pipeline(name="scaling-round")
    def scaling(search: str, part: str):
        proposal = final_scaling_proposal(search=search, part=part, run=THIS_RUN)
        proposed = steps.step(proposal, "Propose variants of the best")
        with dsl.ParallelFor(proposed.output, name="shards") as shard:
            profiled = steps.benchmarking(shard)
            trained = steps.training(shard, "full", "Train longer").after(*profiled)
        steps.step(final_scaling_selection(search=search, shards=dsl.Collected(trained.output)), "Choose")

    return scaling


def ensemble_round(steps: Steps) -> BaseComponent:
    """Returns further initialisations of the winner, and the ensemble of them."""

    @dsl.pipeline(name="ensemble-round")
    def ensemble(search: str):
        proposed = steps.step(ensemble_proposal(search=search, run=THIS_RUN), "Propose initialisations")
        with dsl.ParallelFor(proposed.output, name="shards") as shard:
            trained = steps.training(shard, "full", "Train a member")
        assembled = ensemble_assembly(search=search, shards=dsl.Collected(trained.output))
        steps.step(assembled, "Assemble and report", steps.training_pool())

    return ensemble


def finish(steps: Steps) -> BaseComponent:
    """Returns: re-rank the best few, choose width and depth, train the winner, assemble its initialisations."""
    scaling, ensemble = scaling_round(steps), ensemble_round(steps)

    @dsl.pipeline(name="finish")
    def finishing(search: str):
        ranked = scaling(search=search, part="rerank").set_display_name("Rank the best again")
        grid = scaling(search=search, part="grid").set_display_name("Choose width and depth").after(ranked)
        winner = scaling(search=search, part="winner").set_display_name("Train the winner").after(grid)
        ensemble(search=search).set_display_name("Ensemble").after(winner)

    return finishing


def conclude(steps: Steps) -> BaseComponent:
    """Returns what finishes a search whose budget is exhausted; else the next run of this pipeline version goes on."""
    finishing = finish(steps)

    @dsl.pipeline(name="conclude")
    def concluding(search: str):
        exhausted = steps.step(budget_exhausted(search=search), "Is the search over?")
        with dsl.If(exhausted.output == True, name="search-over"):  # noqa: E712 (a KFP expression)
            finishing(search=search)
        with dsl.Else(name="budget-remains"):
            following = continue_as_new(search=search, run=THIS_RUN)
            steps.step(following, "Start the next run", asks_api=True)

    return concluding


def preparation(depth: int, steps: Steps) -> BaseComponent:
    """Returns what comes before the first round: the data, and for a search that limits them the layers' latencies."""
    devices = steps.hardware.devices if steps.hardware else ""

    @dsl.pipeline(name="preparation")
    def preparing(search: str, description: str):
        first = data_split(search=search, description=description, devices=devices, depth=depth)
        split = steps.step(first, "Split the data", open_pool("cpu"))
        for number, pool in enumerate(steps.targets()):
            with dsl.If(split.output == number, name=f"layers-to-measure-{number}"):
                layers = layer_benchmarking(search=search, device=pool.device if pool else "")
                steps.step(layers, "Measure layers" + (f" on {pool.name}" if pool else ""), pool)

    return preparing


def whole_search(depth: int, steps: Steps) -> BaseComponent:
    """Returns the search from its data to its conclusion."""
    prepare, searching, concluding = preparation(depth, steps), search_rounds(depth, steps), conclude(steps)

    @dsl.pipeline(name="whole-search")
    def whole(search: str, description: str):
        prepared = prepare(search=search, description=description).set_display_name("Prepare")
        searched = searching(search=search).set_display_name("Search").after(prepared)
        concluding(search=search).set_display_name("Conclude").after(searched)

    return whole


def architecture_search(depth: int = DEPTH, hardware: Hardware | None = None) -> BaseComponent:
    """Returns the whole pipeline, for one run of at most `depth` rounds.

    Args:
        depth: rounds, [1, 8].
        hardware: node pools and images for a cluster; None for the local runner.

    Raises:
        ValueError: where the depth is out of range.
    """
    if not 1 <= depth <= MOST_DEPTH:
        raise ValueError(f"`depth` must be in [1, {MOST_DEPTH}]. Received: depth={depth}.")
    steps = Steps(hardware)
    whole = whole_search(depth, steps)  # outside the pipeline below: a pipeline is built when it is decorated

    @dsl.pipeline(name="architecture-search", description="Searches, scales and ensembles a neural network design.")
    def pipeline(search: str, description: str = ""):
        free = search_is_free(search=search, run=THIS_RUN)
        steps.step(free, "Is no other run at work?", asks_api=True)
        with dsl.If(free.output == True, name="free"):  # noqa: E712 (a KFP expression)
            whole(search=search, description=description).set_display_name("Whole search")

    return pipeline
