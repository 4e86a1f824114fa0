"""The commands that work on a cluster, as a user types them: what they do, what they say, and how they fail."""

import subprocess
import sys

import click
import kfp
import pytest
import yaml
from click.testing import CliRunner

from components.continue_as_new import kubeflow_api
from pipelines import operations_cli, versions
from pipelines.architecture_search import architecture_search
from pipelines.node_pools import NODE_POOLS
from pipelines.operations_cli import (
    Installation,
    compile_package,
    installation_options,
    job_options,
    run_on_cluster,
    schedule,
    show_pools,
    show_runs,
    upload,
)
from pipelines.packages import IMAGE, package_options
from tests.servers.kubeflow_api import KubeflowApi

TEXT = "{name: shoes, data: {source: 'sklearn:digits'}, space: {name: norm_act_layer}}"
URI = "gs://bucket/shoes"


@click.command()
@click.argument("search_file", type=click.Path(path_type=operations_cli.Path))
@click.option("--search-dir")
@installation_options(required=False)
@package_options
@job_options
def run(search_file, search_dir, host, **cluster):
    """Run as the command line's `run` does with a host."""
    click.echo("locally") if host is None else run_on_cluster(search_file, search_dir, host=host, **cluster)


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setattr(kubeflow_api, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for variable in (operations_cli.HOST, operations_cli.TOKEN_PATH, IMAGE):
        monkeypatch.delenv(variable, raising=False)
    with KubeflowApi() as server:
        yield server


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "pipeline.yaml"
    kfp.compiler.Compiler().compile(architecture_search(1), str(path))
    return str(path)


@pytest.fixture
def search_file(tmp_path):
    path = tmp_path / "shoes.yaml"
    path.write_text(TEXT)
    return str(path)


def call(command, *arguments):
    """Calls a command and checks that it neither shows a stack nor dies of an exception of its own."""
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert "Traceback" not in result.output
    return result


def test_upload_says_where_the_version_is_and_that_it_was_there(api, package):
    arguments = ("--host", api.host, "--package", package, "--version", "c0ffee")
    first, second = call(upload, *arguments), call(upload, *arguments)
    version = api.versions[0]
    page = f"{api.host}/#/pipelines/details/{version.pipeline_id}/version/{version.pipeline_version_id}\n"
    assert first.output == f"Version c0ffee of architecture-search uploaded: {page}"
    assert second.output == f"Version c0ffee of architecture-search is there already: {page}"
    assert first.exit_code == second.exit_code == 0


FOR = ("--depth", 1, "--train-on", "t4", "--benchmark-on", "l4", "--benchmark-on", "tpu-v5e", "--image", "nas:1")


def images(specification):
    return {one["container"]["image"] for one in specification["deploymentSpec"]["executors"].values()}


def test_what_is_compiled_is_what_upload_compiles(api, tmp_path):
    path = tmp_path / "pipeline.yaml"
    assert call(compile_package, *FOR, "--output", path).output == f"Compiled: {path}\n"
    assert images(next(yaml.safe_load_all(path.read_text()))) == {"nas:1", "nas:1-gpu", "nas:1-tpu"}
    call(upload, "--host", api.host, "--version", "c0ffee", "--package", path)
    assert "is there already" in call(upload, "--host", api.host, "--version", "c0ffee", *FOR).output


def test_upload_puts_the_commits_image_in(api, monkeypatch):
    monkeypatch.setattr(versions, "commit_name", lambda: "0123456789ab")
    call(upload, "--host", api.host, "--depth", 1)
    (version,) = api.versions
    assert version.display_name.startswith("0123456789ab-")  # as it has options
    assert images(version.pipeline_spec["pipeline_spec"]) == {"archloom/python-tensorflow:0123456789ab"}


def test_a_tree_that_is_no_commit_has_no_image(api, monkeypatch):
    def no_commit():
        raise versions.UnnamedVersion("this tree is none")

    monkeypatch.setattr(versions, "commit_name", no_commit)
    result = call(upload, "--host", api.host, "--version", "c0ffee", "--depth", 1)
    assert (result.exit_code, api.versions) == (2, [])
    assert "`--image` must be given where there is no commit. Received: none, and this tree is none." in result.output
    assert call(upload, "--host", api.host, "--version", "c0ffee", "--depth", 1, "--image", "nas:1").exit_code == 0


def test_hardware_that_the_pipeline_would_lack_is_refused_before_anything_is_sent(api, search_file):
    result = call(run, search_file, "--search-dir", URI, "--host", api.host, "--benchmark-on", "l4")
    assert result.exit_code == 2
    assert "`scoring.device` must be one that the pipeline was compiled to benchmark on: l4. Received: host." in (
        " ".join(result.output.split())
    )
    assert api.requests == []


def test_so_it_is_without_an_option(api, tmp_path, monkeypatch):
    """The default pipeline benchmarks on CPU nodes."""
    monkeypatch.setattr(versions, "commit_name", lambda: "0123456789ab")
    path = tmp_path / "on_l4.yaml"
    path.write_text(TEXT[:-1] + ", scoring: {device: l4}}")
    result = call(run, path, "--search-dir", URI, "--host", api.host)
    assert result.exit_code == 2
    assert "compiled to benchmark on: host. Received: l4." in " ".join(result.output.split())
    assert api.requests == []
    assert call(run, path, "--search-dir", URI, "--host", api.host, "--benchmark-on", "l4").exit_code == 0


def test_each_choice_of_options_is_a_version_of_its_own(api, monkeypatch):
    """So that another image or node pool of the same commit is no conflict, and the same ones are found again."""
    monkeypatch.setattr(versions, "commit_name", lambda: "0123456789ab")
    for options in ((), ("--train-on", "l4"), ("--image", "nas:1"), ("--train-on", "l4")):
        assert call(upload, "--host", api.host, *options).exit_code == 0
    names = [version.display_name for version in api.versions]
    assert len(set(names)) == len(names) == 3 and "0123456789ab" in names


def test_a_pod_without_a_checkout_uploads_with_the_image_that_it_is_told(api, search_file, monkeypatch):
    """As the recurring search does where Kubeflow doesn't have its version."""

    def no_commit():
        raise versions.UnnamedVersion("/opt/archloom is no git checkout with a commit")

    monkeypatch.setattr(versions, "commit_name", no_commit)
    monkeypatch.setenv(IMAGE, "registry.example/nas:7")
    result = call(run, search_file, "--search-dir", URI, "--host", api.host, "--version", "0.1.0")
    assert result.exit_code == 0, result.output
    assert images(api.versions[0].pipeline_spec["pipeline_spec"]) == {"registry.example/nas:7"}


def test_data_on_this_machine_are_refused_for_a_cluster(api, tmp_path, package):
    path = tmp_path / "own.yaml"
    path.write_text(TEXT.replace("'sklearn:digits'", "'images:/data/shoes', image_size: [28, 28]"))
    result = call(run, path, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "`$.data.source` must be one that the cluster's steps reach" in said
    assert "Received: images:/data/shoes, a path of this machine. Put it into a bucket and name its URI" in said
    assert "images:gs://BUCKET/KEY or images:s3://BUCKET/KEY" in said
    target = "space: {name: norm_act_layer}, final_scaling: {target: {data: {source: 'images:/x', image_size: [8, 8]}}}"
    path.write_text(TEXT.replace("space: {name: norm_act_layer}", target))
    result = call(run, path, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    assert result.exit_code == 2
    said = "`$.final_scaling.target.data.source` must be one that the cluster's steps reach"
    assert said in " ".join(result.output.split())
    assert api.requests == []


@pytest.mark.parametrize("command", [run, schedule], ids=["run", "schedule"])
def test_data_in_a_bucket_are_sent_to_a_cluster_unread(api, tmp_path, package, command):
    """There is no such bucket."""
    path, source = tmp_path / "own.yaml", "images:s3://no-such-bucket/shoes"
    path.write_text(TEXT.replace("'sklearn:digits'", f"'{source}', image_size: [28, 28]"))
    cron = ("--cron", "0 0 2 * * *") if command is schedule else ()
    options = ("--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee", *cron)
    result = call(command, path, *options)
    assert result.exit_code == 0, result.output
    (sent,) = api.recurring_runs if command is schedule else api.runs
    assert source in sent.runtime_config.parameters["description"]


@pytest.mark.parametrize("source", ["csv:file:///data/people.csv", "csv:people.csv"])
def test_a_file_uri_is_a_path_of_this_machine(api, tmp_path, package, source):
    path = tmp_path / "own.yaml"
    text = TEXT.replace("'sklearn:digits'", f"'{source}', label: y").replace("norm_act_layer", "tabular_mlp")
    path.write_text(text)
    result = call(
        schedule, path, "--search-dir", URI, "--host", api.host, "--package", package, "--cron", "0 0 2 * * *"
    )
    assert result.exit_code == 2
    assert f"Received: {source}, a path of this machine" in " ".join(result.output.split())
    assert api.requests == []


def test_a_wrong_pool_is_refused_before_a_host_is_asked():
    result = call(upload, "--host", "http://127.0.0.1:9", "--train-on", "l5")
    assert result.exit_code == 2 and "`train_on` must be one of" in result.output


def test_the_table_of_node_pools_is_shown():
    lines = call(show_pools).output.splitlines()
    assert lines[0].split() == ["pool", "device", "accelerator", "asks", "for", "nodes"]
    assert len(lines) == 1 + len(NODE_POOLS)
    (row,) = [line.split() for line in lines if line.startswith("tpu-v5e-2x2 ")]
    assert row[1:4] == ["tpu-v5e", "4", "google.com/tpu"] and "cloud.google.com/gke-tpu-topology=2x2" in row


def test_a_failed_compilation_is_an_error_in_words(tmp_path, monkeypatch):
    result = call(compile_package, "--output", tmp_path / "no such folder" / "pipeline.yaml")
    assert result.exit_code == 2
    assert "`--output` must name a file in a folder that exists" in result.output
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = call(compile_package, "--output", tmp_path / "pipeline.yaml")
    assert result.exit_code == 1
    assert "Error: The pipeline can't be compiled" in result.output


def test_run_uploads_and_starts_and_the_second_time_says_that_it_works(api, package, search_file):
    arguments = (search_file, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    first, second = call(run, *arguments), call(run, *arguments)
    page = f"  {api.host}/#/runs/details/{api.runs[0].run_id}\n"
    name = "shoes: norm_act_layer by evolution on sklearn:digits, 24 candidates\n"
    assert first.output.endswith(f"Started: {name}{page}")
    assert second.output.endswith(f"At work already: {name}{page}")
    assert len(api.runs) == len(api.versions) == 1


def test_run_passes_account_and_root_on(api, package, search_file):
    arguments = (search_file, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    call(run, *arguments, "--service-account", "archloom-runner", "--pipeline-root", "gs://bucket/pages")
    assert api.runs[0].service_account == "archloom-runner"
    assert api.runs[0].runtime_config.pipeline_root == "gs://bucket/pages"


def test_a_version_that_is_only_named_is_taken_as_it_is(api, package, search_file):
    """As a pod without a checkout does: what was uploaded for other node pools must not be compared, or sent again."""
    call(upload, "--host", api.host, "--package", package, "--version", "c0ffee")
    result = call(run, search_file, "--search-dir", URI, "--host", api.host, "--version", "c0ffee")
    assert result.exit_code == 0, result.output
    assert api.runs[0].pipeline_version_reference.pipeline_version_id == api.versions[0].pipeline_version_id
    assert api.asked("POST /pipelines/upload_version") == 1


def test_a_host_in_the_environment_does_not_send_run_to_a_cluster(api, search_file, monkeypatch):
    monkeypatch.setenv(operations_cli.HOST, api.host)
    assert call(run, search_file).output == "locally\n"


def test_schedule_makes_a_recurring_run_and_finds_it_again(api, package, search_file, monkeypatch):
    monkeypatch.setenv(operations_cli.HOST, api.host)
    arguments = (search_file, "--search-dir", URI, "--cron", "0 0 2 * * *", "--package", package, "--version", "c0ffee")
    first, second = call(schedule, *arguments), call(schedule, *arguments)
    page = f"  {api.host}/#/recurringrun/details/{api.recurring_runs[0].recurring_run_id}\n"
    assert "Scheduled: shoes: norm_act_layer on schedule" in first.output and first.output.endswith(page)
    assert "Scheduled already: shoes: norm_act_layer on schedule" in second.output and second.output.endswith(page)
    other = call(schedule, *arguments[:4], "0 0 3 * * *", *arguments[5:])
    assert other.exit_code == 1
    assert "Error: shoes has another schedule for gs://bucket/shoes: 0 0 2 * * *" in other.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--cron": "0 2 * * *"}, "`--cron` must have 6 fields"),
        ({"--search-dir": "runs/shoes"}, "`--search-dir` must be a gs:// or s3:// URI"),
        ({"--host": "localhost:8080"}, "`--host` must begin with http:// or https://"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_sent(api, package, search_file, change, message):
    options = {"--search-dir": URI, "--cron": "0 0 2 * * *", "--host": api.host, "--package": package}
    flat = [part for option in {**options, **change}.items() for part in option]
    result = call(schedule, search_file, *flat, "--version", "c0ffee")
    assert result.exit_code == 2
    assert message in result.output
    assert api.requests == []


def test_a_wrong_search_file_is_refused_with_its_path_and_nothing_is_uploaded(api, package, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(TEXT.replace("name: shoes", "name: Shoes!"))
    result = call(run, wrong, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    assert result.exit_code == 2
    assert "$.name" in result.output
    assert api.requests == []


@pytest.mark.parametrize(
    ("kind", "pattern", "message"),
    [
        (401, "GET /healthz", "refuses the token (401): it went wrong."),
        (403, "POST /runs", "doesn't allow it (403): it went wrong."),
        (500, "POST /experiments", "answers with an error (500): it went wrong."),
        ("dropped", "POST /pipelines/upload_version", "it closed the connection without one."),
        ("page", "GET /runs", "answers with a page"),
    ],
)
def test_a_failing_installation_is_an_error_in_words(api, package, search_file, kind, pattern, message):
    api.fail(kind, pattern, times=4)
    arguments = (search_file, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    result = call(run, *arguments)
    assert result.exit_code == 1
    assert f"Error: {api.host} " in result.output and message in result.output
    api.faults.clear()
    assert call(run, *arguments).exit_code == 0
    assert len(api.pipelines) == len(api.versions) == len(api.runs) == 1


def test_the_token_is_read_from_its_file(package, tmp_path, api):
    (tmp_path / "token").write_text("fresh\n")
    with KubeflowApi(token="fresh") as strict:
        arguments = ("--host", strict.host, "--package", package, "--version", "c0ffee")
        assert "the token has expired" in call(upload, *arguments).output
        assert call(upload, *arguments, "--token-file", tmp_path / "token").exit_code == 0


def test_the_runs_of_a_search_are_shown_with_why_they_failed(api, package, search_file, capsys):
    arguments = (search_file, "--search-dir", URI, "--host", api.host, "--package", package, "--version", "c0ffee")
    call(run, *arguments)
    api.runs[0].state, api.runs[0].error = "FAILED", kfp_error("data_split failed:\n no such bucket")
    capsys.readouterr()
    show_runs(Installation(api.host), "shoes", URI + "/")
    assert capsys.readouterr().out == (
        "FAILED: data_split failed: no such bucket  "
        "shoes: norm_act_layer by evolution on sklearn:digits, 24 candidates\n"
        f"  {api.host}/#/runs/details/{api.runs[0].run_id}\n"
    )


def kfp_error(message):
    from kfp_server_api import GoogleRpcStatus

    return GoogleRpcStatus(code=2, message=message)


def test_nothing_of_kubeflow_is_imported_before_it_is_needed():
    """kfp takes a second to import; `archloom validate` and `status` of a local search do without."""
    code = "import sys, pipelines.operations_cli; print([name for name in sys.modules if name.startswith('kfp')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
