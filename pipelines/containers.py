"""The local run's steps in containers of an image, confined as on a cluster: no root, no capability, `/tmp` to write.

The search directory is mounted at the same path, so that the same URI names it inside and outside.
"""

import os
import signal
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType

import docker
from docker.types import Mount
from kfp import local
from kfp.dsl.base_component import BaseComponent

from components.records.step import LOGS

OF_SEARCH = "archloom.search"  # label of the containers


def in_image(pipeline: BaseComponent, image: str) -> BaseComponent:
    """Makes an image the one of all steps of a pipeline that is not compiled yet; returns the pipeline."""
    for executor in pipeline.pipeline_spec.deployment_spec["executors"].values():
        executor["container"]["image"] = image
    return pipeline


def confined(search: str, pipeline_root: str) -> local.DockerRunner:
    """Returns the runner whose steps write to the search directory and, without leaving anything, to `/tmp`.

    The steps run as the owner of the search directory, so that what they write belongs to who asked for it. They don't
    end with the runner as processes of the same machine do, so any that an earlier one has left is ended here, and
    SIGTERM to this process ends its own.

    Args:
        search: path of the search directory, which must exist.
        pipeline_root: the runner's own folder, which a container could only make as root.

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
        mounts=[Mount(target=search, source=search, type="bind")],
        environment={LOGS: str(Path(search, "logs"))},
        labels={OF_SEARCH: search},
        user=f"{folder.st_uid}:{folder.st_gid}",
        read_only=True,
        tmpfs={"/tmp": "mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )


def end_steps(search: str) -> None:
    """Kills the containers that are at work on a search; what they have written stays valid at any point."""
    with closing(docker.from_env()) as client:
        for container in client.containers.list(filters={"label": f"{OF_SEARCH}={search}"}):
            with suppress(docker.errors.APIError):  # it has just ended by itself
                container.kill()


def _end_with_steps(search: str, number: int, frame: FrameType | None) -> None:
    end_steps(search)
    os._exit(128 + number)
