"""A round's training of the network whose weights all its candidates share."""

from typing import TYPE_CHECKING, cast

from components.records.layout import search_round, weights_path
from components.records.results import Candidate, Child, Plan, TrainingRecord
from components.records.spans import Stopwatch
from components.records.unrecorded import put_unrecorded
from components.rounds.context import SearchContext
from components.rounds.deadline import deadline
from components.rounds.learning import controller_of
from components.rounds.sharing import SHARED, reported_before, round_number, sharing_rounds

if TYPE_CHECKING:
    from components.training.feed import Feed
    from components.training.shared_weights_policy import SharingPolicy


def train_shared(
    context: SearchContext, feed: "Feed", plan: Plan, candidate: Candidate, watch: Stopwatch
) -> TrainingRecord:
    """Takes a round's steps with the shared network and its controller, from where the round before left them.

    Weights, optimizer and controller are one file of the round, so that a killed search goes on from its last round.

    Args:
        context: of the search.
        feed: its rows.
        plan: of the round.
        candidate: the shared network.
        watch: running since the step began.

    Raises:
        FileNotFoundError: where the file of the round before is not there.
    """
    from components.training.shared_weights import run_sharing

    search, space, (variant,) = context.search, context.space, candidate.variants
    sharing, number = search.training.weight_sharing, round_number(plan.round)
    assert sharing is not None
    result, state = run_sharing(
        lambda: space.shared_network(variant, context.manifest.input_shape, context.manifest.outputs),
        feed,
        search.training,
        sharing,
        cast("SharingPolicy", controller_of(context)),  # the search file lets no other one share weights
        variant=variant.name,
        seed=(search.seed,),  # that of every round: the steps' numbers tell their draws apart
        first_step=(number - 1) * plan.full_steps,
        last_step=number * plan.full_steps,
        total_steps=sharing_rounds(search) * plan.full_steps,
        children=min(search.rounds.candidates_per_round, search.budget.candidates - reported_before(search, number)),
        start=_start(context, number, variant.name),
        deadline=deadline(context.store, plan),
    )
    if state is not None:
        put_unrecorded(context.store, weights_path(plan.round, SHARED, "full", variant.name), state)
    return TrainingRecord(
        candidate=candidate.id,
        phase="full",
        trials=(result.trial,),
        children=tuple(
            Child(
                spec=space.to_json(space.decode(encoded)),
                log_probability=log_probability,
                accuracy=evaluation.accuracy,
                nll=evaluation.nll,
            )
            for encoded, log_probability, evaluation in result.children
        ),
        controller_steps=result.controller_steps,
        span=watch.span(),
    )


def _start(context: SearchContext, number: int, variant: str) -> bytes | None:
    if number == 1:
        return None
    path = weights_path(search_round(number - 1), SHARED, "full", variant)
    state = context.store.read(path)
    if state is None:
        raise FileNotFoundError(f"`{context.store.uri}` must hold {path}, the shared weights.")
    return state
