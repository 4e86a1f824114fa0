"""Pipeline versions: named by the git commit that they were compiled from, and uploaded once."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import kfp
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from kfp_server_api import V2beta1Pipeline, V2beta1PipelineVersion

from components.continue_as_new.kubeflow_api import KubeflowError
from components.continue_as_new.runs import listed, named, once
from pipelines.kubeflow_client import quietly

PIPELINE = "architecture-search"
SOURCE = Path(__file__).parents[1]
COMMIT_DIGITS = 12
IN_IMAGE = ("components", "pipelines", "images", "pyproject.toml")  # what images/build.sh takes of a commit


class UnnamedVersion(RuntimeError):
    """The source tree is no commit, so that neither a version nor an image can be named by it.

    Attributes:
        why: it is none.
    """

    def __init__(self, why: str):
        super().__init__(f"{why}: commit, or name the version by --version.")
        self.why = why


class VersionDiffers(RuntimeError):
    """A version of this name exists and holds another pipeline."""


class Version(NamedTuple):
    """A pipeline version in Kubeflow.

    Fields:
        pipeline_id, version_id: Kubeflow's ids.
        name: of the version.
        was_there: whether it had been uploaded before.
    """

    pipeline_id: str
    version_id: str
    name: str
    was_there: bool


def commit_name(source: Path = SOURCE) -> str:
    """Returns the first 12 hex digits of the commit that a source tree is.

    Raises:
        UnnamedVersion: where the tree is no git checkout, or holds what its commit doesn't.
    """
    try:
        top = Path(_git(source, "rev-parse", "--show-toplevel"))
        commit = _git(source, "rev-parse", f"--short={COMMIT_DIGITS}", "HEAD")
        changed = _git(source, "status", "--porcelain", "--", *IN_IMAGE)
    except (OSError, subprocess.CalledProcessError):
        raise UnnamedVersion(f"{source} is no git checkout with a commit") from None
    if top.resolve() != source.resolve():
        raise UnnamedVersion(f"{source} is no git checkout of its own")
    if changed:
        raise UnnamedVersion(f"{source} holds changes that commit {commit} doesn't")
    return commit


def upload(client: kfp.Client, package: Path, version: str, pipeline: str = PIPELINE) -> Version:
    """Uploads a compiled pipeline as a version, unless the very same version is there.

    Args:
        client: of the installation.
        package: the compiled YAML.
        version: its name.
        pipeline: name of the pipeline, which is made where there is none.

    Raises:
        VersionDiffers: where the version exists with another content.
        KubeflowError: where Kubeflow doesn't answer or refuses; a pipeline that this call made is taken back then.
    """
    spec = package_spec(package.read_text(encoding="utf-8"))
    holder, there = once(lambda: _pipeline(client, pipeline), lambda: _create_pipeline(client, pipeline))
    where = holder.pipeline_id
    try:
        found, was_there = once(
            lambda: _version(client, where, version),
            lambda: quietly(client.upload_pipeline_version, str(package), version, pipeline_id=where),
        )
    except KubeflowError as error:
        if not there:
            _take_back(client, holder, error)
        raise
    found = _version(client, where, version) or found  # as it is stored, whoever stored it
    if struct_spec(found.pipeline_spec) != spec:
        raise VersionDiffers(
            f"Version {version} of pipeline {pipeline} exists and holds another pipeline (another image, depth, node "
            "pool or source). Nothing was uploaded: name another version by --version."
        )
    return Version(where, found.pipeline_version_id, version, was_there)


def find_version(client: kfp.Client, version: str, pipeline: str = PIPELINE) -> Version | None:
    """Returns the version of a name, None where Kubeflow has none."""
    holder = _pipeline(client, pipeline)
    found = holder and _version(client, holder.pipeline_id, version)
    return Version(holder.pipeline_id, found.pipeline_version_id, version, True) if holder and found else None


def package_spec(package: str) -> tuple[Any, Any]:
    """Returns the pipeline and the platform spec of a compiled package; equal where two packages do the same."""
    documents = list(yaml.safe_load_all(package))
    return _specs(documents[0], documents[1] if len(documents) > 1 else {})


def struct_spec(struct: dict) -> tuple[Any, Any]:
    """Returns the pipeline and the platform spec of a version as the API gives it."""
    return _specs(struct.get("pipeline_spec", struct), struct.get("platform_spec", {}))


def _specs(pipeline: dict, platform: dict) -> tuple[Any, Any]:
    return (
        json_format.ParseDict(pipeline, pipeline_spec_pb2.PipelineSpec(), ignore_unknown_fields=True),
        json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec(), ignore_unknown_fields=True),
    )


def _namespace(client: kfp.Client) -> str | None:
    return client.get_user_namespace() or None


def _pipeline(client: kfp.Client, name: str) -> V2beta1Pipeline | None:
    found = client.list_pipelines(filter=named(name), namespace=_namespace(client)).pipelines
    return found[0] if found else None


def _create_pipeline(client: kfp.Client, name: str) -> V2beta1Pipeline:
    """Makes a pipeline without a version: `kfp.Client.upload_pipeline` would name its first version by the pipeline."""
    pipeline = V2beta1Pipeline(name=name, display_name=name, namespace=_namespace(client))
    return client.pipelines.pipeline_service_create_pipeline(pipeline=pipeline)


def _version(client: kfp.Client, pipeline_id: str, name: str) -> V2beta1PipelineVersion | None:
    found = client.list_pipeline_versions(pipeline_id, filter=named(name)).pipeline_versions
    return found[0] if found else None


def _take_back(client: kfp.Client, pipeline: V2beta1Pipeline, why: KubeflowError) -> None:
    """Deletes a pipeline that got no version."""
    try:
        if not any(listed(client.list_pipeline_versions, "pipeline_versions", pipeline_id=pipeline.pipeline_id)):
            client.delete_pipeline(pipeline.pipeline_id)
    except KubeflowError:
        raise KubeflowError(
            f"{why} Pipeline {pipeline.display_name} was made and could not be taken back: it has no version. The next "
            "upload goes on with it."
        ) from None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
