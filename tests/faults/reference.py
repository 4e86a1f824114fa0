"""The tiny searches, each run once without a break: what every broken run of it must come to."""

import atexit
import functools
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from components.records.layout import SUMMARY
from components.records.store import open_search, require_record
from components.records.summary import Summary, comparable
from tests.faults.moments import Moment
from tests.faults.real_run import POLL_SECONDS, RealRun

TINY = Path(__file__).parents[1] / "pipelines" / "searches" / "tiny.yaml"
SHARING = TINY.with_name("tiny_sharing.yaml")  # candidates share weights, which go on from round to round
LEARNED = TINY.with_name("tiny_learned.yaml")  # by a controller that has arrays, which also draws a design at the end


class Reference(NamedTuple):
    """An unbroken run.

    Fields:
        search_file: what was run.
        summary: without what is measured.
        seconds: how long each step was at work, in the order in which they began.
    """

    search_file: Path
    summary: Any
    seconds: dict[Moment, float]


@functools.cache
def reference(search_file: Path = TINY) -> Reference:
    """Runs a search with one worker, once in this process.

    Raises:
        RuntimeError: where the run fails, or a step's moment is named by a record that it doesn't make.
    """
    folder = Path(tempfile.mkdtemp(prefix="archloom-reference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run = RealRun(search_file, folder / "search", workers=1)
    began: dict[Moment, float] = {}
    last: dict[Moment, float] = {}
    try:
        while not run.ended():
            for step in run.steps():
                last[step.moment] = time.monotonic()
                began.setdefault(step.moment, last[step.moment])
            time.sleep(POLL_SECONDS)
    finally:
        run.kill_all()
    if run.command.returncode:
        raise RuntimeError(f"The unbroken run ended with {run.command.returncode}:\n{run.output.read_text()}")
    never = [moment.record for moment in began if not run.store.exists(moment.record)]
    if never:  # a kill would wait for such a step in vain
        raise RuntimeError(f"The steps of the unbroken run end with other records than these: {never}.")
    seconds = {moment: last[moment] - start for moment, start in began.items()}
    return Reference(search_file, found(folder / "search"), seconds)


def found(search: Path) -> Any:
    """Returns what a finished search found, without what is measured."""
    return comparable(require_record(open_search(str(search)), SUMMARY, Summary))


def first_difference(expected: Any, received: Any, at: str = "$") -> str | None:
    """Returns the first path at which two JSON values differ and both values there; None where they are equal."""
    if isinstance(expected, dict) and isinstance(received, dict) and expected.keys() == received.keys():
        parts = [(f"{at}.{name}", expected[name], received[name]) for name in expected]
    elif isinstance(expected, list) and isinstance(received, list) and len(expected) == len(received):
        parts = [(f"{at}[{i}]", one, other) for i, (one, other) in enumerate(zip(expected, received))]
    else:
        return None if expected == received else f"{at}: expected {expected!r}, received {received!r}"
    differences = (first_difference(one, other, path) for path, one, other in parts)
    return next((difference for difference in differences if difference), None)
