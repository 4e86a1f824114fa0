"""What a run's id is on the local runner, which the queues of rounds rely on: one in a run, another in the next."""

import pytest
from kfp import dsl, local

from components.candidate_generation.component import candidate_generation
from components.records.layout import claim_path
from components.records.step import Shard
from components.records.store import open_search
from components.rounds.shards import Claim
from pipelines.architecture_search import THIS_RUN
from pipelines.local_run import _objects


@dsl.component(base_image="python", install_kfp_package=False)
def note(folder: str, name: str, run: str):
    """Leaves a file of the run's id."""
    import os

    os.makedirs(os.path.join(folder, run), exist_ok=True)
    open(os.path.join(folder, run, name), "w").close()


@pytest.fixture
def runner(tmp_path):
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "kubeflow"))


def test_all_steps_of_a_run_see_one_id_and_the_next_run_has_another(tmp_path, runner):
    """Two of 1e8 ids are the same by a chance of 1e-8; a search would only share its work less evenly then."""

    @dsl.pipeline(name="inner")
    def inner(folder: str):
        with dsl.ParallelFor(["a", "b"]) as name:
            note(folder=folder, name=name, run=THIS_RUN).set_caching_options(False)

    @dsl.pipeline(name="outer")
    def outer(folder: str):
        first = note(folder=folder, name="first", run=THIS_RUN).set_caching_options(False)
        inner(folder=folder).after(first)

    for _ in range(2):
        outer(folder=str(tmp_path / "notes"))
    runs = [sorted(file.name for file in run.iterdir()) for run in (tmp_path / "notes").iterdir()]
    assert runs == [["a", "b", "first"]] * 2


def test_loop_items_name_the_run_of_the_step_that_made_them(small_search, runner):
    """The search is over, so nothing is proposed or written; the id is a number of Kubeflow's."""

    @dsl.pipeline(name="proposing")
    def proposing(search: str) -> list[str]:
        return candidate_generation(search=search, run=THIS_RUN).set_caching_options(False).output

    (item,) = proposing(search=str(small_search.at["searched"])).output
    assert Shard.from_text(item).run.isdecimal()


def test_a_run_that_leaves_nothing_but_claims_has_got_no_further(tmp_path):
    """Else a search whose steps die at once would be started again for ever."""
    store = open_search(str(tmp_path))
    before = _objects(store)
    for folder, queue in (("rounds/00001", "probe"), ("scaling/00002", "training"), ("ensemble/00001", "training")):
        claim = Claim(run="7", shard=f"{folder}/shards/0000", queue=queue, candidate="a")
        store.create(claim_path(folder, "7", queue, "a"), claim.run.encode())
    assert _objects(store) == before
    store.create("rounds/00001/trials/a/attempt-probe-1", b"")
    assert _objects(store) == before + 1
