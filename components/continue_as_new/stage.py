"""Goes on with a search in the next run of the same pipeline version, when a run's depth is used up and budget is left.

The next run's name follows from the search and its committed rounds, and it is looked up first, so a step that is
tried again submits nothing twice. Two steps that do this at the same moment (a run and a recurring one) are told apart
by a create-only record: the first submits, the other waits for that run to appear. Only where the first stays silent
for longer than that may both submit; two runs of one search waste work but spoil nothing.
"""

import time
import uuid
from functools import partial
from pathlib import Path

from kfp_server_api import RunServiceApi, V2beta1Run

from components.continue_as_new.kubeflow_api import KubeflowError, connect
from components.continue_as_new.runs import is_unfinished, next_run_name, once, parameters_of, run_named, runs_of_search
from components.records.layout import committed_rounds
from components.records.results import Record
from components.records.store import Store, write_record
from components.search_file.stored import get_search

CONTINUATIONS = "continuations"
CLAIM = "claim.json"  # of the run that submits; each run that hands on has a record of its own beside it
MOST_RUNS = 1000  # runs that one search may hand on to
PATIENCE_SECONDS = 30.0


class NoProgress(RuntimeError):
    """A run committed no round, so that the next one would do no better."""


class TooManyRuns(RuntimeError):
    """The search was handed on too often."""


class Continuation(Record, frozen=True, kw_only=True):
    """That a run hands a search on; written before the next run is submitted.

    Fields:
        run: id of the run that hands it on.
        experiment: id of its experiment, and of the next run's.
        next_run: name of the next run.
    """

    run: str
    experiment: str
    next_run: str


def continue_search(store: Store, run_id: str) -> str:
    """Submits the next run, once; the local runner starts its next run itself.

    Args:
        store: the search's.
        run_id: id of this run; a UUID on a cluster, a number where Kubeflow's local runner made it up.

    Returns:
        The next run's id; empty where there is none to submit.
    """
    if not _is_uuid(run_id):
        return ""
    return hand_on(store, run_id, RunServiceApi(connect()))


def hand_on(store: Store, run_id: str, runs: RunServiceApi, patience_seconds: float = PATIENCE_SECONDS) -> str:
    """Submits the next run of this run's pipeline version, experiment, parameters and service account, once.

    Args:
        store: the search's.
        run_id: id of this run.
        runs: the API.
        patience_seconds: how long to wait for the run that another step has claimed to submit.

    Raises:
        NoProgress: where this run committed no round.
        TooManyRuns: where the search was handed on MOST_RUNS times already.
        KubeflowError: where the API can't be reached or refuses.
    """
    committed = len(committed_rounds(store))
    name = next_run_name(get_search(store).name, committed, store.uri)
    folder = f"{CONTINUATIONS}/{committed:05d}"
    earlier = {path.rsplit("/", 1)[0] for path in store.paths(CONTINUATIONS)}
    if len(earlier) >= MOST_RUNS and folder not in earlier:
        raise TooManyRuns(
            f"The search was handed on {MOST_RUNS} times. Let a run nest more rounds (`archloom compile --depth`), or "
            "give a round more candidates (rounds.candidates_per_round)."
        )
    this = runs.run_service_get_run(run_id)
    if this.display_name == name:
        raise NoProgress(f"This run began after round {committed} and committed none, so the next one isn't started.")
    own = Continuation(run=run_id, experiment=this.experiment_id, next_run=name)
    write_record(store, f"{folder}/{run_id}.json", own)
    claim = write_record(store, f"{folder}/{CLAIM}", own)
    find = partial(run_named, runs, name, claim.experiment)
    if claim.run != run_id:
        _wait_for(find, patience_seconds)
    following, _ = once(find, lambda: runs.run_service_create_run(_next_run(this, name)))
    return following.run_id


def search_is_free(store: Store, run_id: str) -> bool:
    """Whether a run may work on its search: no older run of its experiment does, or has only to end.

    So a recurring run leaves a search alone that another run has in hand, and resumes one that none has. Where the API
    can't be asked, the search counts as free: two runs at once waste work but spoil nothing.
    """
    if not _is_uuid(run_id):
        return True
    try:
        older = _older_run_at_work(store, run_id, RunServiceApi(connect()))
    except KubeflowError as error:
        print(f"Whether another run works on this search isn't known: {error}", flush=True)
        return True
    if older is not None:
        print(f"Run {older.run_id} ({older.display_name}) works on this search: this run leaves it alone.", flush=True)
    return older is None


def _older_run_at_work(store: Store, run_id: str, runs: RunServiceApi) -> V2beta1Run | None:
    this = runs.run_service_get_run(run_id)
    uri = parameters_of(this).get("search")
    handed_on = [Path(path).stem for path in store.paths(CONTINUATIONS)]
    for run in runs_of_search(partial(runs.run_service_list_runs, experiment_id=this.experiment_id), uri):
        older = (run.created_at, run.run_id) < (this.created_at, run_id)
        if older and is_unfinished(run) and run.run_id not in handed_on:
            return run
    return None


def _next_run(this: V2beta1Run, name: str) -> V2beta1Run:
    """The run that goes on where this one ends."""
    versioned = this.pipeline_version_reference is not None
    return V2beta1Run(
        display_name=name,
        description=f"Goes on where run {this.run_id} ({this.display_name}) ended.",
        experiment_id=this.experiment_id,
        pipeline_version_reference=this.pipeline_version_reference,
        pipeline_spec=None if versioned else this.pipeline_spec,
        runtime_config=this.runtime_config,
        service_account=this.service_account,
    )


def _wait_for(find: partial, patience_seconds: float) -> None:
    """Waits until there is something to find, or patience ends."""
    end = time.monotonic() + patience_seconds
    while find() is None and time.monotonic() < end:
        time.sleep(min(1.0, patience_seconds / 10))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
