"""Data in a bucket on the local runner, and what containers get of this machine to reach a bucket."""

import os

import pytest
from kfp import local

from components.data_split.component import data_split
from components.records.layout import MANIFEST
from components.records.manifest import DataManifest
from components.records.search import Choice, Data, FinalScaling, Search, Target
from components.records.store import open_search, require_record
from pipelines.bucket_access import bucket_access
from pipelines.data_mounts import data_mounts, search_mounts
from tests.servers.object_stores import new_search
from tests.servers.uploads import put_object

DESCRIPTION = """
name: people
data: {{source: 'csv:{uri}/people.csv', label: y}}
space: {{name: tabular_mlp}}
"""
ROWS = "x,y\n" + "".join(f"{number},{number % 2}\n" for number in range(40))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory, and no settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "CLOUDSDK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def of(scheme):
    """Mounts as (source, target, read-only), and the environment."""
    mounts, environment = bucket_access(scheme)
    return [(mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in mounts], environment


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_a_step_of_the_local_runner_reads_its_table_from_a_bucket(kind, monkeypatch, tmp_path):
    uri = new_search(kind, monkeypatch)
    put_object(f"{uri}/people.csv", ROWS.encode())
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "kubeflow"))
    search = str(tmp_path / "search")
    data_split(search=search, description=DESCRIPTION.format(uri=uri), devices="", depth=4)
    manifest = require_record(open_search(search), MANIFEST, DataManifest)
    assert manifest.source == f"csv:{uri}/people.csv"
    assert (manifest.train.rows, manifest.validation.rows, manifest.test.rows) == (24, 8, 8)


def test_without_credentials_containers_get_nothing(home):
    assert of("s3") == of("gs") == ([], {})
    assert data_mounts(Data(source="csv:s3://b/people.csv")) == ((), {})


def test_containers_get_what_boto3_finds_in_the_environment_and_at_home(home, monkeypatch, tmp_path):
    (home / ".aws").mkdir()
    for name in ("bundle.pem", "my credentials"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    settings = {
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_CA_BUNDLE": "bundle.pem",
        "AWS_ENDPOINT_URL_S3": "http://store:9000",
        "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/my credentials",
        "AWS_CONFIG_FILE": f"{tmp_path}/none",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "other")
    mounts, environment = of("s3")
    assert environment == {**settings, "AWS_CA_BUNDLE": f"{tmp_path}/bundle.pem"}
    assert mounts == [
        (f"{tmp_path}/bundle.pem", f"{tmp_path}/bundle.pem", True),
        (f"{tmp_path}/my credentials", f"{tmp_path}/my credentials", True),
        (f"{home}/.aws", "/tmp/.aws", True),
    ]


def test_containers_get_the_application_default_credentials(home, monkeypatch, tmp_path):
    default = home / ".config" / "gcloud" / "application_default_credentials.json"
    default.parent.mkdir(parents=True)
    default.touch()
    at_home = (str(default), "/tmp/.config/gcloud/application_default_credentials.json", True)
    assert of("gs") == ([at_home], {})
    key = tmp_path / "key.json"
    key.touch()
    settings = {"GOOGLE_APPLICATION_CREDENTIALS": str(key), "GOOGLE_CLOUD_PROJECT": "mine"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    assert of("gs") == ([(str(key), str(key), True), at_home], settings)
    moved = tmp_path / "gcloud"
    default.parent.rename(moved)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(moved))
    assert of("gs")[0][1] == (str(moved / default.name), *at_home[1:])


def test_search_and_target_reach_a_bucket_each(home, monkeypatch):
    (home / ".aws").mkdir()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://gs:1")

    def found(source, target):
        scaling = FinalScaling(target=Target(data=Data(source=target)))
        return search_mounts(Search(name="a", data=Data(source=source), space=Choice(name="b"), final_scaling=scaling))

    both = found("csv:s3://b/people.csv", "images:gs://b/c")
    assert both.environment == {"AWS_ACCESS_KEY_ID": "someone", "STORAGE_EMULATOR_HOST": "http://gs:1"}
    assert [mount["Target"] for mount in both.mounts] == ["/tmp/.aws"]
    assert found("csv:s3://b/people.csv", "images:s3://b/c").mounts == both.mounts
