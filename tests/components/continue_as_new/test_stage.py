"""Going on in the next run: once, whatever is tried again, lost or raced; and never without end."""

import datetime
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from kfp_server_api import (
    RunServiceApi,
    V2beta1Experiment,
    V2beta1PipelineVersion,
    V2beta1PipelineVersionReference,
    V2beta1Run,
    V2beta1RuntimeConfig,
)

from components.continue_as_new import kubeflow_api, stage
from components.continue_as_new.kubeflow_api import KubeflowError, NotAllowed, NotAnswered, connect
from components.continue_as_new.stage import NoProgress, TooManyRuns, continue_search, hand_on, search_is_free
from components.records.local_store import LocalStore
from components.search_file.stored import put_search
from tests.servers.kubeflow_api import KubeflowApi, now

TEXT = "{name: shoes, data: {source: 'sklearn:digits'}, space: {name: norm_act_layer}}"
SPEC = {"root": {"inputDefinitions": {"parameters": {"search": {}, "description": {}}}}}


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setattr(kubeflow_api, "BACKOFF_SECONDS", 0.0)
    monkeypatch.delenv(kubeflow_api.TOKEN_PATH, raising=False)
    with KubeflowApi() as server:
        monkeypatch.setenv(kubeflow_api.HOST, server.host)
        yield server


@pytest.fixture
def store(tmp_path):
    """A search with four committed rounds."""
    store = LocalStore(str(tmp_path / "shoes"))
    put_search(store, TEXT)
    commit(store, 4)
    return store


def commit(store, rounds):
    for number in range(1, rounds + 1):
        store.create(f"rounds/{number:05d}/scores.json", b"{}")


def running(api, store, name="shoes: the first run", **changes):
    """A run at work, as the API knows it."""
    if not api.experiments:
        api.experiments.append(V2beta1Experiment(experiment_id="e1", display_name="shoes"))
        api.versions.append(
            V2beta1PipelineVersion(pipeline_id="p1", pipeline_version_id="v1", name="c0ffee", pipeline_spec=SPEC)
        )
    fields = {
        "run_id": str(uuid.uuid4()),
        "display_name": name,
        "experiment_id": "e1",
        "state": "RUNNING",
        "created_at": now(),
        "service_account": "searcher",
        "pipeline_version_reference": V2beta1PipelineVersionReference(pipeline_id="p1", pipeline_version_id="v1"),
        "runtime_config": V2beta1RuntimeConfig(
            parameters={"search": store.uri, "description": TEXT}, pipeline_root="gs://bucket/root"
        ),
    }
    api.runs.append(V2beta1Run(**{**fields, **changes}))
    return api.runs[-1]


def test_the_next_run_is_this_one_again_under_the_name_of_its_first_round(api, store):
    this = running(api, store)
    following = continue_search(store, this.run_id)
    new = api.runs[-1]
    assert new.run_id == following
    assert new.display_name.startswith("shoes: from round 5 on [")
    assert new.description == f"Goes on where run {this.run_id} (shoes: the first run) ended."
    for field in ("pipeline_version_reference", "runtime_config", "service_account", "experiment_id"):
        assert getattr(new, field) == getattr(this, field)


def test_a_run_of_an_inline_pipeline_is_followed_by_one_of_the_same(api, store):
    this = running(api, store, pipeline_version_reference=None, pipeline_spec=SPEC)
    continue_search(store, this.run_id)
    assert (api.runs[-1].pipeline_spec, api.runs[-1].pipeline_version_reference) == (SPEC, None)


def test_of_a_run_that_shows_its_version_s_content_too_only_the_version_is_sent(api, store):
    continue_search(store, running(api, store, pipeline_spec=SPEC).run_id)
    assert api.runs[-1].pipeline_spec is None
    assert api.runs[-1].pipeline_version_reference.pipeline_version_id == "v1"


@pytest.mark.parametrize("state", ["RUNNING", "FAILED", "SUCCEEDED"])
def test_a_step_that_is_tried_again_submits_nothing(api, store, state):
    this = running(api, store)
    first = continue_search(store, this.run_id)
    api.runs[-1].state = state
    assert continue_search(store, this.run_id) == first
    assert api.asked("POST /runs") == 1


def test_a_step_that_died_after_its_claim_submits_when_it_is_tried_again(api, store):
    this = running(api, store)
    api.fail("dropped", "POST /runs")
    with pytest.raises(NotAnswered):
        hand_on(store, this.run_id, RunServiceApi(connect()))
    assert len(store.paths("continuations")) == 2
    continue_search(store, this.run_id)
    assert [run.display_name[:20] for run in api.runs] == ["shoes: the first run", "shoes: from round 5 "]


def test_a_run_whose_rival_claimed_and_died_submits_after_some_patience(api, store):
    rival, this = running(api, store), running(api, store)
    api.fail("dropped", "POST /runs")
    with pytest.raises(NotAnswered):
        continue_search(store, rival.run_id)
    asked = api.asked("GET /runs$")
    hand_on(store, this.run_id, RunServiceApi(connect()), patience_seconds=0.3)
    assert len(api.runs) == 3
    assert api.asked("GET /runs$") - asked > 5  # it looked again and again before


def test_a_run_finds_what_its_rival_submitted_in_another_experiment(api, store):
    rival = running(api, store)
    api.experiments.append(V2beta1Experiment(experiment_id="e2", display_name="Default"))
    this = running(api, store, experiment_id="e2")
    assert continue_search(store, rival.run_id) == continue_search(store, this.run_id)
    assert api.runs[-1].experiment_id == "e1"


def test_a_submission_whose_answer_is_lost_is_found(api, store):
    this = running(api, store)
    api.fail("lost", "POST /runs")
    assert continue_search(store, this.run_id) == api.runs[-1].run_id
    assert len(api.runs) == 2


def test_ten_racing_steps_submit_one_run(api, store):
    """Ten runs of one search end at the same moment: the store lets one of them submit, the others find its run."""
    runs = [running(api, store, name=f"shoes: run {number}") for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        following = set(pool.map(lambda run: continue_search(store, run.run_id), runs))
    assert len(following) == 1
    assert len(api.runs) == 11


def test_each_further_run_has_a_name_of_its_own(api, store):
    first = continue_search(store, running(api, store).run_id)
    commit(store, 8)
    continue_search(store, first)
    assert [run.display_name.split(" [")[0] for run in api.runs[1:]] == [
        "shoes: from round 5 on",
        "shoes: from round 9 on",
    ]


def test_searches_of_one_name_in_two_directories_have_runs_of_their_own(api, store, tmp_path):
    other = LocalStore(str(tmp_path / "other"))
    put_search(other, TEXT)
    commit(other, 4)
    names = set()
    for one in (store, other):
        continue_search(one, running(api, one).run_id)
        names.add(api.runs[-1].display_name)
    assert len(names) == 2


def test_a_run_that_committed_no_round_is_not_followed_by_another(api, store):
    following = continue_search(store, running(api, store).run_id)
    with pytest.raises(NoProgress, match="This run began after round 4 and committed none"):
        continue_search(store, following)
    assert len(api.runs) == 2


def test_the_number_of_runs_has_an_end(api, store, monkeypatch):
    monkeypatch.setattr(stage, "MOST_RUNS", 2)
    following = continue_search(store, running(api, store).run_id)
    commit(store, 8)
    last = continue_search(store, following)
    assert continue_search(store, following) == last  # a step that is tried again is not one more
    commit(store, 12)
    with pytest.raises(TooManyRuns, match="handed on 2 times"):
        continue_search(store, last)
    assert len(api.runs) == 3


def test_the_local_runner_s_run_is_not_continued_here(api, store):
    assert continue_search(store, "48151623") == ""
    assert api.requests == []
    assert store.paths("continuations") == []


def later(run, seconds=60):
    run.created_at += datetime.timedelta(seconds=seconds)
    return run


def test_the_younger_of_two_runs_leaves_the_search_alone(api, store, capsys):
    older, younger = running(api, store), later(running(api, store))
    assert search_is_free(store, older.run_id)
    assert not search_is_free(store, younger.run_id)
    assert f"Run {older.run_id} (shoes: the first run) works on this search" in capsys.readouterr().out


def test_of_runs_of_one_second_exactly_one_works(api, store):
    moment = now()
    runs = [running(api, store, created_at=moment) for _ in range(5)]
    assert sum(search_is_free(store, run.run_id) for run in runs) == 1


@pytest.mark.parametrize("state", ["FAILED", "SUCCEEDED", "CANCELED", "CANCELING"])
def test_an_ended_run_leaves_the_search_free(api, store, state):
    running(api, store, state=state)
    assert search_is_free(store, later(running(api, store)).run_id)


def test_a_run_of_another_search_is_no_hindrance(api, store, tmp_path):
    running(api, LocalStore(str(tmp_path / "other")))
    assert search_is_free(store, later(running(api, store)).run_id)


def test_the_next_run_works_while_those_that_handed_on_still_end(api, store):
    """Two runs reach the end together: neither may keep the one that follows them from work."""
    first, second = running(api, store), running(api, store)
    following = {continue_search(store, run.run_id) for run in (first, second)}
    later(api.runs[-1])
    assert [search_is_free(store, run) for run in following] == [True]


def test_a_search_is_free_where_the_api_is_out_of_reach_or_the_run_is_local(api, store, capsys):
    assert search_is_free(store, "48151623")
    api.fail(403, "GET /runs", message="no role")
    assert search_is_free(store, str(uuid.uuid4()))
    assert "isn't known" in capsys.readouterr().out


def test_the_mounted_token_is_shown(store, monkeypatch, tmp_path):
    with KubeflowApi(token="fresh") as api:
        monkeypatch.setenv(kubeflow_api.HOST, api.host)
        monkeypatch.setenv(kubeflow_api.TOKEN_PATH, str(tmp_path / "token"))
        this = running(api, store)
        with pytest.raises(NotAllowed, match="has expired"):
            continue_search(store, this.run_id)
        (tmp_path / "token").write_text("fresh\n")
        continue_search(store, this.run_id)
        assert len(api.runs) == 2


def test_a_refusal_leaves_the_search_to_be_handed_on_later(api, store):
    with pytest.raises(KubeflowError, match=r"404\): ResourceNotFoundError: run_id .* not found"):
        continue_search(store, str(uuid.uuid4()))
    assert store.paths("continuations") == []


def test_it_works_where_kfp_client_does_not_exist(api, store):
    """Inside a component `_KFP_RUNTIME` is true, and importing `kfp.client` fails."""
    this = running(api, store)
    code = f"""
import kfp
assert not hasattr(kfp, "Client")
from components.continue_as_new.stage import continue_search
from components.records.local_store import LocalStore
print(continue_search(LocalStore({store.uri!r}), {this.run_id!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "_KFP_RUNTIME": "true"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == api.runs[-1].run_id
    assert len(api.runs) == 2
