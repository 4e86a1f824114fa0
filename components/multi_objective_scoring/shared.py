"""Scoring a round of shared weights: the candidates that it reports, and which of them are the best few."""

from collections.abc import Sequence

from components.hardware.devices import HOST, open_device
from components.records.results import Child, Plan, ScoredCandidate
from components.records.training_section import WeightSharing
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.outcomes import Outcome, best_first
from components.rounds.profiles import estimated_variant
from components.rounds.rejection_rules import is_non_finite
from components.rounds.sharing import shared_network, shared_training


def shared_outcomes(context: SearchContext, plan: Plan) -> list[Outcome]:
    """Returns what a round of shared weights reports, the most probable first; or why it reports nothing.

    Latency is an estimate for a device of the table, from predicted costs: nothing of its own could be timed.

    Args:
        context: of the search.
        plan: of the round.

    Raises:
        FileNotFoundError: where the network has not been trained yet.
    """
    network, training = shared_network(plan), shared_training(context.store, plan)
    assert network is not None
    if training.failed:
        return [Outcome(network, "failed", training.failed)]
    if not training.children:
        trial = training.trials[0]
        if is_non_finite(trial):
            return [Outcome(network, "non_finite", f"loss not finite at step {trial.steps}")]
        return [Outcome(network, "time_up", f"the budget's time was up at step {trial.steps}")]
    return [_outcome(context, child) for child in training.children]


def chosen_first(
    sharing: WeightSharing, before: Sequence[ScoredCandidate], scored: Sequence[ScoredCandidate]
) -> list[ScoredCandidate]:
    """Returns a round's candidates by the rule that was fixed beforehand; where it has none, those of the one before.

    Qualities of different rounds don't compare, as the shared weights have been trained on since.
    """
    judged = best_first(list(scored)) or list(before)
    return judged if sharing.choice == "reward" else sorted(judged, key=lambda one: -(one.log_probability or 0.0))


def _outcome(context: SearchContext, child: Child) -> Outcome:
    space, scoring = context.space, context.search.scoring
    candidate = make_candidate(context, space.from_json(child.spec), space.variants(), origin="policy")
    if child.nll is None:
        return Outcome(candidate, "non_finite", "outputs not finite with the shared weights")
    (variant,) = candidate.variants
    latency, intensity = None, None
    if scoring.latency == "estimated" and scoring.device != HOST:
        estimate = estimated_variant(candidate, variant.name, open_device(scoring.device), scoring.batch_size)
        latency, intensity = estimate.estimated_latency_ms, estimate.intensity
    return Outcome(
        candidate,
        None,
        variants=(variant.name,),
        fitness=(child.accuracy,),
        latency_ms=latency,
        intensity=intensity,
        log_probability=child.log_probability,
    )
