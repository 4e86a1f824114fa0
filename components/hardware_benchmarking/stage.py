"""Profiles every trained candidate of a round on a device, each once."""

from collections.abc import Sequence
from functools import cache, partial

from components.hardware_benchmarking.profiling import Profiler
from components.records.attempts import Work, done_once
from components.records.layout import kind_of, plan_path, profile_path, round_of, trial_path
from components.records.results import Candidate, Plan, Profile, TrainingRecord
from components.records.store import Store, require_record
from components.rounds.shards import ONE_RUN, complete_shard


def profile_shard(store: Store, shard: str, device: str = "", run: str = ONE_RUN) -> None:
    """Writes the profiles of the candidates of a round that were trained in full and that a shard claims.

    Args:
        store: the search's.
        shard: path of the shard.
        device: row of the device table that this step runs on, with a queue of its own; empty for the one that the
            search names.
        run: id of the run that the step is of.
    """
    profiler = Profiler(store, device, kind_of(round_of(shard)))
    training = cache(partial(_training, store))

    def is_due(plan: Plan, candidate: Candidate, names: Sequence[str]) -> bool:
        if f"profile-{profiler.name}.json" in names or "training.json" not in names or candidate.role == "shared":
            return False  # of shared weights, only what is trained alone at the end is timed
        return any(trial.accuracy is not None for trial in training(plan.round, candidate.id).trials)

    def profile(plan: Plan, candidate: Candidate) -> None:
        trained = training(plan.round, candidate.id)
        done_once(
            store,
            profile_path(plan.round, candidate.id, profiler.name),
            Profile,
            Work(__name__, "profile_in_child", {"round_path": plan.round, "candidate": candidate.id, "device": device}),
            do=lambda: profiler.profile(candidate, trained),
            give_up=lambda reason: profiler.failed(candidate, reason),
        )

    complete_shard(store, shard, f"profile-{profiler.name}", is_due, profile, run)


def profile_in_child(store: Store, round_path: str, candidate: str, device: str = "") -> Profile:
    """The profile of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    trained = _training(store, round_path, candidate)
    profiler = Profiler(store, device, plan.kind)
    return profiler.profile(next(one for one in plan.candidates if one.id == candidate), trained)


def _training(store: Store, round_path: str, candidate: str) -> TrainingRecord:
    return require_record(store, f"{trial_path(round_path, candidate)}/training.json", TrainingRecord)
