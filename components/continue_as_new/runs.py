"""Runs of the pipeline: their names, finding them, and submitting something once."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from kfp_server_api import RunServiceApi, V2beta1Run

from components.continue_as_new.kubeflow_api import KubeflowError

T = TypeVar("T")
PAGE = 100
UNFINISHED = ("RUNTIME_STATE_UNSPECIFIED", "PENDING", "RUNNING", "PAUSED")


def same_search(first: object, second: object) -> bool:
    """Whether two URIs name one search directory."""
    return str(first).rstrip("/") == str(second).rstrip("/")


def parameters_of(job: Any) -> dict[str, Any]:
    """The parameters of a run or a recurring run."""
    return (job.runtime_config and job.runtime_config.parameters) or {}


def is_unfinished(run: V2beta1Run) -> bool:
    """Whether a run waits or works. One that is being cancelled doesn't count."""
    return (run.state or UNFINISHED[0]) in UNFINISHED


def listed(listing: Callable[..., Any], field: str, **options: Any) -> Iterator[Any]:
    """Yields everything that a listing of the API holds, page after page."""
    token = ""
    while True:
        page = listing(page_token=token, page_size=PAGE, **options)
        yield from getattr(page, field) or []
        token = page.next_page_token
        if not token:
            return


def runs_of_search(listing: Callable[..., Any], uri: object) -> list[V2beta1Run]:
    """Returns the runs of a search among those that a listing holds, newest first."""
    runs = listed(listing, "runs", sort_by="created_at desc")
    return [run for run in runs if same_search(parameters_of(run).get("search"), uri)]


def uri_digest(uri: str) -> str:
    """Eight hex digits of a search's URI, which tell searches of one name apart."""
    return hashlib.sha256(uri.rstrip("/").encode()).hexdigest()[:8]


def next_run_name(search: str, committed: int, uri: str) -> str:
    """Name of the run that goes on with a search; the same whenever and wherever it is asked.

    Args:
        search: the search's name.
        committed: rounds that it has committed.
        uri: its directory.
    """
    return f"{search}: from round {committed + 1} on [{uri_digest(uri)}]"


def named(name: str) -> str:
    """The API's filter for a display name. The server decodes it twice, so a name must hold neither `%` nor `+`."""
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


def run_named(runs: RunServiceApi, name: str, experiment_id: str) -> V2beta1Run | None:
    """Returns the oldest run of a name in an experiment, whatever became of it."""
    found = runs.run_service_list_runs(
        experiment_id=experiment_id, filter=named(name), sort_by="created_at", page_size=1
    )
    return found.runs[0] if found.runs else None


def once(find: Callable[[], T | None], create: Callable[[], T]) -> tuple[T, bool]:
    """Returns what is to be found, else what it creates, and whether it was there already.

    Where creating fails, it looks again: another was faster, or the answer was lost and not the deed.

    Raises:
        KubeflowError: where neither succeeds.
    """
    found = find()
    if found is not None:
        return found, True
    try:
        return create(), False
    except KubeflowError:
        found = find()
        if found is None:
            raise
        return found, False
