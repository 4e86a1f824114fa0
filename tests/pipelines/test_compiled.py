"""The compiled pipeline: the committed file, the graph that it should be, and none of the SDK's silent faults."""

import copy
import json

import pytest
from kfp import compiler, dsl

from components.image import IMAGE
from pipelines.architecture_search import DEPTH, MOST_DEPTH, architecture_search
from pipelines.compile import COMPILED, Settings, compile_pipeline
from tests.pipelines.compiled import Compiled, faults, outline

DEVICES = ("tpu-v5e", "l4", "host")
LARGEST = Settings(MOST_DEPTH, "l4", ("tpu-v5e", "l4-spot", "cpu"))
POOLS = {pool.device: pool for pool in LARGEST.hardware().benchmark}
MOST_BYTES = 256 * 1024  # of a compiled pipeline, that Kubeflow's API and Argo take
RUN = "{{$.pipeline_job_uuid}}"  # which Kubeflow replaces

SCREENED = ["rejection_screening", "candidate_training full"]


def measured(devices):
    """Side by side, one a target."""
    return [f"hardware_benchmarking {device}" for device in sorted(devices)]


def rounds(depth, devices):
    """The intended graph of a round, with the next ones inside."""
    deeper = [("graph", f"search-rounds-{depth - 1}", rounds(depth - 1, devices))] if depth > 1 else []
    left = [("if", "inputs.parameter_values['pipelinechannel--multi-objective-scoring-Output'] == true", deeper)]
    return [
        f"candidate_generation {RUN}",
        ("each", "candidate-generation", ["candidate_training probe", *measured(devices), *SCREENED]),
        "multi_objective_scoring",
        *(left if deeper else []),
    ]


def scaling(part, number, devices):
    loop = ("each", "final-scaling-proposal", [*measured(devices), "candidate_training full"])
    return (
        "graph",
        f"scaling-round{number} {part}",
        [f"final_scaling_proposal {RUN}", loop, "final_scaling_selection"],
    )


def finish(devices):
    members = ("each", "ensemble-proposal", ["candidate_training full"])
    return [
        scaling("rerank", "", devices),
        scaling("grid", "-2", devices),
        scaling("winner", "-3", devices),
        ("graph", "ensemble-round", [f"ensemble_proposal {RUN}", members, "ensemble_assembly"]),
    ]


def layers(devices):
    """A step a target, of which at most one runs: that of the device that the search names, until it is measured."""
    asked = "int(inputs.parameter_values['pipelinechannel--data-split-Output']) == {}"
    return [("if", asked.format(number), [f"layer_benchmarking {device}"]) for number, device in enumerate(devices)]


FREE = "inputs.parameter_values['pipelinechannel--search-is-free-Output'] == true"
OVER = "inputs.parameter_values['pipelinechannel--budget-exhausted-Output'] == true"


def intended(depth, *devices):
    """The intended graph of a run that measures latency on these devices."""
    ended = ("if", OVER, [("graph", "finish", finish(devices))])
    goes_on = ("if", f"!({OVER})", [f"continue_as_new {RUN}"])
    whole = [
        ("graph", "preparation", [f"data_split {depth}.0 {' '.join(devices)}", *layers(devices)]),
        ("graph", f"search-rounds-{depth}", rounds(depth, devices)),
        ("graph", "conclude", ["budget_exhausted", ("graph", "condition-branches-1", [ended, goes_on])]),
    ]
    return [f"search_is_free {RUN}", ("if", FREE, [("graph", "whole-search", whole)])]


@pytest.fixture(scope="module")
def committed():
    return Compiled.read(COMPILED)


@pytest.fixture(scope="module")
def deepest(tmp_path_factory):
    """The largest: eight rounds, three targets of different kinds, of which one is trained on."""
    path = tmp_path_factory.mktemp("compiled") / "deepest.yaml"
    compile_pipeline(path, LARGEST)
    return path


def of_function(compiled, *names):
    """Yields (task, executor's label) of every task of these functions, at any depth."""
    for _, graph in compiled.graphs():
        for task in graph["dag"]["tasks"].values():
            label = compiled.component(task["componentRef"]["name"]).get("executorLabel")
            if label and compiled.containers()[label]["args"][-1] in names:
                yield task, label


def test_the_committed_file_is_what_the_pipeline_compiles_to(tmp_path):
    """Else: `make compile`."""
    compile_pipeline(tmp_path / "now.yaml")
    assert (tmp_path / "now.yaml").read_text(encoding="utf-8") == COMPILED.read_text(encoding="utf-8")


def test_the_same_pipeline_compiles_to_the_same_text(tmp_path):
    """Kubeflow numbers components in the order of a mapping that is another one in every process."""
    once, again = tmp_path / "once.yaml", tmp_path / "again.yaml"
    for path in (once, again):
        compile_pipeline(path, LARGEST._replace(depth=2))
    assert once.read_bytes() == again.read_bytes()


def test_the_graph_is_the_intended_one(committed, deepest):
    assert outline(committed) == intended(DEPTH, "host")
    assert outline(Compiled.read(deepest)) == intended(MOST_DEPTH, *DEVICES)


def test_what_the_local_runner_takes_is_the_same_graph(tmp_path):
    compiler.Compiler().compile(architecture_search(2), str(tmp_path / "local.yaml"))
    assert outline(Compiled.read(tmp_path / "local.yaml")) == intended(2, "")


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


def test_there_is_one_image_and_every_step_runs_in_it(committed, deepest):
    assert {container["image"] for container in committed.containers().values()} == {IMAGE}
    variants = {IMAGE, f"{IMAGE}-gpu", f"{IMAGE}-tpu"}
    assert {container["image"] for container in Compiled.read(deepest).containers().values()} == variants


def test_a_step_runs_in_the_image_of_its_node_pool(deepest):
    compiled = Compiled.read(deepest)
    images = {"host": IMAGE, "l4": f"{IMAGE}-gpu", "tpu-v5e": f"{IMAGE}-tpu"}
    measuring = list(of_function(compiled, "hardware_benchmarking"))
    assert len(measuring) == 3 * (MOST_DEPTH + 3)  # every round, and each part of scaling, which is called by reference
    for task, label in measuring:
        device = task["inputs"]["parameters"]["device"]["runtimeValue"]["constant"]
        assert compiled.containers()[label]["image"] == images[device]
        selector = compiled.executors[label].get("nodeSelector", {}).get("labels", {})
        assert selector == dict(POOLS[device].selector)
    for _, label in of_function(compiled, "candidate_training", "rejection_screening", "ensemble_assembly"):
        assert compiled.containers()[label]["image"] == images["l4"]


def test_training_and_measuring_end_in_time_and_are_tried_again(deepest):
    compiled = Compiled.read(deepest)
    tasks = list(of_function(compiled, "candidate_training", "hardware_benchmarking", "rejection_screening"))
    assert len(tasks) > 50
    for task, label in tasks:
        assert task["retryPolicy"]["maxRetryCount"] >= 1
        assert int(compiled.executors[label]["activeDeadlineSeconds"]) > 0


def test_only_the_steps_that_ask_the_api_get_its_token(deepest):
    compiled = Compiled.read(deepest)
    asking = {label for _, label in of_function(compiled, "search_is_free", "continue_as_new")}
    labels = {label: settings["podMetadata"]["labels"] for label, settings in compiled.executors.items()}
    assert {label for label, each in labels.items() if "access-ml-pipeline" in each} == asking


def test_no_secret_is_in_the_file(committed):
    """Credentials are the names of Kubernetes' secrets; no step has a variable with a value of its own."""
    assert not [label for label, container in committed.containers().items() if container.get("env")]
    assert all(settings["secretAsEnv"] for settings in committed.executors.values())


def test_steps_install_nothing(committed):
    """The package is in the image; a step that starts with pip takes a minute and what is newest that day."""
    assert not any("pip install" in part for one in committed.containers().values() for part in one["command"])


def test_a_run_takes_the_search_and_its_description_and_nothing_else_crosses_a_graph_but_the_search(committed):
    for name, graph in committed.graphs():
        own = set(graph.get("inputDefinitions", {}).get("parameters", {}))
        passed = {one for one in own if not one.startswith("pipelinechannel--")}
        above = {"description"} if name in (None, "comp-whole-search", "comp-preparation") else set()
        assert passed <= {"search"} | above | ({"part"} if name and "scaling" in name else set())


def test_no_step_is_written_twice_and_none_in_vain(deepest):
    """Argo's workflow holds Kubernetes' settings once a component, and must stay within 1 MiB."""
    compiled = Compiled.read(deepest)
    steps = {name: body for name, body in compiled.specification["components"].items() if "executorLabel" in body}
    assert len({json.dumps(body, sort_keys=True) for body in steps.values()}) == len(steps)
    assert {body["executorLabel"] for body in steps.values()} == set(compiled.containers()) == set(compiled.executors)
    called = {task["componentRef"]["name"] for _, graph in compiled.graphs() for task in graph["dag"]["tasks"].values()}
    assert called == set(compiled.specification["components"])


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
    return specification["components"]["comp-whole-search"]["dag"]["tasks"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda spec: spec["components"].pop("comp-data-split"),
            "comp-preparation/data-split: no component comp-data-split",
        ),
        (
            lambda spec: spec["components"]["comp-data-split"].pop("executorLabel"),
            "comp-preparation/data-split: comp-data-split does nothing",
        ),
        (
            lambda spec: spec["components"]["comp-whole-search"]["inputDefinitions"]["parameters"].pop("search"),
            "comp-whole-search/preparation: no input search in comp-whole-search",
        ),
        (
            lambda spec: tasks(spec)["conclude"]["dependentTasks"].append("finish"),
            "comp-whole-search/conclude: waits for finish",
        ),
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
