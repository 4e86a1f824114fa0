"""When a round's seconds are used up, told from its records."""

import time
from collections.abc import Iterator

from components.records.layout import trial_path
from components.records.results import Plan, Span, TrainingRecord, Verdict
from components.records.spans import active_seconds, process_start_seconds
from components.records.store import Store, read_record
from components.rounds.profiles import profiles_of

RECORDS: dict[str, type[TrainingRecord] | type[Verdict]] = {
    "probe.json": TrainingRecord,
    "verdict.json": Verdict,
    "training.json": TrainingRecord,
}


def round_spans(store: Store, plan: Plan) -> Iterator[Span]:
    """Yields when each recorded piece of a round's work ran."""
    yield plan.span
    for candidate in plan.candidates:
        yield from candidate_spans(store, plan.round, candidate.id)


def candidate_spans(store: Store, round_path: str, candidate: str) -> Iterator[Span]:
    """Yields when each recorded piece of work on a candidate of a round ran."""
    for name, kind in RECORDS.items():
        record = read_record(store, f"{trial_path(round_path, candidate)}/{name}", kind)
        if record is not None:
            yield record.span
    for profile in profiles_of(store, round_path, candidate):
        yield profile.span


class RoundClock:
    """Tells when a round's seconds are used up, from its records as they were when it was first asked.

    Args:
        store: the search's.
    """

    def __init__(self, store: Store):
        self._store = store
        self._until: dict[str, float | None] = {}

    def is_up(self, plan: Plan) -> bool:
        """Whether the round's seconds are used up."""
        if plan.round not in self._until:
            self._until[plan.round] = deadline(self._store, plan)
        until = self._until[plan.round]
        return until is not None and time.monotonic() >= until


def deadline(store: Store, plan: Plan) -> float | None:
    """Returns when the round's seconds are used up, on the clock of `time.monotonic`; None without a limit.

    What is used counts from the records, not from a clock: hours during which a killed search lay still are free.
    """
    if plan.seconds_left is None:
        return None
    start = process_start_seconds()
    at_work = Span(start_seconds=start, duration_seconds=time.time() - start)  # this process has recorded part of it
    return time.monotonic() + plan.seconds_left - active_seconds([*round_spans(store, plan), at_work])
