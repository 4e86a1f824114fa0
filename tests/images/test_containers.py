"""What a search's containers see of this machine, tried in one."""

import errno
import json
import time

import numpy as np
import pytest
from docker.models.containers import Container
from kfp.local import docker_task_handler
from PIL import Image

from components.data_split.sources import read_source
from components.records.search import Data
from pipelines.containers import OF_SEARCH, NoImage, check_image, confined, keep_exit_codes
from pipelines.data_mounts import data_mounts

READ = """
import json, pathlib, sys
from components.data_split.sources import read_source
from components.records.search import Data
options = json.loads(sys.argv[1])
print(json.dumps(read_source(Data(**options)).labels.tolist()))
path = pathlib.Path(options["source"].partition(":")[2]).expanduser()
try:
    (path / "more" if path.is_dir() else path).open("a")
except OSError as error:
    print(error.errno)
"""


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """The same table by three paths, and a folder of images; all are other data than the image has."""
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal()},{rng.normal()},{'ab'[i % 2]}" for i in range(20)]
    (tmp_path / "table.csv").write_text("\n".join(["x,y,kind", *rows]), encoding="utf-8")
    for i in range(6):
        file = tmp_path / "shapes" / ("round", "square")[i % 2] / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = (str(tmp_path / "table.csv"), "table.csv", "~/table.csv")
    tables = [{"source": f"csv:{path}", "label": "kind"} for path in paths]
    return [*tables, {"source": "images:shapes", "image_size": [8, 8]}]


@pytest.mark.parametrize("number", range(4))
def test_a_container_reads_the_data_as_this_machine_does_and_can_not_write_them(
    engine, image, sources, number, tmp_path_factory
):
    options = sources[number]
    folder = tmp_path_factory.mktemp("search")
    runner = confined(str(folder), str(folder / "kubeflow"), *data_mounts(Data(**options)))
    command = ["python3", "-c", READ, json.dumps(options)]
    output = engine.containers.run(image, command, remove=True, network_disabled=True, **runner.container_run_args)
    labels, refused = map(json.loads, output.splitlines())
    assert labels == read_source(Data(**options)).labels.tolist()
    assert set(labels) == {0, 1}
    assert refused == errno.EROFS


def test_an_image_that_is_there_passes_and_another_is_named_with_what_to_do(image):
    check_image(image)
    with pytest.raises(NoImage, match=r"Received: archloom/none:1\.0\. .*`docker pull archloom/none:1\.0`"):
        check_image("archloom/none:1.0")
    with pytest.raises(NoImage, match="must be an image's name. Received: 'No:Name:'"):
        check_image("No:Name:")


def test_a_step_whose_container_is_removed_counts_as_killed(engine, image, monkeypatch):
    """A second run of the same search does that."""
    wait, own = Container.wait, docker_task_handler.run_docker_container
    monkeypatch.setattr(docker_task_handler, "run_docker_container", own)
    monkeypatch.setattr(Container, "wait", lambda container: container.remove(force=True) or wait(container))
    keep_exit_codes()
    assert docker_task_handler.run_docker_container(engine, image, ["true"], {}) == 137


@pytest.mark.parametrize("code", [0, 7])
def test_a_step_keeps_its_exit_code_however_late_it_is_asked_for(engine, image, monkeypatch, code):
    """Kubeflow's own way says 0 to both, and does so without the pause too, now and then."""
    wait, own = Container.wait, docker_task_handler.run_docker_container
    monkeypatch.setattr(docker_task_handler, "run_docker_container", own)  # what it was is there again after the test
    monkeypatch.setattr(Container, "wait", lambda container: time.sleep(0.5) or wait(container))
    keep_exit_codes()
    labels = {OF_SEARCH: "/searches/late"}
    command = ["sh", "-c", f"exit {code}"]
    assert docker_task_handler.run_docker_container(engine, image, command, {}, labels=labels) == code
    assert not engine.containers.list(all=True, filters={"label": f"{OF_SEARCH}={labels[OF_SEARCH]}"})
