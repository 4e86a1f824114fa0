"""Profiles every trained candidate of a shard on a device, each once."""

from components.hardware_benchmarking.profiling import Profiler
from components.records.attempts import Work, done_once
from components.records.layout import plan_path, profile_path, trial_path
from components.records.results import Candidate, Plan, Profile, TrainingRecord
from components.records.store import Store, read_record, require_record
from components.rounds.shards import complete_shard


def profile_shard(store: Store, shard: str, device: str = "") -> None:
    """Writes the profile of every candidate of a shard that was trained in full, unless it is there.

    Args:
        store: the search's.
        shard: path of the shard.
        device: row of the device table that this step runs on; empty for the one that the search names.
    """
    profiler = Profiler(store, device)

    def profile(plan: Plan, candidate: Candidate) -> None:
        trained = read_record(store, f"{trial_path(plan.round, candidate.id)}/training.json", TrainingRecord)
        if trained is None or not any(trial.accuracy is not None for trial in trained.trials):
            return
        done_once(
            store,
            profile_path(plan.round, candidate.id, profiler.name),
            Profile,
            Work(__name__, "profile_in_child", {"round_path": plan.round, "candidate": candidate.id, "device": device}),
            do=lambda: profiler.profile(candidate, trained),
            give_up=lambda reason: profiler.failed(candidate, reason),
        )

    complete_shard(store, shard, f"profile-{profiler.name}", profile)


def profile_in_child(store: Store, round_path: str, candidate: str, device: str = "") -> Profile:
    """The profile of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    trained = require_record(store, f"{trial_path(round_path, candidate)}/training.json", TrainingRecord)
    return Profiler(store, device).profile(next(one for one in plan.candidates if one.id == candidate), trained)
