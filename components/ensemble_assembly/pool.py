"""The models that the ensemble may take: every trained initialisation of the winner."""

from typing import NamedTuple

import msgspec

from components.records.layout import ROUND_OF_KIND, last_scores, plan_path, require_scores, trial_path, weights_path
from components.records.results import Candidate, Kind, Plan, TrainingRecord
from components.records.store import Store, read_record, require_record
from components.records.tasks import has_target
from components.rounds.context import SearchContext
from components.rounds.sharing import shares_weights


class Trained(NamedTuple):
    """A trained model: its candidate (of one variant), where its weights lie, and its trainable parameters."""

    candidate: Candidate
    weights: str
    parameters: int


def ensemble_pool(store: Store) -> list[Trained]:
    """Returns the winner and its further initialisations; where none was trained in time, the trained grid points.

    Where time was up before these too, the search's own best in the network to be scaled; where there is a target, on
    which that was not trained, or weights were shared, the best of the re-ranking. Empty where there is none.
    """
    return _trained(store, "winner") + _trained(store, "ensemble") or _trained(store, "grid") or _found(store)


def _trained(store: Store, kind: Kind) -> list[Trained]:
    plan = require_record(store, plan_path(ROUND_OF_KIND[kind]), Plan)
    return [one for candidate in plan.candidates for one in _models(store, plan, candidate)]


def _found(store: Store) -> list[Trained]:
    """The best candidate of the rounds before the grid that trained on its task, in the network to be scaled."""
    context = SearchContext(store, "ensemble")
    elsewhere = has_target(context.search) or shares_weights(context.search)  # no weights of its own on this task
    earlier = require_scores(store, ROUND_OF_KIND["rerank"]) if elsewhere else last_scores(store)
    network = context.search.final_scaling.network or context.space.networks[0]
    for best in earlier.best[:1] if earlier else ():
        plan = require_record(store, plan_path(best.round), Plan)
        candidate = next(one for one in plan.candidates if one.id == best.id)
        chosen = tuple(variant for variant in candidate.variants if variant.network == network)
        return _models(store, plan, msgspec.structs.replace(candidate, variants=chosen))
    return []


def _models(store: Store, plan: Plan, candidate: Candidate) -> list[Trained]:
    """A candidate's variants that were trained and whose weights are there, each as a candidate of its own."""
    record = read_record(store, f"{trial_path(plan.round, candidate.id)}/training.json", TrainingRecord)
    trials = {trial.variant: trial for trial in record.trials if trial.nll is not None} if record else {}
    paths = {one: weights_path(plan.round, candidate.id, "full", one.name) for one in candidate.variants}
    return [
        Trained(msgspec.structs.replace(candidate, variants=(variant,)), path, trials[variant.name].parameters)
        for variant, path in paths.items()
        if variant.name in trials and store.exists(path)
    ]
