"""The pipeline that is compiled for a cluster, run whole by the local runner: one machine and no Kubernetes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.records.layout import profile_path, search_round
from components.records.results import Profile
from components.records.store import open_search, read_record
from components.records.summary import Summary, comparable
from tests.faults.reference import TINY, first_difference, found, reference

ROOT = Path(__file__).parents[2]


def run(search, description):
    """Runs the pipeline; returns its exit code and what it printed."""
    command = [sys.executable, "-m", "tests.pipelines.local_cluster_pipeline", str(search), description]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The store of the tiny search, whose description was given by its URI."""
    folder = tmp_path_factory.mktemp("cluster") / "search"
    code, output = run(folder, TINY.absolute().as_uri())
    assert code == 0, output[-3000:]
    return open_search(str(folder))


def test_it_finds_what_the_local_pipeline_finds(searched):
    """The estimate for a device that isn't benchmarked is made from what another device's profile counted."""
    assert first_difference(reference().summary, found(Path(searched.uri))) is None


def test_every_trained_candidate_was_measured_on_the_target(searched):
    scored = [
        one
        for part in comparable(read_record(searched, "summary.json", Summary))["rounds"]
        for one in part["candidates"]
    ]
    survivors = [one["id"] for one in scored if one["reason"] is None]
    profiles = [read_record(searched, profile_path(search_round(1), one, "host"), Profile) for one in survivors]
    measured = [variant.latency_ms for profile in profiles if profile for variant in profile.variants]
    assert measured and all(latency > 0 for latency in measured)
    assert not [path for path in searched.paths("rounds") if "profile-tpu" in path]


def test_a_search_of_other_hardware_is_refused_before_anything_is_written(tmp_path):
    text = TINY.read_text(encoding="utf-8").replace("latency: estimated", "latency: measured")
    code, output = run(tmp_path / "search", text)
    assert code != 0
    assert "`scoring.device` must be one that the pipeline was compiled to benchmark on: host, host, host." in output
    assert open_search(str(tmp_path / "search")).paths("data") == []
    assert not open_search(str(tmp_path / "search")).exists("search.yaml")
