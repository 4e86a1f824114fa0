"""Shards at the same time: as many as asked for, whatever Kubeflow's own limit, and never with another result."""

import time
from pathlib import Path

import pytest
from kfp import dsl, local
from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator

from pipelines.workers import ChangedRunner, local_workers
from tests.faults.real_run import RealRun
from tests.faults.reference import TINY, first_difference, found, reference

PATIENCE_SECONDS = {True: 60.0, False: 1.0}  # whether the iterations should meet


@dsl.component(base_image="python", install_kfp_package=False)
def meet(place: str, wanted: int, patience_seconds: float):
    """Waits until as many iterations are here at the same time."""
    import os
    import time
    import uuid

    here = os.path.join(place, f"here-{uuid.uuid4()}")
    open(here, "w").close()
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        if len([name for name in os.listdir(place) if name.startswith("here-")]) >= wanted:
            open(os.path.join(place, "met"), "w").close()
        if os.path.exists(os.path.join(place, "met")):
            break
        time.sleep(0.02)
    os.unlink(here)


def iterations_meet(folder: Path, wanted: int, expected: bool) -> bool:
    """Whether so many iterations of a loop are at work at the same time on the local runner."""

    @dsl.pipeline(name="meeting")
    def meeting(place: str):
        with dsl.ParallelFor(["a", "b", "c", "d"][:wanted]) as _:
            meet(place=place, wanted=wanted, patience_seconds=PATIENCE_SECONDS[expected]).set_caching_options(False)

    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "kubeflow"))
    meeting(place=str(folder))
    return (folder / "met").exists()


@pytest.mark.parametrize("workers", [3, 4])
def test_as_many_shards_are_at_work_as_workers(workers, tmp_path):
    with local_workers(workers):
        assert iterations_meet(tmp_path, wanted=workers, expected=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_shards_are_at_work_than_workers(workers, tmp_path):
    with local_workers(workers):
        assert not iterations_meet(tmp_path, wanted=workers + 1, expected=False)


def test_kubeflow_alone_stops_at_two(tmp_path):
    """When this fails, Kubeflow has lifted its limit, and `pipelines.workers` can go."""
    assert not iterations_meet(tmp_path, wanted=3, expected=False)


def test_the_limit_is_kubeflows_own_again_afterwards():
    original = orchestrator.ParallelExecutor
    with pytest.raises(KeyError), local_workers(3):
        raise KeyError
    assert orchestrator.ParallelExecutor is original


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match=r"`workers` must be >= 1\. Received: workers=0\."), local_workers(0):
        pass


class WithoutLimits:
    """An executor as a later Kubeflow might have it."""


@pytest.mark.parametrize("changed", [WithoutLimits, None])
def test_an_executor_that_has_changed_is_refused(changed, monkeypatch):
    monkeypatch.setattr(orchestrator, "ParallelExecutor", changed)
    with pytest.raises(ChangedRunner, match="max_workers and conservative_max"), local_workers(2):
        pass


def test_four_workers_find_what_one_does(tmp_path):
    """The reference has one worker; `test_faults` has two, and kills them."""
    run = RealRun(TINY, tmp_path / "search", workers=4)
    most = 0
    try:
        while not run.ended():
            most = max(most, len(run.steps()))
            time.sleep(0.02)
    finally:
        run.kill_all()
    assert run.command.returncode == 0, run.output.read_text()
    assert most == 3  # shards of the first round
    assert first_difference(reference().summary, found(tmp_path / "search")) is None
