"""The recurring search: its command is one that the program has, its search is valid, and it never piles up."""

import click
import pytest

from components.search_file.validate import read_search
from pipelines.cli import run
from pipelines.submissions import check_remote
from tests.manifests.rendering import INSTALLATIONS, of_kind, render

pytestmark = pytest.mark.parametrize("folder", INSTALLATIONS)


def _settings(folder: str) -> dict[str, str]:
    return next(one["data"] for one in of_kind(render(folder), "ConfigMap") if "KFP_HOST" in one["data"])


def _container(folder: str) -> dict:
    return of_kind(render(folder), "CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]


def _command(folder: str) -> list[str]:
    """The command with its variables filled in, as Kubernetes does it."""
    container = _container(folder)
    words = [*container["command"], *container["args"]]
    for name, value in _settings(folder).items():
        words = [word.replace(f"$({name})", value) for word in words]
    return words


def test_the_program_has_the_command(folder, tmp_path):
    program, command, file, *options = _command(folder)
    assert (program, command, file) == ("archloom", "run", "/etc/archloom/search.yaml")
    assert not [word for word in options if "$(" in word], "a variable that isn't set"
    here = tmp_path / "search.yaml"  # the option parser wants a file that exists
    here.write_text("name: x")
    given = click.Context(run)
    run.parse_args(given, [str(here), *options])
    settings = _settings(folder)
    assert given.params["host"] == settings["KFP_HOST"]
    assert str(given.params["search_dir"]) == settings["SEARCH_DIR"]
    assert given.params["version_name"] == settings["PIPELINE_VERSION"]
    assert given.params["service_account"] == "archloom-runner"


def test_the_search_is_valid_and_its_directory_in_the_cluster_s_reach(folder):
    text = next(
        one["data"]["search.yaml"] for one in of_kind(render(folder), "ConfigMap") if "search.yaml" in one["data"]
    )
    assert read_search(text).name == "nightly"
    check_remote(_settings(folder)["SEARCH_DIR"], text)


def test_it_starts_one_at_a_time_when_it_is_switched_on_and_makes_up_for_nothing(folder):
    spec = of_kind(render(folder), "CronJob")[0]["spec"]
    assert spec["suspend"] is True
    assert spec["concurrencyPolicy"] == "Forbid"
    # Without a deadline in seconds, 100 missed starts end a CronJob for good; the controller looks every 10 s, so a
    # shorter one may miss every start.
    assert 10 < spec["startingDeadlineSeconds"] < 3600
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] < 24 * 3600 and job["ttlSecondsAfterFinished"] > 0
    assert len(spec["schedule"].split()) == 5  # Kubernetes has no field for seconds
