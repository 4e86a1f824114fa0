"""Upload, run, recurring run and report on a real Kubeflow Pipelines: `make e2e KFP_HOST=… SEARCH_DIR=gs://…`.

It needs an installation whose steps reach the image of this commit and the bucket, and it takes as long as the search
does; so it is no part of `make test`. It leaves the finished search and its runs, and takes its recurring run away.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import kfp

from components.search_file.validate import read_search
from pipelines.kubeflow_client import experiment_id
from pipelines.operations_cli import TOKEN_PATH, Installation
from pipelines.submissions import runs_of

SEARCH = Path(__file__).parents[1] / "pipelines" / "searches" / "tiny.yaml"
POLL_SECONDS = 15
EVERY_MINUTE = "0 * * * * *"


def archloom(*arguments: str) -> str:
    """Runs a command and returns what it printed.

    Raises:
        SystemExit: where it failed.
    """
    print("$ archloom", *arguments, flush=True)
    done = subprocess.run([Path(sys.executable).with_name("archloom"), *arguments], stdout=subprocess.PIPE, text=True)
    print(done.stdout, flush=True)
    if done.returncode:
        sys.exit(f"archloom {arguments[0]} ended with code {done.returncode}.")
    return done.stdout


def wait_for_runs(client: kfp.Client, search: str, uri: str, count: int, seconds: float) -> None:
    """Waits until so many runs of a search have succeeded.

    Raises:
        SystemExit: where one failed, or time is up.
    """
    experiment, end = experiment_id(client, search), time.monotonic() + seconds
    while time.monotonic() < end:
        states = [run.state for run in runs_of(client, experiment, uri)]
        print(*states, flush=True)
        if any(state in ("FAILED", "CANCELED") for state in states):
            sys.exit("A run failed: `archloom status` shows why.")
        if states.count("SUCCEEDED") >= count:
            return
        time.sleep(POLL_SECONDS)
    sys.exit(f"{count} runs haven't succeeded within {seconds:g} seconds.")


def main() -> None:
    """Runs every command on an installation, and each twice where twice must be once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("uri", help="gs:// or s3:// directory for this trial; a new one each time")
    parser.add_argument("--seconds", type=float, default=3600.0, help="that the search may take")
    given = parser.parse_args()
    search = read_search(SEARCH.read_text(encoding="utf-8")).name
    token = os.environ.get(TOKEN_PATH)
    client = Installation(given.host, token_file=Path(token) if token else None).connect()
    start = [str(SEARCH), "--search-dir", given.uri, "--host", given.host]

    archloom("upload", "--host", given.host)
    assert "is there already" in archloom("upload", "--host", given.host)
    archloom("run", *start)
    assert "At work already" in archloom("run", *start)
    wait_for_runs(client, search, given.uri, 1, given.seconds)
    archloom("report", given.uri, "--output", "e2e-report.html")

    scheduled = archloom("schedule", *start, "--cron", EVERY_MINUTE)
    recurring_run = scheduled.rstrip().rsplit("/", 1)[-1]
    try:
        assert "Scheduled already" in archloom("schedule", *start, "--cron", EVERY_MINUTE)
        wait_for_runs(client, search, given.uri, 2, 900.0)  # the finished search is left alone, within minutes
    finally:
        client.delete_recurring_run(recurring_run)
    archloom("status", given.uri, "--host", given.host)


if __name__ == "__main__":
    main()
