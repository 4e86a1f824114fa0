"""Where a search's seconds went, from the timings of its steps."""

from collections.abc import Sequence

from components.records.results import Span
from components.records.spans import active_seconds
from components.records.store import Store, require_record
from components.records.timing import StepTiming
from components.report.contents import StageSeconds

ORCHESTRATION = "between the steps"
LONGEST_PAUSE_SECONDS = 30.0  # a longer gap is an interruption, not the work of a runner


def read_timings(store: Store) -> list[StepTiming]:
    """The timings of all steps that ended, in the order in which their processes started."""
    return [require_record(store, path, StepTiming) for path in store.paths("timings")]


def stage_seconds(timings: Sequence[StepTiming]) -> tuple[StageSeconds, ...]:
    """The seconds of each stage, in the order of its first step; last, the time in which no step was alive."""
    stages = list(dict.fromkeys(one.stage for one in timings))
    rows = [_stage(stage, [one for one in timings if one.stage == stage]) for stage in stages]
    if not timings:
        return ()
    between = StageSeconds(stage=ORCHESTRATION, steps=0, orchestration=_between(timings))
    return (*rows, between)


def wall_seconds(timings: Sequence[StepTiming]) -> float | None:
    """From the first step's start to the last one's end, without interruptions; None before the first step."""
    return _between(timings) + active_seconds(_span(one) for one in timings) if timings else None


def _stage(name: str, steps: Sequence[StepTiming]) -> StageSeconds:
    overhead = sum(one.start_seconds + one.tensorflow_seconds + one.store_seconds for one in steps)
    return StageSeconds(
        stage=name,
        steps=len(steps),
        work=max(0.0, sum(one.total_seconds for one in steps) - overhead),
        imports=sum(one.tensorflow_seconds for one in steps),
        process_start=sum(one.start_seconds for one in steps),
        store=sum(one.store_seconds for one in steps),
    )


def _span(one: StepTiming) -> Span:
    return Span(start_seconds=one.process_start_seconds, duration_seconds=one.total_seconds)


def _between(timings: Sequence[StepTiming]) -> float:
    """Seconds in which no step was alive though the search was at work: what the runner takes between steps."""
    total, end = 0.0, timings[0].process_start_seconds
    for one in sorted(timings, key=lambda one: one.process_start_seconds):
        gap = one.process_start_seconds - end
        total += gap if 0 < gap < LONGEST_PAUSE_SECONDS else 0.0
        end = max(end, one.process_start_seconds + one.total_seconds)
    return total
