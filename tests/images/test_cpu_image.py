"""The cpu image, and a whole search in containers of it: what it finds is what processes of this machine find."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from components.records.step import failure_files
from components.records.store import open_search
from tests.faults.reference import TINY, first_difference, found, reference

USER = 10001
HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "images" / "cpu.lock"
BUILT_WITH = {"archloom", "pip"}  # in the image, and in no lock


class Containers(NamedTuple):
    """A search that was run in containers.

    Fields:
        folder: its directory, which belongs to the image's user.
        made: containers of both runs of it.
        left: those that outlived the run that was ended.
    """

    folder: Path
    made: list[dict]
    left: int


@pytest.fixture(scope="module")
def given_folder(tmp_path_factory):
    """Makes folders that belong to the image's user; only root can give a folder away."""
    if os.getuid():
        pytest.skip("only root can give a folder to the image's user")

    def make(name):
        folder = tmp_path_factory.mktemp(name)
        os.chown(folder, USER, USER)
        return folder

    return make


@pytest.fixture(scope="module")
def inside(engine, image, given_folder):
    """What a step finds in its container."""
    from pipelines.containers import confined

    folder = given_folder("inside")
    arguments = confined(str(folder), str(folder / "kubeflow")).container_run_args
    script = (HERE / "inside.py").read_text(encoding="utf-8")
    output = engine.containers.run(image, ["python3", "-c", script], remove=True, network_disabled=True, **arguments)
    return json.loads(output) | {"folder": str(folder)}


@pytest.fixture(scope="module")
def searched(engine, image, given_folder):
    """The tiny search: ended politely while its third step is at work, then begun again and run to its end."""
    from pipelines.containers import OF_SEARCH

    folder = given_folder("search")
    label = {"label": f"{OF_SEARCH}={folder}"}
    began = int(time.time())
    first = _start(folder, image)
    while not len(list((folder / "timings").glob("*"))) >= 2 or not engine.containers.list(filters=label):
        assert first.poll() is None, _output(folder)
        time.sleep(0.1)
    first.terminate()
    first.wait(60)
    left = len(engine.containers.list(filters=label))
    assert _start(folder, image).wait() == 0, _output(folder)
    events = engine.events(since=began, until=int(time.time()) + 1, filters={"event": "create", **label}, decode=True)
    return Containers(folder, list(events), left)


def _start(folder, image):
    """Starts the local run on the tiny search, as `archloom run` does."""
    command = [sys.executable, "-m", "pipelines.local_run", str(folder), "2", str(os.getpid()), image]
    with open(TINY, "rb") as text, open(folder.with_suffix(".log"), "ab") as log:
        return subprocess.Popen(command, stdin=text, stdout=log, stderr=log, start_new_session=True)


def _output(folder, most=3000):
    return folder.with_suffix(".log").read_text(errors="replace")[-most:]


def test_it_says_who_it_is_and_starts_nothing_by_itself(engine, image):
    """Kubeflow's local runner gives a command, which an entry point would take as its arguments."""
    config = engine.images.get(image).attrs["Config"]
    assert re.fullmatch(r"\d+:\d+", config["User"]) and not config["User"].startswith("0")  # runAsNonRoot reads numbers
    assert not config["Entrypoint"] and not config["Volumes"]
    revision = config["Labels"]["org.opencontainers.image.revision"]
    assert re.fullmatch(r"[0-9a-f]{12}", revision) and image.endswith(f":{revision}")


def test_a_step_is_confined(inside):
    assert (inside["uid"], inside["gid"]) == (USER, USER)
    assert inside["capabilities"] == [0, 0, 0, 0, 0] and inside["no_new_privileges"]


def test_a_step_can_write_to_its_search_and_to_tmp_alone(inside):
    folder = inside["folder"]
    assert sorted(inside["writable"]) == ["/tmp", folder, f"{folder}/kubeflow", f"{folder}/logs"]
    assert inside["home"] == "/tmp"


def test_a_step_finds_what_its_command_needs(inside):
    environment = Path("/opt/archloom")
    assert all(inside["commands"].values())
    assert inside["commands"]["python3"] == str(environment / "bin" / "python3")
    assert Path(inside["package"]).is_relative_to(environment)


def test_the_packages_are_those_of_the_lock(inside):
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    installed = {_normal(name): version for name, version in inside["packages"].items()}
    assert installed.keys() > BUILT_WITH
    assert {name: version for name, version in installed.items() if name not in BUILT_WITH} == locked


def test_no_code_is_compiled_again_at_each_start(inside):
    assert inside["checked"] == 0


def _normal(name):
    """A distribution's name as locks spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_nothing_of_the_building_machine_stays(engine, image, inside):
    assert not inside["secrets"]
    assert not [name for name in inside["environment"] if "PIP" in name or "CERT" in name or "PROXY" in name.upper()]
    history = " ".join(layer["CreatedBy"] for layer in engine.images.get(image).history())
    assert "install.sh" not in history  # the stages that fetched and built are not part of it


def test_the_search_finds_what_processes_of_this_machine_find(searched):
    """Bit for bit: the same packages on the same processor."""
    assert first_difference(reference().summary, found(searched.folder)) is None


def test_every_step_ran_in_a_container_of_the_image(searched, image):
    done = open_search(str(searched.folder)).paths("timings")
    assert len(searched.made) >= len(done) > 20
    assert {container["from"] for container in searched.made} == {image}


def test_what_the_steps_wrote_belongs_to_the_owner_of_the_directory(searched):
    written = [searched.folder, *searched.folder.rglob("*")]
    assert {(file.stat().st_uid, file.stat().st_gid) for file in written} == {(USER, USER)}


def test_ending_the_run_ends_its_containers(searched):
    assert searched.left == 0


def test_ctrl_c_ends_the_containers_of_the_command(engine, image, given_folder):
    from pipelines.containers import OF_SEARCH

    folder = given_folder("interrupted")
    label = {"label": f"{OF_SEARCH}={folder}"}
    archloom = Path(sys.executable).with_name("archloom")
    with open(folder.with_suffix(".log"), "wb") as log:
        command = [archloom, "run", TINY, "--search-dir", folder, "--image", image]
        run = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    while not engine.containers.list(filters=label):
        assert run.poll() is None, _output(folder)
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert not engine.containers.list(all=True, filters=label)
    assert "Interrupted. The same command goes on from here." in _output(folder)


def test_a_step_that_is_killed_while_it_trains_changes_nothing(engine, image, given_folder):
    """As the system does when memory runs out. The candidate is then tried again."""
    folder = given_folder("killed")
    run = _start(folder, image)
    _kill_a_training(engine, folder, run)
    assert run.wait() == 0, _output(folder)
    assert list(folder.glob("rounds/*/trials/*/attempt-probe-2"))
    assert "died without a word" in _output(folder, 10**6)
    assert first_difference(reference().summary, found(folder)) is None


def _kill_a_training(engine, folder, run):
    """Kills the containers that train as soon as one has begun with a candidate."""
    from pipelines.containers import OF_SEARCH

    while True:
        assert run.poll() is None, _output(folder)
        for attempt in folder.glob("rounds/*/trials/*/attempt-probe-1"):
            if not attempt.with_name("probe.json").exists():
                for container in engine.containers.list(filters={"label": f"{OF_SEARCH}={folder}"}):
                    if "candidate_training" in " ".join(container.attrs["Config"]["Cmd"]):
                        container.kill()
                if not attempt.with_name("probe.json").exists():
                    return
        time.sleep(0.02)


def test_a_step_that_fails_says_why_each_time(image, given_folder):
    """Every container's first process has the same pid, which must not name two things alike."""
    folder = given_folder("another")
    (folder / "search.yaml").write_text("name: another\n", encoding="utf-8")
    assert [_start(folder, image).wait() for _ in range(2)] == [1, 1], _output(folder)
    failures = [json.loads(file.read_bytes()) for file in failure_files(folder / "logs")]
    assert [failure["stage"] for failure in failures] == ["data_split", "data_split"]
    assert all(failure["reason"].startswith("InvalidSearch: `$.data`") for failure in failures), failures


def test_a_new_run_ends_the_containers_that_a_killed_one_left(engine, image):
    from pipelines.containers import OF_SEARCH, end_steps

    sleepers = [
        engine.containers.run(image, ["sleep", "60"], detach=True, auto_remove=True, labels={OF_SEARCH: search})
        for search in ("/searches/one", "/searches/another")
    ]
    try:
        end_steps("/searches/one")
        alive = engine.containers.list(filters={"label": OF_SEARCH})
        assert [container.id for container in alive] == [sleepers[1].id]
    finally:
        end_steps("/searches/another")
