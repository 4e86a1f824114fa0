"""The image under test: the one that `ARCHLOOM_IMAGE` names, else the commit's; without any its tests are skipped."""

import os

import pytest

from pipelines.hardware import commit_image
from pipelines.versions import UnnamedVersion, commit_name


@pytest.fixture(scope="session")
def engine():
    """The client of a Docker engine; without one these tests are skipped, unless an image to test was named."""
    import docker

    try:
        client = docker.from_env()
    except docker.errors.DockerException:
        if "ARCHLOOM_IMAGE" in os.environ:
            raise
        pytest.skip("no Docker engine answers")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine):
    """Name of the cpu image."""
    import docker

    try:
        name = os.environ.get("ARCHLOOM_IMAGE") or commit_image(commit_name())
        engine.images.get(name)
    except (UnnamedVersion, docker.errors.ImageNotFound) as error:
        if "ARCHLOOM_IMAGE" in os.environ:
            raise
        pytest.skip(f"no image of this tree, see images/build.sh: {error}")
    return name
