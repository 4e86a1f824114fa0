"""Recurring runs: when they start, that there is one of them, and that nothing is lost when it is replaced."""

import kfp
import pytest

from components.continue_as_new import kubeflow_api
from components.continue_as_new.kubeflow_api import KubeflowError
from components.search_file.validate import read_search
from pipelines.architecture_search import architecture_search
from pipelines.kubeflow_client import connect_client
from pipelines.schedules import AnotherSchedule, check_cron, schedule
from pipelines.submissions import Target
from pipelines.versions import upload
from tests.servers.kubeflow_api import KubeflowApi

TEXT = "{name: shoes, data: {source: 'sklearn:digits'}, space: {name: norm_act_layer}}"
NIGHTLY = "0 0 2 * * *"


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setattr(kubeflow_api, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    with KubeflowApi() as server:
        yield server


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "pipeline.yaml"
    kfp.compiler.Compiler().compile(architecture_search(1), str(path))
    return path


@pytest.fixture
def target(api, package):
    return Target(read_search(TEXT), TEXT, "gs://bucket/shoes", upload(connect_client(api.host), package, "c0ffee"))


def test_a_schedule_runs_one_at_a_time_without_catching_up_with_the_search_s_own_directory(api, target):
    made = schedule(connect_client(api.host), target, NIGHTLY)
    job = api.recurring_runs[0]
    assert (made.id, made.name) == (job.recurring_run_id, job.display_name)
    assert made.name.startswith("shoes: norm_act_layer on schedule [")
    assert (job.max_concurrency, job.no_catchup, job.mode) == ("1", True, "ENABLE")
    assert job.trigger.cron_schedule.cron == NIGHTLY
    assert job.runtime_config.parameters == {"search": "gs://bucket/shoes", "description": TEXT}
    assert job.pipeline_version_reference.pipeline_version_id == target.version.version_id


def test_a_schedule_twice_is_a_schedule_once(api, target):
    client = connect_client(api.host)
    first = schedule(client, target, NIGHTLY)
    assert schedule(client, target, "0 0  2 * * *") == first._replace(was_there=True)
    assert len(api.recurring_runs) == 1


@pytest.mark.parametrize("change", ["cron", "text", "version", "account", "disabled"])
def test_another_schedule_of_a_search_is_refused_and_replaced_only_when_asked(api, target, package, change):
    client = connect_client(api.host)
    first = schedule(client, target, NIGHTLY)
    cron = "0 30 4 * * 1-5" if change == "cron" else NIGHTLY
    if change == "text":
        target = target._replace(text=TEXT.replace("}}", "}, seed: 3}"))
    if change == "version":
        target = target._replace(version=upload(client, package, "decade"))
    if change == "account":
        target = target._replace(service_account="searcher")
    if change == "disabled":
        api.recurring_runs[0].status = "DISABLED"
    with pytest.raises(AnotherSchedule, match=r"has another schedule for gs://bucket/shoes: 0 0 2 \* \* \*"):
        schedule(client, target, cron)
    assert [job.recurring_run_id for job in api.recurring_runs] == [first.id]
    second = schedule(client, target, cron, replace=True)
    assert not second.was_there
    assert [job.recurring_run_id for job in api.recurring_runs] == [second.id]


def test_the_old_schedule_stays_where_the_new_one_is_not_made(api, target):
    client = connect_client(api.host)
    first = schedule(client, target, NIGHTLY)
    api.fail(500, "POST /recurringruns")
    with pytest.raises(KubeflowError):
        schedule(client, target, "0 0 3 * * *", replace=True)
    assert [job.recurring_run_id for job in api.recurring_runs] == [first.id]


def test_a_schedule_whose_answer_is_lost_is_found(api, target):
    api.fail("lost", "POST /recurringruns")
    schedule(connect_client(api.host), target, NIGHTLY)
    assert len(api.recurring_runs) == 1


def test_searches_of_one_name_in_two_directories_have_a_schedule_each(api, target):
    client = connect_client(api.host)
    schedule(client, target, NIGHTLY)
    assert not schedule(client, target._replace(uri="gs://bucket/other"), NIGHTLY).was_there
    assert len({job.display_name for job in api.recurring_runs}) == 2


@pytest.mark.parametrize(
    "cron",
    [
        "0 0 2 * * *",
        "*/15 * * * * ?",
        "0 0,30 8-18 * * MON-FRI",
        "0 0 0 1 JAN,jul ?",
        "59 59 23 31 12 6",
        "0 5/20 * * * *",
        "0 0-30/10 * * * 0",
    ],
)
def test_what_cron_allows(cron):
    assert check_cron(f"  {cron}  ") == cron


@pytest.mark.parametrize(
    ("cron", "field"),
    [
        ("60 0 0 * * *", "seconds"),
        ("0 60 0 * * *", "minutes"),
        ("0 0 24 * * *", "hours"),
        ("0 0 0 0 * *", "day of the month"),
        ("0 0 0 32 * *", "day of the month"),
        ("0 0 0 * 13 *", "month"),
        ("0 0 0 * MON *", "month"),
        ("0 0 0 * * 7", "day of the week"),  # Sunday is 0 alone
        ("0 0 5-3 * * *", "hours"),
        ("0 */0 * * * *", "minutes"),
        ("0 */61 * * * *", "minutes"),
        ("0 1,,2 * * * *", "minutes"),
        ("0 -1 * * * *", "minutes"),
        ("0 *-3 * * * *", "minutes"),
        ("0 ٣ * * * *", "minutes"),
    ],
)
def test_a_wrong_field_of_cron_is_named(cron, field):
    with pytest.raises(ValueError, match=f"`--cron` must have numbers in .* as its {field}. Received: "):
        check_cron(cron)


def test_five_fields_get_the_advice_to_put_seconds_in_front():
    with pytest.raises(ValueError, match=r"6 fields: seconds, .* Received: 5 in '0 2 \* \* \*'\. .*`0 0 2 \* \* \*`"):
        check_cron("0 2 * * *")
    with pytest.raises(ValueError, match="must have 6 fields.* Received: 1 in '@daily'"):
        check_cron("@daily")
