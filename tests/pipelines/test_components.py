"""Every Kubeflow component once on the local runner: its body sees nothing of its module, and fails there if it tries.

The search that they work on is finished, so each finds its records: what is tried is the wrapper, not the stage.
"""

import json
import shutil

import pytest
from kfp import local

from components.candidate_generation.component import candidate_generation
from components.candidate_training.component import candidate_training
from components.data_split.component import data_split
from components.ensemble_assembly.component import ensemble_assembly, ensemble_proposal
from components.final_scaling.component import final_scaling_proposal, final_scaling_selection
from components.hardware_benchmarking.component import hardware_benchmarking, layer_benchmarking
from components.multi_objective_scoring.component import budget_exhausted, multi_objective_scoring
from components.records.layout import REPORT, SUMMARY
from components.records.store import open_search, require_record
from components.records.summary import Summary
from components.rejection_screening.component import rejection_screening
from tests.small_search import description

FIRST = [f"rounds/00001/shards/{index:04d}" for index in range(2)]


@pytest.fixture(scope="module")
def search(small_search, tmp_path_factory):
    """A finished search of this module's own, and Kubeflow's local runner."""
    folder = tmp_path_factory.mktemp("components")
    runner = local.SubprocessRunner(use_venv=False)
    local.init(runner=runner, pipeline_root=str(folder / "kubeflow"), raise_on_error=True)
    return str(shutil.copytree(small_search.at["finished"], folder / "search"))


@pytest.fixture
def item(search):
    return json.dumps({"search": search, "shard": FIRST[0], "run": "7"})


def named(items):
    """The shards that loop items name; every item must name the run, too."""
    assert all(json.loads(item)["run"] == "7" for item in items)
    return [json.loads(item)["shard"] for item in items]


def test_data_split(search):
    before = open_search(search).paths("data")
    data_split(search=search, description=description(), devices="", depth=4)
    assert open_search(search).paths("data") == before


def test_candidate_generation(search):
    (item,) = candidate_generation(search=search, run="7").output
    assert json.loads(item) == {"search": search, "shard": "rounds/00002/shards/0000", "run": "7"}


@pytest.mark.parametrize("phase", ["probe", "full"])
def test_candidate_training(item, phase):
    assert candidate_training(shard=item, phase=phase).output == FIRST[0]


def test_rejection_screening(item):
    assert rejection_screening(shard=item).output == FIRST[0]


def test_hardware_benchmarking(item):
    assert hardware_benchmarking(shard=item, device="").output == FIRST[0]


def test_layer_benchmarking(search):
    """The search limits no latency of layers."""
    layer_benchmarking(search=search, device="")
    assert not open_search(search).paths("hardware")


def test_multi_objective_scoring(search):
    """The bool that the condition asks, the metrics that runs are compared by, and the page."""
    first = multi_objective_scoring(search=search, shards=FIRST)
    assert first.outputs["Output"] is True
    last = multi_objective_scoring(search=search, shards=["rounds/00002/shards/0000"])
    assert last.outputs["Output"] is False
    assert last.outputs["metrics"].metadata["candidates"] == 4
    with open(last.outputs["view"].path, encoding="utf-8") as page:
        assert "rounds/00002" in page.read()


def test_budget_exhausted(search):
    assert budget_exhausted(search=search).output is True


@pytest.mark.parametrize(("part", "path"), [("rerank", "00001"), ("grid", "00002"), ("winner", "00003")])
def test_final_scaling_proposal(search, part, path):
    shards = named(final_scaling_proposal(search=search, part=part, run="7").output)
    assert shards[0] == f"scaling/{path}/shards/0000"


def test_final_scaling_selection(search):
    shards = ["scaling/00001/shards/0000", "scaling/00001/shards/0001"]
    assert final_scaling_selection(search=search, shards=shards).output == "scaling/00001"


def test_ensemble_proposal(search):
    shards = named(ensemble_proposal(search=search, run="7").output)
    assert shards == ["ensemble/00001/shards/0000", "ensemble/00001/shards/0001"]


def test_ensemble_assembly(search):
    done = ensemble_assembly(search=search, shards=["ensemble/00001/shards/0000", "ensemble/00001/shards/0001"])
    summary = require_record(open_search(search), SUMMARY, Summary)
    metrics = done.outputs["metrics"].metadata
    assert metrics["ensemble of 2: test accuracy"] == summary.ensemble.test.accuracy
    assert metrics["single best: test NLL"] == summary.single_best.test.nll
    with open(done.outputs["report"].path, "rb") as page:
        assert page.read() == open_search(search).read(REPORT)


def test_every_step_noted_where_its_seconds_went(search):
    """The last test of the module: each step above wrote one record."""
    found = [json.loads(open_search(search).read(path)) for path in open_search(search).paths("timings")]
    assert {one["stage"] for one in found} == {
        "data_split",
        "candidate_generation",
        "candidate_training",
        "rejection_screening",
        "hardware_benchmarking",
        "multi_objective_scoring",
        "budget_exhausted",
        "final_scaling",
        "ensemble_assembly",
    }
    assert all(one["tensorflow_seconds"] == 0.0 for one in found)
