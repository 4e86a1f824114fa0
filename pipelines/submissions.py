"""Runs of a search on a cluster: submitting one unless one is at work, and listing them."""

import json
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import kfp
from kfp_server_api import V2beta1Run

from components.continue_as_new.runs import is_unfinished, once, runs_of_search
from components.records.data_location import location_of
from components.records.search import Search
from pipelines.kubeflow_client import experiment_id, quietly
from pipelines.versions import Version

MOST_NAME = 200  # characters
MOST_PARAMETER_BYTES = 10_000  # of all parameters of a run, Kubeflow's limit
REMOTE = ("gs://", "s3://")


class Target(NamedTuple):
    """What to run, and where.

    Fields:
        search: the description.
        text: of the search file.
        uri: the search directory in object storage.
        version: the pipeline version.
        service_account: that the steps run as; None leaves it to Kubeflow.
        pipeline_root: where Kubeflow puts what people look at; None leaves it to Kubeflow.
    """

    search: Search
    text: str
    uri: str
    version: Version
    service_account: str | None = None
    pipeline_root: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The pipeline's parameters."""
        return {"search": self.uri, "description": self.text}


class Submitted(NamedTuple):
    """A run or a recurring run: its id and name, and whether it was there before."""

    id: str
    name: str
    was_there: bool


def run_name(search: Search) -> str:
    """Says what a run searches: space, controller, data and budget."""
    name = (
        f"{search.name}: {search.space.name} by {search.controller.name} on {search.data.source}, "
        f"{search.budget.candidates} candidates"
    )
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 3]}..."


def check_remote(uri: str, text: str = "", sources: Mapping[str, str] = {}) -> None:
    """Checks what a run on a cluster is given, before anything is sent.

    Args:
        uri: of the search directory.
        text: the search file's.
        sources: of its data and its target's, by their paths in the search file.

    Raises:
        ValueError: where the steps couldn't reach the directory or the data, or the search file is too large for a
            parameter.
    """
    for path, source in sources.items():
        location = location_of(source)
        if location is not None and location.is_local:
            kind = source.partition(":")[0]
            raise ValueError(
                f"`{path}` must be one that the cluster's steps reach: sklearn:, tfds:, or a URI of object storage. "
                f"Received: {source}, a path of this machine. Put it into a bucket and name its URI: "
                f"{kind}:gs://BUCKET/KEY or {kind}:s3://BUCKET/KEY."
            )
    if not uri.startswith(REMOTE):
        raise ValueError(
            f"`--search-dir` must be a gs:// or s3:// URI, which the cluster's steps reach. Received: {uri}."
        )
    size = len(json.dumps({"search": uri, "description": text}).encode())
    if size > MOST_PARAMETER_BYTES:
        raise ValueError(
            f"The search file must fit the {MOST_PARAMETER_BYTES} bytes that a run's parameters may have. Received: "
            f"{size} bytes. Leave out comments and defaults."
        )


def submit(client: kfp.Client, target: Target) -> Submitted:
    """Starts a run of a search unless one is at work on it; the runs of a search share the experiment of its name.

    Called again, it finds the run that it started. Called at the same moment from two places, it may start two: they
    share the directory, where of two equal records one wins, so that costs work and spoils nothing.

    Raises:
        KubeflowError: where Kubeflow doesn't answer or refuses.
    """
    experiment = experiment_id(client, target.search.name)
    run, was_there = once(
        lambda: run_at_work(client, experiment, target.uri),
        lambda: quietly(
            client.run_pipeline,
            experiment,
            run_name(target.search),
            params=target.parameters,
            pipeline_id=target.version.pipeline_id,
            version_id=target.version.version_id,
            pipeline_root=target.pipeline_root,
            service_account=target.service_account,
        ),
    )
    return Submitted(run.run_id, run.display_name, was_there)


def runs_of(client: kfp.Client, experiment: str, uri: str) -> list[V2beta1Run]:
    """Returns the runs of a search, newest first."""
    return runs_of_search(partial(client.list_runs, experiment_id=experiment), uri)


def run_at_work(client: kfp.Client, experiment: str, uri: str) -> V2beta1Run | None:
    """Returns the newest run of a search that isn't finished, None where there is none."""
    return next((run for run in runs_of(client, experiment, uri) if is_unfinished(run)), None)
