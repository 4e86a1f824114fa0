"""How far a search is, read from its records: they never change, so each is read once."""

from collections import Counter
from typing import NamedTuple, TypeVar

import msgspec

from components.records.layout import (
    MANIFEST,
    ROUND_OF_KIND,
    SUMMARY,
    manifest_path,
    plan_path,
    scores_path,
    search_round,
    trial_path,
)
from components.records.manifest import DataManifest
from components.records.results import Plan, Reason, Scores, TrainingRecord, Verdict
from components.records.store import Store, read_record
from components.records.tasks import tasks_with_rows
from components.rounds.layer_records import LayerRecords
from components.rounds.rejection_rules import is_rejected
from components.rounds.sharing import shared_network
from components.search_file.stored import get_search

R = TypeVar("R", bound=msgspec.Struct)
DOING = {
    "search": "search round {number}",
    "rerank": "ranking the best again",
    "grid": "choosing width and depth",
    "winner": "training the winner",
    "ensemble": "training the ensemble",
}


class Progress(NamedTuple):
    """How far a search is.

    Fields:
        doing: what it works on, in words.
        committed: committed search rounds.
        proposed: candidates of the search rounds so far.
        probed, trained: of those, how many ended their probe and their full training.
        rejected: verdicts by reason.
        best: best quality so far, committed or not; None before the first.
        done, wanted: trials of the round at work, done and in all.
        active_seconds: of the committed search rounds.
        reported: candidates so far that were judged with shared weights; None where each is trained alone.
    """

    doing: str
    committed: int = 0
    proposed: int = 0
    probed: int = 0
    trained: int = 0
    rejected: tuple[tuple[Reason, int], ...] = ()
    best: float | None = None
    done: int = 0
    wanted: int = 0
    active_seconds: float = 0.0
    reported: int | None = None

    @property
    def tried(self) -> int:
        """Candidates that count against the budget."""
        return self.probed if self.reported is None else self.reported


class ProgressReader:
    """Reads a search's records, each once."""

    def __init__(self, store: Store):
        self.store = store
        self._seen: dict[str, msgspec.Struct] = {}

    def read(self) -> Progress:
        """Returns how far the search is now."""
        if not self._there(MANIFEST):
            return Progress("splitting the data")
        rounds = self._search_rounds()
        plans = [plan for plan in rounds if plan is not None]
        committed = sum(self._record(scores_path(plan.round), Scores) is not None for plan in plans)
        finishing = [self._record(plan_path(path), Plan) for path in ROUND_OF_KIND.values()]
        at_work = [*plans, *(plan for plan in finishing if plan is not None)]
        current = at_work[-1] if at_work else None
        last = self._record(scores_path(plans[committed - 1].round), Scores) if committed else None
        verdicts = [one for plan in plans for one in self._of(plan, "verdict", Verdict)]
        full = [one for plan in plans for one in self._of(plan, "training", TrainingRecord)]
        return Progress(
            doing=self._doing(current, len(plans)),
            committed=committed,
            proposed=sum(len(plan.candidates) for plan in plans),
            probed=sum(len(self._of(plan, "probe", TrainingRecord)) for plan in plans),
            trained=len(full),
            rejected=tuple(sorted(Counter(one.reason for one in verdicts if is_rejected(one.reason)).items())),
            best=max((_quality(one) for one in full), default=None),
            done=self._done(current) if current else 0,
            wanted=len(current.candidates) if current else 0,
            active_seconds=last.active_seconds if last else 0.0,
            reported=sum(len(one.children) for one in full) if any(map(shared_network, plans)) else None,
        )

    def columns(self) -> list[str] | None:
        """Returns a line for each column of the data that is left out or should be looked at; None before the split."""
        lines: list[str] = []
        for task in tasks_with_rows(get_search(self.store)):
            manifest = self._record(manifest_path(task.folder), DataManifest)
            if manifest is None:
                return None
            lines += [f"column {name!r} is left out: {reason}" for name, reason in manifest.left_out.items()]
            lines += [f"column {name!r}: {remark}" for name, remark in manifest.remarks.items()]
        return lines

    def _search_rounds(self) -> list[Plan]:
        plans: list[Plan] = []
        while (plan := self._record(plan_path(search_round(len(plans) + 1)), Plan)) is not None:
            plans.append(plan)
        return plans

    def _doing(self, current: Plan | None, number: int) -> str:
        if self._there(SUMMARY):
            return "finished"
        if current:
            return DOING[current.kind].format(number=number)
        layers = LayerRecords(self.store, get_search(self.store))
        return f"measuring layers on {layers.device}" if layers.missing() else "proposing the first candidates"

    def _done(self, plan: Plan) -> int:
        """Candidates of a round that are trained in full or rejected."""
        rejected = [one for one in self._of(plan, "verdict", Verdict) if one.reason is not None]
        return len(rejected) + len(self._of(plan, "training", TrainingRecord))

    def _of(self, plan: Plan, name: str, kind: type[R]) -> list[R]:
        found = [self._record(f"{trial_path(plan.round, one.id)}/{name}.json", kind) for one in plan.candidates]
        return [record for record in found if record is not None]

    def _record(self, path: str, kind: type[R]) -> R | None:
        if path not in self._seen:
            record = read_record(self.store, path, kind)
            if record is None:
                return None
            self._seen[path] = record
        return self._seen[path]  # type: ignore[return-value]

    def _there(self, path: str) -> bool:
        return self.store.exists(path)


def _quality(record: TrainingRecord) -> float:
    """Mean validation quality of a training; a trial without one counts as 0. The best that shared weights reported."""
    if record.children:
        return max(child.accuracy for child in record.children)
    return sum(trial.accuracy or 0.0 for trial in record.trials) / max(1, len(record.trials))
