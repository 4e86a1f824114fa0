"""Rounds in which all candidates share the weights of one network."""

import msgspec

from components.records.layout import trial_path
from components.records.results import Candidate, Plan, TrainingRecord
from components.records.search import Search
from components.records.store import Store, require_record
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext

SHARED = "shared"  # id of the network in every round


def shares_weights(search: Search) -> bool:
    """Whether the candidates of a search share weights."""
    return search.training.weight_sharing is not None


def planned_network(context: SearchContext) -> Candidate:
    """What a round of shared weights trains: the design whose weights hold those of all others."""
    space = context.space
    candidate = make_candidate(
        context, space.largest, space.variants(), origin="known", change="shared weights", role="shared"
    )
    return msgspec.structs.replace(candidate, id=SHARED)


def shared_network(plan: Plan) -> Candidate | None:
    """The network whose weights the candidates of a round share; None where each has its own."""
    return next((one for one in plan.candidates if one.role == "shared"), None)


def shared_training(store: Store, plan: Plan) -> TrainingRecord:
    """What the training of a round's shared network gave.

    Raises:
        FileNotFoundError: where it isn't trained yet.
    """
    return require_record(store, f"{trial_path(plan.round, SHARED)}/training.json", TrainingRecord)


def round_number(round_path: str) -> int:
    """The number of a search round, from 1."""
    return int(round_path.rsplit("/", 1)[-1])


def reported_before(search: Search, number: int) -> int:
    """Candidates that the rounds before one report together, each as many as it can."""
    return (number - 1) * search.rounds.candidates_per_round


def sharing_rounds(search: Search) -> int:
    """Search rounds that the budget of candidates is good for."""
    return -(-search.budget.candidates // search.rounds.candidates_per_round)
