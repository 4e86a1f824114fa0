"""One search, killed again and again with SIGKILL and continued each time, and then left to its end."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.faults.moments import Moment
from tests.faults.plan import Planned
from tests.faults.real_run import POLL_SECONDS, RealRun, Step

FAILED = 1  # exit code of a command that lost its runner
MOST_ATTEMPTS = 3


class Kill(NamedTuple):
    """What a kill hit: the steps that were alive, the aimed one first; seconds since that one began."""

    way: str
    alive: tuple[Moment, ...]
    after_seconds: float


def _kill_run(run: RealRun, step: Step) -> None:
    run.kill_group()
    run.kill_command()


def _kill_runner(run: RealRun, step: Step) -> None:
    run.kill_runner()


def _leave_orphans(run: RealRun, step: Step) -> None:
    run.kill_runner()
    run.kill_command()


def _kill_command(run: RealRun, step: Step) -> None:
    run.kill_command()


def _kill_step(run: RealRun, step: Step) -> None:
    """Kills one step, and later the run."""
    _kill_and_see_it_go_on(run, step, step.pid)


def _kill_forks(run: RealRun, step: Step) -> None:
    """Kills the process that steps are forked from, whose steps end with it, and later the run."""
    _kill_and_see_it_go_on(run, step, psutil.Process(step.pid).ppid())


def _kill_and_see_it_go_on(run: RealRun, step: Step, pid: int) -> None:
    """Kills a process, sees that the run itself goes on, and kills that too."""
    alive = {one.pid for one in run.steps()}
    os.kill(pid, signal.SIGKILL)
    while {one.pid for one in run.steps()} <= alive:
        if run.ended():
            return _expect(run, 0)
        time.sleep(POLL_SECONDS)
    _kill_run(run, step)


WAYS: Mapping[str, Callable[[RealRun, Step], None]] = {
    "run": _kill_run,  # command, runner and all steps at once
    "runner": _kill_runner,  # the command lives, ends the steps and fails
    "orphans": _leave_orphans,  # command and runner: the steps must notice for themselves
    "command": _kill_command,  # the runner must notice, and end its steps
    "step": _kill_step,  # one step's process: the run starts it again, and is then killed too
    "forks": _kill_forks,  # what all steps are forked from: so does the run where that dies
}
ENDS_BY_ITSELF = ("runner",)  # ways after which the command itself says that the run failed


def broken_search(
    search_file: Path, folder: Path, planned: Sequence[Planned], seconds: Mapping[Moment, float], workers: int
) -> Iterator[Kill]:
    """Runs a search to its end through the planned kills; a kill whose moment is over hits another stage's instead.

    Args:
        search_file: the description.
        folder: the search directory, not there yet.
        planned: in the pipeline's order.
        seconds: usual length of each step, in the pipeline's order.
        workers: shards at the same time.

    Yields:
        Each kill that was made, when it is over; the search has ended when nothing more comes.

    Raises:
        RuntimeError: where a run ends in another way than it was made to.
        TimeoutError: where processes of a killed run live on.
    """
    hit: set[str] = set()
    over: set[Moment] = set()
    for number, plan in enumerate(planned):
        taken = hit | {later.moment.stage for later in planned[number + 1 :]}
        spare = [moment for moment in seconds if moment.stage not in taken]
        run = RealRun(search_file, folder, workers)
        try:
            kill = _killed(run, plan, [plan.moment, *spare], seconds, over)
        finally:
            run.kill_all()
        if kill is None:
            return
        hit.add(kill.alive[0].stage)
        yield kill
    _expect(RealRun(search_file, folder, workers), 0)


def _killed(
    run: RealRun, plan: Planned, wanted: Sequence[Moment], seconds: Mapping[Moment, float], over: set[Moment]
) -> Kill | None:
    """Kills a run at the first wanted moment that comes, and sees it gone; None where the search ended before."""
    aimed = _aim(run, wanted, lambda moment: plan.share * seconds[moment], over)
    if aimed is None:
        _expect(run, 0)
        return None
    step, after, alive = aimed
    WAYS[plan.way](run, step)
    if plan.way in ENDS_BY_ITSELF:
        _expect(run, FAILED)
    run.wait_until_nothing_lives()
    return Kill(plan.way, (step.moment, *(one.moment for one in alive if one != step)), after)


def _aim(
    run: RealRun, wanted: Sequence[Moment], delay_seconds: Callable[[Moment], float], over: set[Moment]
) -> tuple[Step, float, list[Step]] | None:
    """Waits for the first wanted moment that has not passed, and into it.

    Args:
        run: what is to be hit.
        wanted: the best first.
        delay_seconds: from a step's begin to the kill.
        over: steps of this search that were over before their delay, as the unbroken run was slower: each halves all
            delays to come. What is added here stays for the search's next run.

    Returns:
        The step to hit, the seconds that it has been at work, and all steps at work; None where the run ended.
    """
    began: dict[Step, float] = {}
    while not run.ended():
        steps = run.steps()
        now = time.monotonic()
        target = next((moment for moment in wanted if not run.store.exists(moment.record)), None)
        for step in steps:
            began.setdefault(step, now)
            after = now - began[step]
            if step.moment != target or _last_chance(run.folder):
                continue
            if after >= delay_seconds(target) / 2 ** len(over - {target}):
                over.discard(target)
                return step, after, steps
            over.add(target)
        time.sleep(POLL_SECONDS)
    return None


def _last_chance(folder: Path) -> bool:
    """Whether a third attempt at some work is under way: by design, a search gives up what dies three times."""
    third = folder.glob(f"*/*/trials/*/attempt-*-{MOST_ATTEMPTS}")
    return any(not (path.parent / f"{path.name.split('-')[1]}.json").exists() for path in third)


def _expect(run: RealRun, code: int) -> None:
    try:
        ended = run.finish()
    finally:
        run.kill_all()
    if ended != code:
        raise RuntimeError(f"The run must end with {code}. Received: {ended}.\n{run.output.read_text()}")
