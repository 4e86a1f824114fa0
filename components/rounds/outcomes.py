"""What became of a candidate: its fitness and latency, or why it has none, gathered from its records."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from components.objectives.reward import weighted_product
from components.records.layout import trial_path
from components.records.results import (
    Candidate,
    Plan,
    Reason,
    ScoredCandidate,
    TrainingRecord,
    TrialResult,
    VariantProfile,
    Verdict,
)
from components.records.search import Scoring, Search
from components.records.store import Store, require_record
from components.rounds.judgement import judged_by_profile
from components.rounds.profiles import judging_profile
from components.rounds.rejection_rules import is_non_finite
from components.rounds.variants import at_places_of, best_trials, cut_sweep, timed_variants, variant_groups


class Outcome(NamedTuple):
    """A candidate's objectives, or the reason why it has none.

    Fields:
        variants: names of those that count: of each group that differs in nothing but the learning rate, the best.
        fitness: validation accuracy of each group in the candidate's order; 0 for one that was not kept.
        latency_ms, intensity, efficiency: geometric means over the networks (see `timed_variants`); None where it was
            not profiled.
        log_probability: of a candidate that was judged with shared weights, as in `Child`.
    """

    candidate: Candidate
    reason: Reason | None
    detail: str = ""
    variants: tuple[str, ...] = ()
    fitness: tuple[float, ...] = ()
    latency_ms: float | None = None
    intensity: float | None = None
    efficiency: float | None = None
    log_probability: float | None = None


def outcome(store: Store, plan: Plan, candidate: Candidate, search: Search) -> Outcome:
    """Returns what a candidate's records say.

    In a search round under the rule `none`, a network whose loss is not finite, in the probe or later, counts 0.

    Args:
        store: the search's.
        plan: of the round.
        candidate: one of the round.
        search: says which latency counts, and by what rule a candidate is rejected.

    Raises:
        FileNotFoundError: where the candidate has not gone all its way yet.
    """
    folder = trial_path(plan.round, candidate.id)
    if plan.probe_steps:
        verdict = require_record(store, f"{folder}/verdict.json", Verdict)
        if verdict.reason is not None:
            return Outcome(candidate, verdict.reason, verdict.detail)
    judged = judged_by_profile(store, plan, candidate, [one.name for one in candidate.variants], search)
    if judged.reason is not None:
        return Outcome(candidate, judged.reason, judged.detail)
    training = require_record(store, f"{folder}/training.json", TrainingRecord)
    if training.failed:
        return Outcome(candidate, "failed", training.failed)
    trials = best_trials(candidate, training.trials)
    finite = [trial for trial in trials if not is_non_finite(trial)]
    spared = plan.kind == "search" and search.rejection.rule == "none"
    counted = finite if finite and spared else trials
    reason, detail = _why_not(plan, counted, cut_sweep(candidate, training.trials))
    if reason is not None:
        return Outcome(candidate, reason, detail)
    names = tuple(trial.variant for trial in counted if trial.accuracy is not None)
    fitness = _fitness(candidate, counted)
    profile = judging_profile(store, plan.round, candidate, timed_variants(candidate, names), search.scoring)
    if profile is None or not profile.variants:
        return Outcome(candidate, None, "", names, fitness)
    timed = at_places_of(candidate, names)
    profiles = [one for one in profile.variants if one.variant in timed]
    return Outcome(
        candidate,
        None,
        "",
        names,
        fitness,
        _geometric_mean([latency_ms(one, search.scoring) for one in profiles]),
        _geometric_mean([one.intensity for one in profiles]),
        _geometric_mean([one.measured_efficiency for one in profiles]),
    )


def latency_ms(profile: VariantProfile, scoring: Scoring) -> float | None:
    """Returns the latency that scoring uses: measured, or estimated."""
    return profile.latency_ms if scoring.latency == "measured" else profile.estimated_latency_ms


def scored_candidate(of: Outcome, plan: Plan, scoring: Scoring, latency_target_ms: float | None) -> ScoredCandidate:
    """Returns an outcome with its reward; the reward is None where there is no latency for it."""
    quality = float(np.mean(of.fitness)) if of.fitness else None
    reward = None
    if quality is not None and (of.latency_ms is not None or scoring.latency_weight == 0):
        reward = weighted_product(
            scoring,
            quality=quality,
            latency_ms=of.latency_ms,
            latency_target_ms=latency_target_ms,
            intensity=of.intensity,
            efficiency=of.efficiency,
        )
    return ScoredCandidate(
        id=of.candidate.id,
        round=plan.round,
        role=of.candidate.role,
        spec=of.candidate.spec,
        reason=of.reason,
        detail=of.detail,
        variants=of.variants,
        fitness=of.fitness,
        quality=quality,
        latency_ms=of.latency_ms,
        reward=reward,
        log_probability=of.log_probability,
    )


def best_first(candidates: list[ScoredCandidate]) -> list[ScoredCandidate]:
    """Returns the candidates that have a reward, highest first; equal ones by quality, then by id."""
    rewarded = [one for one in candidates if one.reward is not None]
    return sorted(rewarded, key=lambda one: (-(one.reward or 0.0), -(one.quality or 0.0), one.id))


def _fitness(candidate: Candidate, trials: Sequence[TrialResult]) -> tuple[float, ...]:
    accuracies = {trial.variant: trial.accuracy or 0.0 for trial in trials}
    groups = variant_groups(candidate.variants)
    return tuple(next((accuracies[one.name] for one in group if one.name in accuracies), 0.0) for group in groups)


def _why_not(plan: Plan, trials: Sequence[TrialResult], cut: TrialResult | None) -> tuple[Reason | None, str]:
    """Why a training gives no fitness. A finishing round takes what there is; a search round and a sweep must be whole.

    Args:
        plan: of the round.
        trials: those that count.
        cut: where time cut off a sweep of learning rates.
    """
    if cut is not None:
        return "time_up", _time_up(cut)
    for trial in trials:
        if is_non_finite(trial):
            return "non_finite", f"{trial.variant}: loss not finite at step {trial.steps}"
        if trial.accuracy is None or (trial.status == "time_up" and plan.kind == "search"):
            return "time_up", _time_up(trial)
    return (None, "") if trials else ("failed", "no variant was trained")


def _time_up(trial: TrialResult) -> str:
    return f"{trial.variant}: the budget's time was up at step {trial.steps}"


def _geometric_mean(values: list[float | None]) -> float | None:
    """The geometric mean of positive values; None where one is missing."""
    known = [value for value in values if value is not None]
    return float(np.exp(np.mean(np.log(known)))) if known and len(known) == len(values) else None
