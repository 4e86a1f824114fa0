"""The compiled pipeline: the committed file, the graph that it should be, and none of the SDK's silent faults."""

import copy

import pytest
from kfp import compiler, dsl

from components.image import IMAGE
from pipelines.architecture_search import DEPTH, MOST_DEPTH, architecture_search
from pipelines.compile import COMPILED, compile_pipeline
from tests.pipelines.compiled import Compiled, faults, outline

MOST_BYTES = 256 * 1024  # of a compiled pipeline, that Kubeflow's API and Argo take

EVALUATED = ["candidate_training probe", "rejection_screening", "candidate_training full", "hardware_benchmarking"]


def rounds(depth):
    """The intended graph of a round, with the next ones inside."""
    deeper = [("graph", f"search-rounds-{depth - 1}", rounds(depth - 1))] if depth > 1 else []
    left = [("if", "inputs.parameter_values['pipelinechannel--multi-objective-scoring-Output'] == true", deeper)]
    return [
        "candidate_generation",
        ("each", "candidate-generation", EVALUATED),
        "multi_objective_scoring",
        *(left if deeper else []),
    ]


def scaling(part, number):
    loop = ("each", "final-scaling-proposal", ["candidate_training full", "hardware_benchmarking"])
    return ("graph", f"scaling-round{number} {part}", ["final_scaling_proposal", loop, "final_scaling_selection"])


FINISH = [
    scaling("rerank", ""),
    scaling("grid", "-2"),
    scaling("winner", "-3"),
    (
        "graph",
        "ensemble-round",
        ["ensemble_proposal", ("each", "ensemble-proposal", ["candidate_training full"]), "ensemble_assembly"],
    ),
]
OVER = "inputs.parameter_values['pipelinechannel--budget-exhausted-Output'] == true"


def intended(depth):
    ended, goes_on = (
        ("if", OVER, [("graph", "finish", FINISH)]),
        ("if", f"!({OVER})", ["continue_as_new {{$.pipeline_job_uuid}}"]),
    )
    return [
        "data_split",
        ("graph", f"search-rounds-{depth}", rounds(depth)),
        ("graph", "conclude", ["budget_exhausted", ("graph", "condition-branches-1", [ended, goes_on])]),
    ]


@pytest.fixture(scope="module")
def committed():
    return Compiled.read(COMPILED)


@pytest.fixture(scope="module")
def deepest(tmp_path_factory):
    path = tmp_path_factory.mktemp("compiled") / "deepest.yaml"
    compile_pipeline(path, MOST_DEPTH)
    return path


def test_the_committed_file_is_what_the_pipeline_compiles_to(tmp_path):
    """Else: `make compile`."""
    compile_pipeline(tmp_path / "now.yaml")
    assert (tmp_path / "now.yaml").read_text(encoding="utf-8") == COMPILED.read_text(encoding="utf-8")


def test_the_same_pipeline_compiles_to_the_same_text(deepest, tmp_path):
    """Kubeflow numbers components in the order of a mapping that is another one in every process."""
    compile_pipeline(tmp_path / "again.yaml", MOST_DEPTH)
    assert (tmp_path / "again.yaml").read_bytes() == deepest.read_bytes()


def test_the_graph_is_the_intended_one(committed, deepest):
    assert outline(committed) == intended(DEPTH)
    assert outline(Compiled.read(deepest)) == intended(MOST_DEPTH)


def test_nothing_is_referred_to_that_is_not_there(committed, deepest):
    assert faults(committed) == []
    assert faults(Compiled.read(deepest)) == []


def test_a_step_always_runs(committed):
    """What it has done stands in the store; a cache that doesn't know the store would skip it."""
    steps = [
        body["cachingOptions"]
        for _, graph in committed.graphs()
        for body in graph["dag"]["tasks"].values()
        if "executorLabel" in committed.component(body["componentRef"]["name"])
    ]
    assert len(steps) > 30
    assert not any(options.get("enableCache") for options in steps)


def test_there_is_one_image_and_every_step_runs_in_it(committed):
    assert {container["image"] for container in committed.containers().values()} == {IMAGE}


def test_steps_install_nothing(committed):
    """The package is in the image; a step that starts with pip takes a minute and what is newest that day."""
    assert not any("pip install" in part for one in committed.containers().values() for part in one["command"])


def test_a_run_takes_the_search_and_its_description_and_nothing_else_crosses_a_graph_but_the_search(committed):
    for name, graph in committed.graphs():
        own = set(graph.get("inputDefinitions", {}).get("parameters", {}))
        passed = {one for one in own if not one.startswith("pipelinechannel--")}
        assert passed <= {"search"} | ({"description"} if name is None else {"part"} if "scaling" in name else set())


def test_the_deepest_pipeline_is_small_enough(deepest):
    assert deepest.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("depth", [0, MOST_DEPTH + 1])
def test_a_depth_out_of_range_is_refused(depth):
    with pytest.raises(ValueError, match=rf"`depth` must be in \[1, 8\]. Received: depth={depth}."):
        architecture_search(depth)


# The checks must see what they are for.


def broken(compiled, change):
    """A copy of a compiled pipeline with something changed."""
    copied = copy.deepcopy(compiled)
    change(copied.specification)
    return copied


def tasks(specification):
    return specification["root"]["dag"]["tasks"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda spec: spec["components"].pop("comp-data-split"), "root/data-split: no component comp-data-split"),
        (
            lambda spec: spec["components"]["comp-data-split"].pop("executorLabel"),
            "root/data-split: comp-data-split does nothing",
        ),
        (
            lambda spec: spec["root"]["inputDefinitions"]["parameters"].pop("search"),
            "root/data-split: no input search in root",
        ),
        (lambda spec: tasks(spec)["conclude"]["dependentTasks"].append("finish"), "root/conclude: waits for finish"),
    ],
    ids=["component", "implementation", "input", "dependency"],
)
def test_a_planted_fault_is_found(committed, change, says):
    assert says in faults(broken(committed, change))


def test_a_missing_order_is_found(committed):
    """Were scaling not told to wait for the search, both would begin at once."""
    with pytest.raises(ValueError, match="`tasks` must run in one order"):
        outline(broken(committed, lambda spec: tasks(spec)["conclude"].pop("dependentTasks")))


def test_the_outline_of_a_pipeline_that_can_be_read_at_a_glance(tmp_path):
    @dsl.component(base_image=IMAGE)
    def made() -> str:
        return ""

    @dsl.component(base_image=IMAGE)
    def taken(value: str):
        pass

    @dsl.pipeline
    def inner(value: str):
        taken(value=value)

    @dsl.pipeline(name="fine")
    def outer():
        inner(value=made().output)

    compiler.Compiler().compile(outer, str(tmp_path / "fine.yaml"))
    assert faults(Compiled.read(tmp_path / "fine.yaml")) == []
    assert outline(Compiled.read(tmp_path / "fine.yaml")) == ["made", ("graph", "inner", ["taken"])]
