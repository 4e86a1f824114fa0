"""Versions and runs against the small Kubeflow API: once each, named, and nothing left half done."""

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import kfp
import pytest
import yaml

from components.continue_as_new import kubeflow_api
from components.continue_as_new.kubeflow_api import KubeflowError, NotAllowed, NotAnswered
from components.search_file.validate import read_search
from pipelines import versions
from pipelines.architecture_search import architecture_search
from pipelines.kubeflow_client import connect_client
from pipelines.submissions import Target, check_remote, run_name, submit
from pipelines.versions import UnnamedVersion, Version, VersionDiffers, commit_name, package_spec, upload
from tests.servers.kubeflow_api import KubeflowApi

TEXT = "{name: shoes, data: {source: 'sklearn:digits'}, space: {name: norm_act_layer}, budget: {candidates: 8}}"
URI = "gs://bucket/shoes"


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path):
    """Short waits, and no settings of the person who runs the tests."""
    monkeypatch.setattr(kubeflow_api, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(kubeflow_api, "ANSWER_SECONDS", 5.0)
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))


@pytest.fixture
def api():
    with KubeflowApi() as server:
        yield server


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The pipeline compiled for one round and for two: packages of different content."""
    folder = tmp_path_factory.mktemp("packages")
    for depth in (1, 2):
        kfp.compiler.Compiler().compile(architecture_search(depth), str(folder / f"{depth}.yaml"))
    return [folder / "1.yaml", folder / "2.yaml"]


@pytest.fixture
def target(api, packages):
    """A search and the version that it is to run with."""
    return Target(read_search(TEXT), TEXT, URI, upload(connect_client(api.host), packages[0], "c0ffee"))


def test_a_version_is_uploaded_under_its_name_with_the_whole_pipeline(api, packages):
    found = upload(connect_client(api.host), packages[0], "c0ffee")
    assert [one.name for one in api.pipelines] == ["architecture-search"]
    assert [one.name for one in api.versions] == ["c0ffee"]
    assert found == Version(api.pipelines[0].pipeline_id, api.versions[0].pipeline_version_id, "c0ffee", False)
    compiled = yaml.safe_load(packages[0].read_text())
    assert api.versions[0].pipeline_spec["root"].keys() == compiled["root"].keys()
    assert api.versions[0].pipeline_spec["components"].keys() == compiled["components"].keys()


def test_an_upload_twice_is_an_upload_once(api, packages):
    client = connect_client(api.host)
    first, second = (upload(client, packages[0], "c0ffee") for _ in range(2))
    assert second == first._replace(was_there=True)
    assert api.asked("POST /pipelines/upload_version") == 1


def test_a_version_of_the_same_name_and_another_content_is_refused(api, packages):
    client = connect_client(api.host)
    upload(client, packages[0], "c0ffee")
    with pytest.raises(VersionDiffers, match="Version c0ffee of pipeline architecture-search exists and holds another"):
        upload(client, packages[1], "c0ffee")
    assert len(api.versions) == 1


def test_a_platform_spec_makes_a_version_different(api, packages, tmp_path):
    """Node pools stand in the second YAML document, which a comparison of the first alone would miss."""
    client = connect_client(api.host)
    upload(client, packages[0], "c0ffee")
    platform = {
        "platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-data-split": {"nodeSelector": {}}}}}}
    }
    other = tmp_path / "other.yaml"
    other.write_text(f"{packages[0].read_text()}\n---\n{yaml.safe_dump(platform)}")
    with pytest.raises(VersionDiffers):
        upload(client, other, "c0ffee")
    upload(client, other, "decade")
    assert upload(client, other, "decade").was_there


def test_ten_racing_uploads_make_one_version(api, packages):
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: upload(connect_client(api.host), packages[0], "c0ffee"), range(10)))
    assert len(api.pipelines) == len(api.versions) == 1
    assert {one.version_id for one in found} == {api.versions[0].pipeline_version_id}


@pytest.mark.parametrize("kind", [500, 400, "dropped"])
def test_a_pipeline_without_its_version_is_taken_back(api, packages, kind):
    api.fail(kind, "POST /pipelines/upload_version")
    with pytest.raises(KubeflowError):
        upload(connect_client(api.host), packages[0], "c0ffee")
    assert api.pipelines == api.versions == []
    assert not upload(connect_client(api.host), packages[0], "c0ffee").was_there


def test_a_pipeline_that_was_there_stays_when_an_upload_fails(api, packages):
    client = connect_client(api.host)
    upload(client, packages[0], "c0ffee")
    api.fail(500, "POST /pipelines/upload_version")
    with pytest.raises(KubeflowError):
        upload(client, packages[1], "decade")
    assert len(api.pipelines) == len(api.versions) == 1


def test_somebody_s_empty_pipeline_stays_when_an_upload_fails(api, packages):
    client = connect_client(api.host)
    versions._create_pipeline(client, "architecture-search")
    api.fail(500, "POST /pipelines/upload_version")
    with pytest.raises(KubeflowError):
        upload(client, packages[0], "c0ffee")
    assert len(api.pipelines) == 1


def test_a_pipeline_that_can_not_be_taken_back_is_named(api, packages):
    api.fail(500, "POST /pipelines/upload_version", message="disk full")
    api.fail(500, "DELETE /pipelines/")
    with pytest.raises(
        KubeflowError, match="disk full: its details.*architecture-search was made and could not be taken"
    ):
        upload(connect_client(api.host), packages[0], "c0ffee")
    assert not upload(connect_client(api.host), packages[0], "c0ffee").was_there  # goes on with the empty pipeline
    assert len(api.pipelines) == 1


@pytest.mark.parametrize("request_", ["POST /pipelines$", "POST /pipelines/upload_version"])
def test_an_upload_whose_answer_is_lost_is_found(api, packages, request_):
    api.fail("lost", request_)
    upload(connect_client(api.host), packages[0], "c0ffee")
    assert len(api.pipelines) == len(api.versions) == 1


def test_packages_are_equal_by_what_they_do_and_not_by_their_text(packages):
    text = packages[0].read_text()
    assert package_spec(f"# a remark\n{yaml.safe_dump(yaml.safe_load(text))}") == package_spec(text)
    assert package_spec(text.replace("Split the data", "Split it")) != package_spec(text)


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True)


def test_a_version_is_named_by_the_commit_and_only_by_a_clean_one(tmp_path):
    with pytest.raises(UnnamedVersion, match="is no git checkout with a commit"):
        commit_name(tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    head = subprocess.run(["git", "-C", tmp_path, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert commit_name(tmp_path) == head.stdout[:12]
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnnamedVersion, match="no git checkout of its own"):
        commit_name(tmp_path / "folder")
    (tmp_path / "my_search.yaml").write_text("of the user, and in no image")
    assert commit_name(tmp_path) == head.stdout[:12]
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "new.py").write_text("not committed")
    with pytest.raises(UnnamedVersion, match=f"changes that commit {head.stdout[:12]} doesn't"):
        commit_name(tmp_path)


def test_a_run_says_what_it_searches_and_gets_its_parameters(api, target):
    run = submit(connect_client(api.host), target)
    assert run.name == "shoes: norm_act_layer by evolution on sklearn:digits, 8 candidates"
    assert [one.display_name for one in api.experiments] == ["shoes"]
    stored = api.runs[0]
    assert (stored.run_id, stored.display_name, stored.experiment_id) == (
        run.id,
        run.name,
        api.experiments[0].experiment_id,
    )
    assert stored.pipeline_version_reference.pipeline_version_id == target.version.version_id
    assert stored.runtime_config.parameters == {"search": URI, "description": TEXT}


def test_a_run_name_has_an_end():
    long = TEXT.replace("sklearn:digits", "images:/" + "x" * 300)
    assert len(run_name(read_search(long.replace("}, space", ", image_size: [8, 8]}, space")))) == 200


def test_a_search_at_work_is_not_started_again_and_an_ended_one_is(api, target):
    client = connect_client(api.host)
    first = submit(client, target)
    assert submit(client, target) == first._replace(was_there=True)
    for count, state in enumerate(["FAILED", "CANCELED", "SUCCEEDED"], start=2):
        api.runs[-1].state = state
        assert not submit(client, target).was_there
        assert len(api.runs) == count


def test_a_run_of_another_directory_is_another_run(api, target):
    client = connect_client(api.host)
    submit(client, target)
    assert not submit(client, target._replace(uri="gs://bucket/shoes-2")).was_there
    assert len(api.runs) == 2


def test_a_run_at_work_is_found_behind_many_pages(api, target, monkeypatch):
    monkeypatch.setattr("components.continue_as_new.runs.PAGE", 2)
    client = connect_client(api.host)
    wanted = submit(client, target)
    for number in range(5):
        submit(client, target._replace(uri=f"{URI}-{number}"))
    assert submit(client, target).id == wanted.id


def test_a_run_whose_answer_is_lost_is_found(api, target):
    api.fail("lost", "POST /runs")
    submit(connect_client(api.host), target)
    assert len(api.runs) == 1


def test_racing_submitters_each_learn_of_a_run_and_later_ones_of_none_new(api, target):
    """Kubeflow gives runs no unique name, so ten at once may start up to ten; who comes after them starts none."""
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: submit(connect_client(api.host), target), range(10)))
    started = len(api.runs)
    assert {one.id for one in found} <= {run.run_id for run in api.runs}
    assert len(api.experiments) == 1 <= started <= 10
    assert submit(connect_client(api.host), target).was_there
    assert len(api.runs) == started


def test_a_parameter_that_the_pipeline_does_not_have_is_refused_with_the_reason(api, target, monkeypatch):
    monkeypatch.setattr(Target, "parameters", {"serach": URI})
    with pytest.raises(KubeflowError, match=r"400\): InvalidInputError: unknown parameters \['serach'\]"):
        submit(connect_client(api.host), target)


@pytest.mark.parametrize("uri", ["runs/shoes", "/tmp/shoes", "file:///tmp/shoes", "http://bucket/shoes"])
def test_a_directory_that_a_cluster_can_not_reach_is_refused(uri):
    with pytest.raises(ValueError, match="`--search-dir` must be a gs:// or s3:// URI"):
        check_remote(uri)


def test_a_search_file_that_is_too_large_is_refused_before_anything_is_sent():
    check_remote(URI, "x" * 9_900)
    with pytest.raises(ValueError, match=r"10000 bytes .* Received: 10\d\d\d bytes"):
        check_remote(URI, "x" * 10_000)


def test_a_closed_port_is_named_at_once(api):
    with KubeflowApi() as gone:
        pass
    with pytest.raises(NotAnswered, match=rf"^{gone.host} doesn't answer: Connection refused\.$"):
        connect_client(gone.host)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (401, NotAllowed, r"refuses the token \(401\): it went wrong\. It is missing or has expired"),
        (403, NotAllowed, r"doesn't allow it \(403\): it went wrong\."),
        (500, KubeflowError, r"answers with an error \(500\): it went wrong\."),
        ("dropped", NotAnswered, "it closed the connection without one"),
        ("page", NotAnswered, "answers with a page, not as the API of Kubeflow Pipelines"),
    ],
)
def test_what_a_host_does_wrong_is_said_in_one_line(api, kind, error, message):
    api.fail(kind, "GET /healthz", times=10)
    with pytest.raises(error, match=message) as caught:
        connect_client(api.host)
    assert "\n" not in str(caught.value)
    assert api.asked("GET /healthz") <= 2


def test_an_unknown_host_name_is_named(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotAnswered, match="http://kubeflow.invalid doesn't answer: no such host name is known here"):
        connect_client("http://kubeflow.invalid")


def test_a_silent_host_is_given_up_after_the_limit(api, monkeypatch):
    monkeypatch.setattr(kubeflow_api, "ANSWER_SECONDS", 0.2)
    api.fail("silent", "GET /healthz", times=10, seconds=1.0)
    with pytest.raises(NotAnswered, match=r"connected, but silent for 0\.2 seconds"):
        connect_client(api.host)


def test_a_gateway_that_is_away_for_a_moment_is_asked_again(api, packages):
    api.fail(503, "GET /pipelines", times=2)
    upload(connect_client(api.host), packages[0], "c0ffee")
    assert len(api.versions) == 1


def test_a_command_is_never_sent_twice_by_itself(api, target):
    api.fail("dropped", "POST /runs", times=1)
    with pytest.raises(NotAnswered):
        submit(connect_client(api.host), target)
    assert api.asked("POST /runs") == 1


def test_a_host_without_scheme_is_refused():
    with pytest.raises(ValueError, match="`--host` must begin with http:// or https://. Received: localhost:8080"):
        connect_client("localhost:8080")


def test_the_token_is_shown_and_an_expired_one_changes_nothing(packages):
    with KubeflowApi(token="fresh") as api:
        upload(connect_client(api.host, token="fresh"), packages[0], "c0ffee")
        with pytest.raises(NotAllowed, match="the token has expired"):
            upload(connect_client(api.host, token="stale"), packages[1], "decade")
        assert len(api.versions) == 1
