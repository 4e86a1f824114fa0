"""Steps in containers, as far as that can be seen without an engine."""

import inspect
import os

import pytest
from kfp.local import docker_task_handler

from components.records.search import Choice, Data, FinalScaling, Search, Target
from pipelines import containers
from pipelines.data_mounts import NOTHING, data_mounts, search_mounts
from pipelines.workers import ChangedRunner


def mounted(source):
    """Where a search's data lie on this machine, where in the containers, and whether these can only read them."""
    return [(mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in data_mounts(Data(source=source)).mounts]


def test_without_an_engine_the_error_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(containers.NoEngine, match=f"`image` needs a Docker engine that answers at unix://{tmp_path}/"):
        containers.check_image("archloom/python-tensorflow:0.1.0")


def test_another_way_of_running_containers_is_noticed(monkeypatch):
    arguments = list(inspect.signature(docker_task_handler.run_docker_container).parameters)
    assert arguments == list(inspect.signature(containers._run_to_its_end).parameters)
    monkeypatch.setattr(docker_task_handler, "run_docker_container", lambda image: 0)
    with pytest.raises(ChangedRunner, match="run_docker_container"):
        containers.keep_exit_codes()


def test_a_file_is_found_where_the_search_says(tmp_path, monkeypatch):
    """Absolute, relative, below the home directory, and through a link: inside, `/tmp` is the last two's folder."""
    file = tmp_path / "folder" / "table.csv"
    file.parent.mkdir()
    file.touch()
    (tmp_path / "link.csv").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert mounted(f"csv:{file}") == [(str(file), str(file), True)]
    assert mounted("csv:folder/table.csv") == [(str(file), "/tmp/folder/table.csv", True)]
    assert mounted("csv:./folder/../link.csv") == [(str(file), "/tmp/link.csv", True)]
    assert mounted("csv:~/link.csv") == [(str(file), "/tmp/link.csv", True)]
    assert mounted(f"csv:file://{file}") == [(str(file), str(file), True)]
    assert mounted("parquet:folder") == [(str(file.parent), "/tmp/folder", True)]
    monkeypatch.chdir(file.parent)
    assert mounted("csv:../link.csv") == [(str(file), "/link.csv", True)]  # as `/tmp/../link.csv`


@pytest.mark.parametrize("source", ["sklearn:digits", "csv:/nowhere/table.csv", "images:/nowhere"])
def test_what_is_not_on_this_machine_is_not_mounted(source):
    assert data_mounts(Data(source=source)) == NOTHING


def test_data_sets_stay_where_they_are_downloaded_to(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert mounted("tfds:mnist") == [(str(tmp_path), str(tmp_path), False)]
    assert data_mounts(Data(source="tfds:mnist")).environment == {"TFDS_DATA_DIR": str(tmp_path)}
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))
    assert data_mounts(Data(source="tfds:mnist")) == NOTHING


def targeted(source, target):
    """What a search with a target needs: places of its mounts, and the environment."""
    scaling = FinalScaling(target=Target(data=Data(source=target)))
    search = Search(name="a", data=Data(source=source), space=Choice(name="b"), final_scaling=scaling)
    found = search_mounts(search)
    return [(mount["Source"], mount["Target"]) for mount in found.mounts], found.environment


def test_the_targets_data_are_mounted_beside_the_searches(tmp_path, monkeypatch):
    table, folder = tmp_path / "table.csv", tmp_path / "images"
    table.touch()
    folder.mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    assert targeted(f"csv:{table}", f"images:{folder}") == ([(str(table),) * 2, (str(folder),) * 2], {})
    assert targeted(f"csv:{table}", f"csv:{table}") == ([(str(table),) * 2], {})
    assert targeted("sklearn:digits", "tfds:mnist") == ([(str(tmp_path),) * 2], {"TFDS_DATA_DIR": str(tmp_path)})
    (folder / "table.csv").touch()
    with pytest.raises(ValueError, match=f"must be another path .* Received: {folder}/table.csv and {table}"):
        targeted("csv:table.csv", "csv:~/table.csv")  # both would be /tmp/table.csv


@pytest.mark.parametrize("target", ["../outside", "outside"])
def test_a_folder_whose_links_lead_out_is_refused(tmp_path, target):
    """A link within it holds in a container too; any other would be passed over there, as no file."""
    folder, outside = tmp_path / "images", tmp_path / "outside"
    (folder / "cats").mkdir(parents=True)
    outside.mkdir()
    (folder / "dogs").symlink_to("cats")
    assert mounted(f"images:{folder}") == [(str(folder), str(folder), True)]
    link = folder / "cats" / "more"
    link.symlink_to(os.path.abspath(outside) if target == "outside" else f"../{target}")
    with pytest.raises(ValueError, match=f"Received: {link}, a link to {outside}"):
        data_mounts(Data(source=f"images:{folder}"))
