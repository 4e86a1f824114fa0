"""Trains the candidates of a shard, each once, whatever dies meanwhile."""

from components.candidate_training.trials import Trainer
from components.records.attempts import Work, done_once
from components.records.layout import plan_path, trial_path
from components.records.results import Candidate, Phase, Plan, TrainingRecord, Verdict
from components.records.store import Store, require_record
from components.rounds.shards import complete_shard

NAMES = {"probe": "probe", "full": "training"}


def train_shard(store: Store, shard: str, phase: Phase) -> None:
    """Trains every candidate of a shard in a phase; candidates that have their record are passed over.

    Args:
        store: the search's.
        shard: path of the shard.
        phase: `probe`, or `full` for the candidates that the verdicts let through.
    """
    trainer = Trainer(store, phase)

    def train(plan: Plan, candidate: Candidate) -> None:
        if phase == "probe" or _goes_on(store, plan, candidate):
            _train_once(store, plan, candidate, phase, trainer)

    complete_shard(store, shard, NAMES[phase], train)


def train_in_child(store: Store, round_path: str, candidate: str, phase: Phase) -> TrainingRecord:
    """The work of one candidate in a process of its own; see `components.records.attempts`."""
    plan = require_record(store, plan_path(round_path), Plan)
    return Trainer(store, phase).train(plan, next(one for one in plan.candidates if one.id == candidate))


def _goes_on(store: Store, plan: Plan, candidate: Candidate) -> bool:
    """Whether a candidate is trained in full; rounds without a probe have no verdicts, and everyone goes on."""
    if not plan.probe_steps:
        return True
    return require_record(store, f"{trial_path(plan.round, candidate.id)}/verdict.json", Verdict).reason is None


def _train_once(store: Store, plan: Plan, candidate: Candidate, phase: Phase, trainer: Trainer) -> None:
    done_once(
        store,
        f"{trial_path(plan.round, candidate.id)}/{NAMES[phase]}.json",
        TrainingRecord,
        Work(__name__, "train_in_child", {"round_path": plan.round, "candidate": candidate.id, "phase": phase}),
        do=lambda: trainer.train(plan, candidate),
        give_up=trainer.failed(candidate),
    )
