"""The part of the report about final scaling: comparison, grid and winner, from the records."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from components.records.layout import ROUND_OF_KIND, trial_path
from components.records.results import Candidate, Plan, ScoredCandidate, Scores, TrainingRecord, VariantProfile
from components.records.search import Search
from components.records.store import Store, read_record
from components.records.summary import Summary
from components.report.contents import Compared, Comparison, Held, ScalingGrid, ScalingPoint, Winner
from components.report.gather_rounds import ranked
from components.rounds.limits import limited_costs, limits_by_cost
from components.rounds.profiles import judging_profile, profiles_of
from components.rounds.variants import variant_groups
from components.search_file.stored import get_search
from components.search_spaces.space import SearchSpace

Plans = Mapping[str, Plan]
ScoresOf = Mapping[str, Scores]


def gathered_comparison(store: Store, plans: Plans, scores: ScoresOf, space: SearchSpace) -> Comparison | None:
    """The re-ranked best beside the baselines, best first."""
    path = ROUND_OF_KIND["rerank"]
    if path not in scores or not plans[path].candidates:
        return None
    plan, committed = plans[path], scores[path]
    candidates = {one.id: one for one in plan.candidates}
    chosen = committed.best[0].id if committed.best else None
    return Comparison(
        networks=_networks(plan.candidates[0]),
        steps=plan.full_steps,
        rates_chosen_apart=any(_choosing(plan.candidates[0])),
        rows=tuple(_compared(store, path, candidates[one.id], one, chosen, space) for one in ranked(committed)),
    )


def gathered_grid(store: Store, plans: Plans, scores: ScoresOf) -> ScalingGrid | None:
    """The grid of widths and depths, in the plan's order."""
    path = ROUND_OF_KIND["grid"]
    if path not in scores or not plans[path].candidates:
        return None
    plan, committed = plans[path], scores[path]
    chosen = committed.best[0].id if committed.best else None
    points = []
    for candidate, one in zip(plan.candidates, committed.scored, strict=True):
        variant = candidate.variants[0]
        points.append(
            ScalingPoint(
                width=variant.width,
                depth=variant.depth,
                accuracy=one.quality,
                latency_ms=one.latency_ms,
                reward=one.reward,
                parameters=_parameters(store, path, candidate),
                chosen=one.id == chosen,
                note=one.detail,
            )
        )
    return ScalingGrid(network=plan.candidates[0].variants[0].network, steps=plan.full_steps, points=tuple(points))


def gathered_winner(
    store: Store, plans: Plans, scores: ScoresOf, space: SearchSpace, summary: Summary | None
) -> Winner | None:
    """The design that was scaled and trained, once the search has its summary."""
    if summary is None or summary.winner is None:
        return None
    won, path = summary.winner, ROUND_OF_KIND["winner"]
    spec = space.from_json(won.spec)
    trained = scores[path].best[0] if path in scores and scores[path].best else None
    grid = scores[ROUND_OF_KIND["grid"]]
    return Winner(
        id=won.id,
        formula=won.formula,
        drawing=space.drawing(spec),
        network=won.network,
        width=won.width,
        depth=won.depth,
        learning_rate=won.learning_rate,
        parameters=won.parameters,
        accuracy=trained.quality if trained else None,
        latency_ms=won.latency_ms,
        steps=plans[path].full_steps,
        profile=_profile(store, plans[grid.round], grid.best[0].id) if grid.best else (),
    )


def gathered_limits(search: Search, plans: Plans, winner: Winner | None) -> tuple[Held, ...]:
    """The hard limits of a search, on predicted costs and on the measured latency, beside those of the winner."""
    limits = limits_by_cost(search.rejection.size)
    path = ROUND_OF_KIND["winner"]
    candidates = plans[path].candidates if winner is not None and path in plans else ()
    costs: dict[str, float] = {}
    for of_variant in candidates[0].costs.values() if candidates else ():
        costs = limited_costs(of_variant, tuple(limits), search.scoring)
    held = [Held(field=f"rejection.size.{name}", most=most, winner=costs.get(name)) for name, most in limits.items()]
    measured = search.rejection.measured_latency_ms
    if measured is not None:
        latency = winner.latency_ms if winner is not None else None
        held.append(Held(field="rejection.measured_latency_ms", most=measured, winner=latency))
    return tuple(held)


def _profile(store: Store, plan: Plan, point: str) -> tuple[VariantProfile, ...]:
    """What is known of a point's latency, that on the device that decides first."""
    candidate = next(one for one in plan.candidates if one.id == point)
    names = [variant.name for variant in candidate.variants]
    judging = judging_profile(store, plan.round, candidate, names, get_search(store).scoring)
    decisive = judging.variants if judging else ()
    rows = [one for profile in profiles_of(store, plan.round, point) for one in profile.variants]
    return (*decisive, *(one for one in rows if one not in decisive))


def _compared(
    store: Store, path: str, candidate: Candidate, one: ScoredCandidate, chosen: str | None, space: SearchSpace
) -> Compared:
    is_chosen = one.id == chosen
    return Compared(
        name=candidate.change if one.role == "baseline" else one.id,
        role="baseline" if one.role == "baseline" else "winner" if is_chosen else "searched",
        **_qualities(candidate, one),
        latency_ms=one.latency_ms,
        reward=one.reward,
        parameters=_parameters(store, path, candidate),
        formula=space.formula(space.from_json(one.spec)),
        note=one.detail,
    )


def _networks(candidate: Candidate) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variant.network for variant in candidate.variants))


def _choosing(candidate: Candidate) -> list[bool]:
    """Of each group of variants, whether it chose a learning rate that further initialisations were then trained at."""
    groups = variant_groups(candidate.variants)
    further = [group[0].network for group in groups if group[0].initialisation > 0]
    return [len(group) > 1 and group[0].initialisation == 0 and group[0].network in further for group in groups]


def _qualities(candidate: Candidate, one: ScoredCandidate) -> dict[str, Any]:
    """Accuracy, its spread over the initialisations, and learning rate in each network; and the mean accuracy.

    An initialisation that chose the rate is left out: the best of several rates on the rows that it was chosen by looks
    better than it is.
    """
    networks = [group[0].network for group in variant_groups(candidate.variants)]
    rates = {variant.network: variant.learning_rate for variant in candidate.variants if variant.name in one.variants}
    counted = [
        (network, fitness) for network, fitness, chose in zip(networks, one.fitness, _choosing(candidate)) if not chose
    ]
    found = [[fitness for network, fitness in counted if network == wanted] for wanted in _networks(candidate)]
    return {
        "mean": float(np.mean([fitness for _, fitness in counted])) if counted else None,
        "accuracy": tuple(float(np.mean(each)) if each else None for each in found),
        "spread": tuple(float(np.std(each, ddof=1)) if len(each) > 1 else None for each in found),
        "learning_rates": tuple(rates.get(network) for network in _networks(candidate)),
    }


def _parameters(store: Store, path: str, candidate: Candidate) -> int | None:
    """Trainable parameters of a candidate's first variant, as built."""
    record = read_record(store, f"{trial_path(path, candidate.id)}/training.json", TrainingRecord)
    return record.trials[0].parameters if record and record.trials else None
