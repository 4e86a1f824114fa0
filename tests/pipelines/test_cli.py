"""The command line: what each command says, with which exit code, and what it leaves on disk."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from click.testing import CliRunner

from components.records.layout import REPORT, SUMMARY
from components.records.timing import Failure
from pipelines.cli import FAILED, INTERRUPTED, INVALID, NOTHING_SURVIVED, main
from pipelines.run_lock import only_run
from tests.small_search import description

ROOT = Path(__file__).parents[2]
ARCHLOOM = [sys.executable, "-c", "from pipelines.cli import main; main()"]
# As much as a constant needs, and its candidates need more: nothing is trained, TensorFlow is not needed, and nothing
# survives.
HOPELESS = {
    "name": "hopeless",
    "rejection": {"size": {"activation_bytes": 46_312}},
    "rounds": {"candidates_per_round": 2, "shards_per_round": 1},
    "budget": {"candidates": 2},
    "final_scaling": {"rerank": 1},
    "ensemble": {"initialisations": 1, "members": 1},
}


def called(*arguments):
    """Runs a command in this process: (exit code, output)."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.output


def started(*arguments):
    """Runs a command in a process of its own: (exit code, output), or the process with `wait=False`."""
    done = subprocess.run(
        [*ARCHLOOM, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def files(folder):
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*")}


@pytest.fixture
def search_file(tmp_path):
    def write(**changes):
        path = tmp_path / "search.yaml"
        path.write_text(description(**changes), encoding="utf-8")
        return path

    return write


@pytest.fixture
def finished(small_search, tmp_path):
    return Path(shutil.copytree(small_search.at["finished"], tmp_path / "finished"))


def test_a_valid_file_is_said_to_be_one(search_file):
    path = search_file()
    assert called("validate", path) == (0, f"{path} is a valid search: small\n")


def test_a_bad_file_is_refused_with_path_rule_and_value_before_anything_runs(search_file, tmp_path):
    path = search_file(budget={"candidates": -3}, seed="one")
    for command in (["validate", path], ["run", path, "--search-dir", tmp_path / "search"]):
        code, output = called(*command)
        assert code == INVALID
        assert output.startswith(f"{path} is no valid search:\n")
        assert "$.budget.candidates" in output and "-3" in output and "$.seed" in output
    assert not (tmp_path / "search").exists()


def test_a_file_that_is_no_text_is_refused_in_words(tmp_path):
    path = tmp_path / "search.yaml"
    path.write_bytes("name: größe".encode("latin-1"))
    code, output = called("validate", path)
    assert code == INVALID and "can't decode byte" in output


def test_every_field_is_documented_on_request():
    code, output = called("validate", "--fields")
    assert code == 0
    for field in ("$.budget.hours", "$.space.settings.networks", "$.rejection.stability.threshold"):
        assert field in output


def test_validate_needs_a_file_or_a_request():
    code, output = called("validate")
    assert code == 2 and "Name a search file, or ask for --fields." in output


def test_a_finished_search_is_shown_and_nothing_is_done(finished, search_file):
    before = files(finished)
    code, output = called("run", search_file(), "--search-dir", finished)
    assert code == 0
    assert "holds this search, finished: nothing to do." in output
    assert "ensemble of 2" in output and f"report: {finished / REPORT}" in output
    assert files(finished) == before


@pytest.mark.parametrize(
    "options", [["--train-on", "l4"], ["--version", "1"], ["--depth", "2"], ["--service-account", "runner"]]
)
def test_what_is_for_a_cluster_is_refused_without_one(search_file, tmp_path, options):
    code, output = called("run", search_file(), "--search-dir", tmp_path / "search", *options)
    assert code == 2
    assert f"{options[0]} is for Kubeflow: it needs --host." in output
    assert not (tmp_path / "search").exists()


def test_containers_without_an_engine_are_refused_before_a_step_runs(search_file, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    code, output = called("run", search_file(), "--search-dir", tmp_path / "search", "--image", "archloom:1")
    assert code == INVALID
    assert f"`image` needs a Docker engine that answers at unix://{tmp_path}/nobody.sock." in output
    assert not (tmp_path / "search" / "logs").exists()


def test_a_directory_of_another_search_is_refused(finished, search_file):
    before = files(finished)
    code, output = called("run", search_file(seed=4), "--search-dir", finished)
    assert code == INVALID
    assert "`search` must name a directory of the same search, or a new one." in output
    assert files(finished) == before


def test_the_same_search_in_other_words_is_the_same(finished, tmp_path):
    """A comment, another order of the sections, a default written out."""
    path = tmp_path / "search.yaml"
    name, rest = description().split("\n", 1)
    path.write_text(f"# mine\n{rest}seed_known: false\n{name}\n", encoding="utf-8")
    assert called("run", path, "--search-dir", finished)[0] == 0


def test_a_damaged_summary_is_named(finished, search_file):
    (finished / SUMMARY).write_text("{", encoding="utf-8")
    code, output = called("run", search_file(), "--search-dir", finished)
    assert code == INVALID and f"{SUMMARY}` must be a Summary record" in output


def test_status_of_a_finished_search_is_its_result(finished):
    code, output = called("status", finished)
    assert code == 0
    assert "8 candidates in 2 rounds; 8 candidates were tried" in output
    assert "winner:" in output and "ensemble of 2" in output and "rejected: " in output


def test_status_of_a_search_at_work_is_a_line(small_search):
    assert called("status", small_search.at["split"]) == (
        0,
        "small: proposing the first candidates (0/0): 0 probed, 0 trained, 0 rejected, 8 left\n"
        "not running; the same `archloom run` goes on from here\n",
    )
    code, output = called("status", small_search.at["round 1"])
    assert code == 0
    assert output.startswith("small: search round 1 (4/4): 4 probed, ") and "4 left, best 0." in output


def test_a_search_whose_run_failed_says_so_until_another_run_is_at_work(small_search, tmp_path):
    folder = Path(shutil.copytree(small_search.at["split"], tmp_path / "search"))
    for number, reason in enumerate(["first", "DataError: no such file"]):
        failure = Failure(stage="data_split", at="", reason=reason, log="", finished_seconds=float(number))
        (folder / "logs").mkdir(exist_ok=True)
        (folder / f"logs/data_split.log.failure-{9 - number}.json").write_bytes(msgspec.json.encode(failure))
    code, output = called("status", folder)
    assert code == 0 and output.endswith(
        "data_split failed: DataError: no such file\nnot running; the same `archloom run` goes on from here\n"
    )
    called("report", folder, "--output", tmp_path / "report.html")
    assert "DataError: no such file" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with only_run(folder):
        assert "not running" not in called("status", folder)[1]


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_directory_without_a_search_is_refused(command, tmp_path):
    code, output = called(command, tmp_path)
    assert code == INVALID and "must name a directory that holds a search.yaml" in output


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_damaged_record_of_a_search_at_work_is_named(command, small_search, tmp_path):
    folder = Path(shutil.copytree(small_search.at["round 1"], tmp_path / "search"))
    (folder / "rounds/00001/scores.json").write_text("{", encoding="utf-8")
    code, output = called(command, folder)
    assert code == INVALID and "rounds/00001/scores.json` must be a Scores record" in output


@pytest.mark.parametrize("at", ["split", "probed", "round 1", "searched", "trained"])
def test_a_search_at_work_can_be_reported_under_a_name_of_its_own(at, small_search, tmp_path):
    """The final report's name is written once, by the search."""
    folder = Path(shutil.copytree(small_search.at[at], tmp_path / "search"))
    code, output = called("report", folder)
    assert (code, output) == (0, f"report: {folder / 'report-so-far.html'}\n")
    assert "</html>" in (folder / "report-so-far.html").read_text(encoding="utf-8")
    assert not (folder / REPORT).exists()


def test_a_report_can_go_elsewhere(finished, tmp_path):
    before = files(finished)
    assert called("report", finished, "--output", tmp_path / "mine.html")[0] == 0
    assert (tmp_path / "mine.html").read_bytes() == (finished / REPORT).read_bytes()
    assert files(finished) == before


# Whole runs, in processes of their own.


def test_a_search_that_is_interrupted_goes_on_finds_nothing_and_says_so(tmp_path, search_file):
    """Ctrl-C at its first candidates; the same command to the end; the same command once more."""
    path, folder = search_file(**HOPELESS), tmp_path / "search"
    command = [*ARCHLOOM, "run", str(path), "--search-dir", str(folder)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    until = time.monotonic() + 60
    while not (folder / "rounds/00001/candidates.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    output, _ = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert output.splitlines()[-1] == "Interrupted. The same command goes on from here."
    assert "Traceback" not in output and not (folder / SUMMARY).exists()
    plan = (folder / "rounds/00001/candidates.json").read_bytes()

    code, output = started("run", path, "--search-dir", folder)
    assert code == NOTHING_SURVIVED
    assert (folder / "rounds/00001/candidates.json").read_bytes() == plan
    assert "No candidate survived." in output and "rejected: size 2" in output
    assert f"report: {folder / REPORT}" in output and (folder / REPORT).exists()
    _check_plain_lines(output)

    before = files(folder)
    code, output = called("run", path, "--search-dir", folder)
    assert code == NOTHING_SURVIVED and "finished: nothing to do." in output
    assert files(folder) == before


def _check_plain_lines(output):
    """Without a terminal: one line a change, without colours, in an order that makes sense."""
    assert "\x1b" not in output
    lines = re.findall(r"^ +\d+:\d\d  (.+)$", output, re.MULTILINE)
    assert len(lines) == len(set(lines)) >= 3
    order = [
        "splitting",
        "proposing",
        "search round 1",
        "ranking",
        "choosing",
        "training the w",
        "training the e",
        "fin",
    ]
    places = [next(place for place, what in enumerate(order) if line.startswith(what)) for line in lines]
    assert places == sorted(places)  # a part of less than a tick may be missing
    assert lines[-1] == "finished (0/0): 2 probed, 0 trained, 2 rejected (size 2), 0 left"


def test_a_failing_step_is_named_with_its_reason_and_its_log(tmp_path, search_file):
    """A folder of images that is not there: the first step fails, and the output is short."""
    path = search_file(data={"source": f"images:{tmp_path / 'nowhere'}", "image_size": [8, 8]})
    folder = tmp_path / "search"
    code, output = started("run", path, "--search-dir", folder)
    assert code == FAILED
    assert "Traceback" not in output and len(output.splitlines()) < 8
    assert "data_split failed: " in output and str(tmp_path / "nowhere") in output
    log = folder / "logs" / "data_split.log"
    assert output.splitlines()[-1] == f"Its output: {log}"
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_a_failing_step_of_a_shard_is_named_with_its_shard(small_search, tmp_path, search_file):
    """A damaged record stops the step that needs it, not the view that would show it."""
    folder = Path(shutil.copytree(small_search.at["probed"], tmp_path / "search"))
    for path in folder.glob("rounds/00001/trials/*/probe.json"):
        path.write_bytes(b"{")
    code, output = started("run", search_file(), "--search-dir", folder)
    assert code == FAILED and "Traceback" not in output
    where = r"hardware_benchmarking \(rounds/00001/shards/000[01]\)"
    assert re.search(rf"{where} failed: DamagedRecord: .*/probe.json`", output)


def test_a_killed_run_is_named_with_its_signal(tmp_path, search_file):
    """Something outside, such as the system's memory killer, ends the run's process but not the command."""
    path, folder = search_file(**HOPELESS), tmp_path / "search"
    command = [*ARCHLOOM, "run", str(path), "--search-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + 60
    while not (runs := psutil.Process(process.pid).children()) and time.monotonic() < until:
        time.sleep(0.05)
    runs[0].kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == FAILED
    assert f"The run's process was ended by signal 9.\nIts output: {folder / 'logs' / 'run.log'}\n" in output


def test_a_search_whose_report_is_missing_gets_it(finished, search_file):
    """It was killed between its summary and its report."""
    (finished / REPORT).unlink()
    code, _ = started("run", search_file(), "--search-dir", finished)
    assert code == 0
    assert "</html>" in (finished / REPORT).read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", ["data_split", "multi_objective_scoring", "candidate_generation"])
def test_stages_that_train_nothing_never_import_tensorflow(stage, small_search, tmp_path):
    """Imported is also what an import imports: it takes four seconds."""
    start = {"data_split": None, "multi_objective_scoring": "probed", "candidate_generation": "round 1"}[stage]
    code = f"""
import sys
from components.records.store import open_search
store = open_search(sys.argv[1])
{WORK[stage]}
print(sorted({{name.split(".")[0] for name in sys.modules}} & {{"tensorflow", "keras", "jax", "torch"}}))
"""
    folder = tmp_path / "search"
    if start:
        shutil.copytree(small_search.at[start], folder)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), description()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


WORK = {
    "data_split": """
from components.data_split.stage import split_search_data
split_search_data(store, sys.argv[2])
""",
    "candidate_generation": """
from components.candidate_generation.stage import propose_round
propose_round(store)
""",
    "multi_objective_scoring": """
from components.hardware_benchmarking.stage import profile_shard
from components.rejection_screening.stage import screen_shard
from components.multi_objective_scoring.stage import score_round
from components.records.layout import plan_path
from components.records.results import Plan, TrainingRecord
from components.records.store import require_record, write_record
plan = require_record(store, plan_path("rounds/00001"), Plan)
for shard in ("rounds/00001/shards/0000", "rounds/00001/shards/0001"):
    profile_shard(store, shard)
    screen_shard(store, shard)
for one in plan.candidates:
    record = TrainingRecord(candidate=one.id, phase="full", trials=(), span=plan.span)
    write_record(store, f"rounds/00001/trials/{one.id}/training.json", record)
score_round(store, "rounds/00001")
""",
}
