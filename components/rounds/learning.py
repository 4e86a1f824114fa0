"""The controller of a search and its state: what the committed rounds taught it, written and read."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from components.controllers.controller import Controller, State
from components.controllers.registry import CONTROLLERS, open_controller
from components.records.layout import controller_path, plan_path, scores_path
from components.records.results import Plan, Scores
from components.records.store import DamagedRecord, Store, require_record
from components.rounds.context import SearchContext
from components.rounds.limits import limits_of

INITIAL = (0, 2)  # what follows the search's seed where the first state is drawn; rounds count from 1


def controller_of(context: SearchContext) -> Controller:
    """Returns a search's controller, which knows the search's limits if it keeps to any."""
    choice = context.search.controller
    limits = limits_of(context) if CONTROLLERS[choice.name].limited else None
    return open_controller(choice.name, choice.settings, context.space, limits)


def learnt_state(context: SearchContext, controller: Controller, committed: Sequence[str]) -> State:
    """Returns the controller's state after the committed search rounds; the first state before there are any.

    From it, `controller.propose(state, rng)` draws a new design, in the search and after it.

    Args:
        context: of the search.
        controller: the search's.
        committed: paths of all its committed rounds, oldest first.

    Raises:
        FileNotFoundError: the state's arrays are not there: another process has committed a further round since.
        DamagedRecord: they are other ones than the plan says.
    """
    if not committed:
        return controller.initial(np.random.default_rng([context.search.seed, *INITIAL]))
    plan = require_record(context.store, plan_path(committed[-1]), Plan)
    scores = require_record(context.store, scores_path(committed[-1]), Scores)
    tensors = None if plan.controller_sha256 is None else _tensors(context.store, plan.round)
    if tensors is not None and sha256(tensors).hexdigest() != plan.controller_sha256:
        raise DamagedRecord(f"`{context.store.uri}/{controller_path(plan.round)}` must have the sha256 of its plan.")
    return controller.update(controller.decode_state(plan.controller_state, tensors), scores.scored)


def keep_arrays(store: Store, round_path: str, controller: Controller, state: State) -> tuple[State, str | None]:
    """Writes the arrays of the state from which a round is proposed, before anything is proposed.

    Where another process wrote them first, or this one before it was killed, what lies there is the round's: on a
    machine of another kind its last bits may differ, and the round must be proposed from what the next one reads.

    Args:
        store: the search's.
        round_path: of the round that is to be proposed.
        controller: the search's.
        state: after the rounds before.

    Returns:
        The state as it lies there, and the arrays' sha256, None where it has none.
    """
    data, tensors = controller.encode_state(state)
    if tensors is None:
        return state, None
    if not store.create(controller_path(round_path), tensors):
        tensors = _tensors(store, round_path)
        state = controller.decode_state(data, tensors)
    return state, sha256(tensors).hexdigest()


def _tensors(store: Store, round_path: str) -> bytes:
    tensors = store.read(controller_path(round_path))
    if tensors is None:
        raise FileNotFoundError(f"`{store.uri}` must hold {controller_path(round_path)}, the controller's arrays.")
    return tensors
