"""Trains the candidates of a round, each once, whatever dies meanwhile."""

from collections.abc import Sequence
from functools import cache, partial

from components.candidate_training.trials import Trainer
from components.records.attempts import Work, done_once
from components.records.layout import kind_of, plan_path, round_of, trial_path
from components.records.results import Candidate, Phase, Plan, TrainingRecord, Verdict
from components.records.store import Store, require_record
from components.rounds.judgement import PROFILE_DECIDES, profile_judgements
from components.rounds.profiles import is_profiled
from components.rounds.shards import ONE_RUN, complete_shard

NAMES = {"probe": "probe", "full": "training"}


def train_shard(store: Store, shard: str, phase: Phase, run: str = ONE_RUN) -> None:
    """Trains the candidates of a round that a shard claims, in a phase; those that have their record are passed over.

    Args:
        store: the search's.
        shard: path of the shard.
        phase: `probe`, or `full` for the candidates that the verdicts let through, and in a round without verdicts
            the profiles.
        run: id of the run that the step is of.
    """
    trainer = Trainer(store, phase, kind_of(round_of(shard)))
    goes_on = cache(partial(_goes_on, store))
    profiled = profile_judgements(store, trainer.search)

    def is_due(plan: Plan, candidate: Candidate, names: Sequence[str]) -> bool:
        if f"{NAMES[phase]}.json" in names:
            return False
        if phase == "probe":
            return plan.probe_steps > 0
        if plan.probe_steps:
            return "verdict.json" in names and goes_on(plan.round, candidate.id)
        if plan.kind not in PROFILE_DECIDES or candidate.role == "shared":
            return True
        return is_profiled(names, trainer.search.scoring) and profiled(plan, candidate).reason is None

    def train(plan: Plan, candidate: Candidate) -> None:
        _train_once(store, plan, candidate, phase, trainer)

    complete_shard(store, shard, NAMES[phase], is_due, train, run)


def train_in_child(store: Store, round_path: str, candidate: str, phase: Phase) -> TrainingRecord:
    """The work of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    return Trainer(store, phase, plan.kind).train(plan, next(one for one in plan.candidates if one.id == candidate))


def _goes_on(store: Store, round_path: str, candidate: str) -> bool:
    """Whether a candidate's verdict, which is there, lets it be trained in full."""
    return require_record(store, f"{trial_path(round_path, candidate)}/verdict.json", Verdict).reason is None


def _train_once(store: Store, plan: Plan, candidate: Candidate, phase: Phase, trainer: Trainer) -> None:
    done_once(
        store,
        f"{trial_path(plan.round, candidate.id)}/{NAMES[phase]}.json",
        TrainingRecord,
        Work(__name__, "train_in_child", {"round_path": plan.round, "candidate": candidate.id, "phase": phase}),
        do=lambda: trainer.train(plan, candidate),
        give_up=trainer.failed(candidate),
    )
