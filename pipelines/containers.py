"""The local run's steps in containers of an image, confined as on a cluster: no root, no capability, `/tmp` to write.

The search directory is mounted at the same path, so that the same URI names it inside and outside.
"""

import os
import signal
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import Any

try:
    import docker
except ImportError as error:
    raise ImportError("Steps in containers need the docker package: `pip install archloom[containers]`.") from error
from docker.types import Mount
from kfp import local
from kfp.dsl.base_component import BaseComponent
from kfp.local import docker_task_handler

from components.records.step import LOGS
from pipelines.workers import required_function

OF_SEARCH = "archloom.search"  # label of the containers
KILLED = 128 + signal.SIGKILL


class NoEngine(RuntimeError):
    """No Docker engine answers."""


class NoImage(ValueError):
    """The engine doesn't have the image."""


def check_image(image: str) -> None:
    """Sees to it, before anything expensive starts, that containers of an image can be made.

    Raises:
        NoEngine: where no Docker engine answers, or it refuses this user.
        NoImage: where the engine doesn't have the image; it is never pulled unasked.
    """
    try:
        with closing(docker.from_env()) as client:
            client.images.get(image)
    except docker.errors.ImageNotFound:
        raise NoImage(
            f"`image` must be one that the Docker engine has. Received: {image}. "
            f"Fetch it by `docker pull {image}`, or build this commit's by `images/build.sh cpu`."
        ) from None
    except docker.errors.APIError as error:
        raise NoImage(f"`image` must be an image's name. Received: {image!r} ({error.explanation}).") from None
    except docker.errors.DockerException as error:
        at = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        raise NoEngine(f"`image` needs a Docker engine that answers at {at}. Received: {error}.") from None


def in_image(pipeline: BaseComponent, image: str) -> BaseComponent:
    """Makes an image the one of all steps of a pipeline that is not compiled yet; returns the pipeline."""
    for executor in pipeline.pipeline_spec.deployment_spec["executors"].values():
        executor["container"]["image"] = image
    return pipeline


def confined(
    search: str, pipeline_root: str, data: Sequence[Mount] = (), environment: dict[str, str] | None = None
) -> local.DockerRunner:
    """Returns the runner whose steps write to the search directory and, without leaving anything, to `/tmp`.

    The steps run as the owner of the search directory, so that what they write belongs to who asked for it. They don't
    end with the runner as processes of the same machine do, so any that an earlier one has left is ended here, and
    SIGTERM to this process ends its own.

    Args:
        search: path of the search directory, which must exist.
        pipeline_root: the runner's own folder, which a container could only make as root.
        data: what else the steps see of this machine.
        environment: further variables of the steps.

    Raises:
        docker.errors.DockerException: where no Docker engine answers.
    """
    end_steps(search)
    signal.signal(signal.SIGTERM, lambda number, frame: _end_with_steps(search, number, frame))
    folder = os.stat(search)
    for made in (Path(pipeline_root), Path(search, "logs")):
        made.mkdir(parents=True, exist_ok=True)
        os.chown(made, folder.st_uid, folder.st_gid)
    return local.DockerRunner(
        mounts=[Mount(target=search, source=search, type="bind"), *data],
        environment={LOGS: str(Path(search, "logs")), **(environment or {})},
        labels={OF_SEARCH: search},
        user=f"{folder.st_uid}:{folder.st_gid}",
        read_only=True,
        tmpfs={"/tmp": "mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )


def keep_exit_codes() -> None:
    """Lets Kubeflow's local runner know how each of its containers ended.

    Its own way lets the engine remove them as they end, and takes one that is gone before it is asked for its exit code
    for done: here 1 of 20 that failed.

    Raises:
        ChangedRunner: where the SDK's way of running a container is another.
    """
    expected = ["client", "image", "command", "volumes", "container_run_args"]
    required_function(docker_task_handler, "run_docker_container", expected)
    docker_task_handler.run_docker_container = _run_to_its_end


def end_steps(search: str) -> None:
    """Removes the containers of a search, at work or not; what they have written stays valid at any point.

    Raises:
        docker.errors.DockerException: where no Docker engine answers.
    """
    with closing(docker.from_env()) as client:
        of_search = {"label": f"{OF_SEARCH}={search}"}
        for container in client.containers.list(all=True, ignore_removed=True, filters=of_search):
            _remove(container)


def _end_with_steps(search: str, number: int, frame: FrameType | None) -> None:
    end_steps(search)
    os._exit(128 + number)


def _run_to_its_end(client: Any, image: str, command: list[str], volumes: dict, **container_run_args: Any) -> int:
    """Runs a container, prints its output and removes it; returns its exit code, `KILLED` where another removes it."""
    container = client.containers.run(image, command, detach=True, volumes=volumes, **container_run_args)
    try:
        for line in container.logs(stream=True):
            print(line.decode(errors="replace"), end="")
        return container.wait()["StatusCode"]
    except docker.errors.NotFound:  # somebody has removed it, at work
        return KILLED
    finally:
        _remove(container)


def _remove(container: Any) -> None:
    with suppress(docker.errors.APIError):  # somebody else has removed it
        container.remove(force=True, v=True)
