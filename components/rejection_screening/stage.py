"""Gives every candidate of a shard its verdict after the probe: size, non-finite loss, quality, numerical stability."""

from components.records.attempts import Work, done_once
from components.records.layout import plan_path, trial_path
from components.records.results import Candidate, Plan, Verdict
from components.records.store import Store, require_record
from components.rejection_screening.verdicts import Screen
from components.rounds.shards import complete_shard


def screen_shard(store: Store, shard: str) -> None:
    """Writes the verdict of every candidate of a shard; those that have theirs are passed over."""
    screen = Screen(store)

    def verdict(plan: Plan, candidate: Candidate) -> None:
        done_once(
            store,
            f"{trial_path(plan.round, candidate.id)}/verdict.json",
            Verdict,
            Work(__name__, "screen_in_child", {"round_path": plan.round, "candidate": candidate.id}),
            do=lambda: screen.verdict(plan, candidate),
            give_up=lambda reason: screen.rejected(candidate, "failed", reason),
        )

    complete_shard(store, shard, "verdicts", verdict)


def screen_in_child(store: Store, round_path: str, candidate: str) -> Verdict:
    """The verdict of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    return Screen(store).verdict(plan, next(one for one in plan.candidates if one.id == candidate))
