"""The models that the ensemble may take: every trained initialisation of the winner."""

from typing import NamedTuple

from components.records.layout import ROUND_OF_KIND, plan_path, trial_path, weights_path
from components.records.results import Candidate, Plan, TrainingRecord
from components.records.store import Store, read_record, require_record


class Trained(NamedTuple):
    """A trained model: its candidate (of one variant), where its weights lie, and its trainable parameters."""

    candidate: Candidate
    weights: str
    parameters: int


def ensemble_pool(store: Store) -> list[Trained]:
    """Returns the winner and its further initialisations; where none was trained in time, the trained grid points.

    Empty where the search found nothing, or nothing was trained.
    """
    return _trained(store, "winner") + _trained(store, "ensemble") or _trained(store, "grid")


def _trained(store: Store, kind: str) -> list[Trained]:
    plan = require_record(store, plan_path(ROUND_OF_KIND[kind]), Plan)
    found = []
    for candidate in plan.candidates:
        record = read_record(store, f"{trial_path(plan.round, candidate.id)}/training.json", TrainingRecord)
        for trial in record.trials if record else ():
            path = weights_path(plan.round, candidate.id, "full", trial.variant)
            if trial.nll is not None and store.exists(path):
                found.append(Trained(candidate, path, trial.parameters))
    return found
