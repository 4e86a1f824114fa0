"""Profiles a round's candidates on a device, each once, before any is trained in full."""

from collections.abc import Collection, Sequence
from functools import partial

from components.hardware_benchmarking.profiling import Profiler
from components.records.attempts import Work, done_once
from components.records.layout import kind_of, plan_path, profile_path, round_of, trial_path
from components.records.results import Candidate, Plan, Profile, TrainingRecord
from components.records.store import Store, require_record
from components.rounds.deadline import RoundClock
from components.rounds.judgement import judged_by_probe, probe_judgements
from components.rounds.shards import ONE_RUN, complete_shard


def profile_shard(store: Store, shard: str, device: str = "", run: str = ONE_RUN) -> None:
    """Writes the profiles of the candidates of a round that a shard claims.

    In search rounds of those that go on after their size and their probe are judged; in the finishing rounds of all,
    and where a round's time is up, their profiles say so.

    Args:
        store: the search's.
        shard: path of the shard.
        device: row of the device table that this step runs on, with a queue of its own; empty for the one that the
            search names.
        run: id of the run that the step is of.
    """
    profiler = Profiler(store, device, kind_of(round_of(shard)))
    probed, clock = probe_judgements(store, profiler.search), RoundClock(store)

    def is_due(plan: Plan, candidate: Candidate, names: Sequence[str]) -> bool:
        if f"profile-{profiler.name}.json" in names or candidate.role == "shared":
            return False  # of shared weights, only what is trained alone at the end is timed
        return not plan.probe_steps or ("probe.json" in names and probed(plan, candidate).reason is None)

    def profile(plan: Plan, candidate: Candidate) -> None:
        late = not plan.probe_steps and clock.is_up(plan)
        done_once(
            store,
            profile_path(plan.round, candidate.id, profiler.name),
            Profile,
            Work(__name__, "profile_in_child", {"round_path": plan.round, "candidate": candidate.id, "device": device}),
            do=lambda: (
                profiler.too_late(candidate) if late else profiler.profile(candidate, _kept(profiler, plan, candidate))
            ),
            give_up=partial(profiler.failed, candidate),
        )

    complete_shard(store, shard, f"profile-{profiler.name}", is_due, profile, run)


def profile_in_child(store: Store, round_path: str, candidate: str, device: str = "") -> Profile:
    """The profile of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    profiler = Profiler(store, device, plan.kind)
    wanted = next(one for one in plan.candidates if one.id == candidate)
    return profiler.profile(wanted, _kept(profiler, plan, wanted))


def _kept(profiler: Profiler, plan: Plan, candidate: Candidate) -> Collection[str]:
    """Names of the variants that go on after the probe; all where there was none."""
    if not plan.probe_steps:
        return [variant.name for variant in candidate.variants]
    probe = require_record(profiler.store, f"{trial_path(plan.round, candidate.id)}/probe.json", TrainingRecord)
    return judged_by_probe(candidate, probe, profiler.search).kept
