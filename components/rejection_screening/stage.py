"""Gives a round's candidates their verdicts before full training: size, loss, quality, latency, numerical stability."""

from collections.abc import Sequence

from components.records.attempts import Work, done_once
from components.records.layout import plan_path, trial_path
from components.records.results import Candidate, Plan, Verdict
from components.records.store import Store, require_record
from components.rejection_screening.verdicts import Screen
from components.rounds.judgement import probe_judgements
from components.rounds.profiles import is_profiled
from components.rounds.shards import ONE_RUN, complete_shard


def screen_shard(store: Store, shard: str, run: str = ONE_RUN) -> None:
    """Writes the verdicts of the candidates of a round that a shard claims, but for those that have theirs.

    One that its size or its probe doesn't end is judged once it is profiled.

    Args:
        store: the search's.
        shard: path of the shard.
        run: id of the run that the step is of.
    """
    screen = Screen(store)
    probed = probe_judgements(store, screen.search)

    def is_due(plan: Plan, candidate: Candidate, names: Sequence[str]) -> bool:
        if "probe.json" not in names or "verdict.json" in names:
            return False
        return is_profiled(names, screen.search.scoring) or probed(plan, candidate).reason is not None

    def verdict(plan: Plan, candidate: Candidate) -> None:
        done_once(
            store,
            f"{trial_path(plan.round, candidate.id)}/verdict.json",
            Verdict,
            Work(__name__, "screen_in_child", {"round_path": plan.round, "candidate": candidate.id}),
            do=lambda: screen.verdict(plan, candidate),
            give_up=lambda reason: screen.rejected(candidate, "failed", reason),
        )

    complete_shard(store, shard, "verdicts", is_due, verdict, run)


def screen_in_child(store: Store, round_path: str, candidate: str) -> Verdict:
    """The verdict of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    return Screen(store).verdict(plan, next(one for one in plan.candidates if one.id == candidate))
