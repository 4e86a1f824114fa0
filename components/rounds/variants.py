"""Variants that differ in nothing but their learning rate: of each such group the best stands for all."""

import math
from collections.abc import Collection, Iterable, Sequence

from components.records.results import Candidate, TrialResult, Variant
from components.rounds.rejection_rules import is_non_finite
from components.training.seeds import trial_seed

Group = tuple[Variant, ...]


def variant_groups(variants: Iterable[Variant]) -> list[Group]:
    """Returns variants in groups that differ in nothing but their learning rate, in the order of their first."""
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(_group_name(variant), []).append(variant)
    return [tuple(group) for group in groups.values()]


def best_trial(group: Group, trials: Sequence[TrialResult]) -> TrialResult | None:
    """Returns the trial that stands for a group: that of the highest accuracy, and then of the lowest NLL.

    Where none was trained to the end with finite outputs, the first one that was tried at all; None where the group has
    no trial. Equal trials go to the lower learning rate.
    """
    results = {trial.variant: trial for trial in trials}
    own = [results[variant.name] for variant in sorted(group, key=_rate) if variant.name in results]
    usable = [one for one in own if one.accuracy is not None and not is_non_finite(one)]
    if usable:
        return min(usable, key=lambda one: (one.status != "trained", -(one.accuracy or 0.0), _nll(one)))
    return next((one for one in own if one.status != "not_built"), own[0] if own else None)


def best_trials(candidate: Candidate, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Returns the trial that stands for each group of a candidate, in the order of its variants."""
    best = (best_trial(group, trials) for group in variant_groups(candidate.variants))
    return [trial for trial in best if trial is not None]


def cut_sweep(candidate: Candidate, trials: Sequence[TrialResult]) -> TrialResult | None:
    """Returns the first trial that time cut off in a group of which more than one was tried; None where there is none.

    The best of the rates that had their turn need not be the best of all, so such a group has no result.
    """
    results = {trial.variant: trial for trial in trials if trial.status != "not_built"}
    for group in variant_groups(candidate.variants):
        tried = [results[one.name] for one in group if one.name in results]
        cut = [one for one in tried if one.status == "time_up"]
        if cut and len(tried) > 1:
            return cut[0]
    return None


def timed_variants(candidate: Candidate, names: Collection[str]) -> tuple[str, ...]:
    """Returns the names of the variants that are timed: the first in each network, width and depth.

    Learning rates and initialisations of a network take equally long.

    Args:
        candidate: the candidate.
        names: of its variants that count: places where none does are left out.
    """
    first: dict[tuple[str, float, float], str] = {}
    for variant in candidate.variants:
        first.setdefault(_place(variant), variant.name)
    places = {_place(variant) for variant in candidate.variants if variant.name in names}
    return tuple(name for place, name in first.items() if place in places)


def at_places_of(candidate: Candidate, names: Collection[str]) -> set[str]:
    """Returns the names of all variants in the network, width and depth of one of these."""
    places = {_place(variant) for variant in candidate.variants if variant.name in names}
    return {variant.name for variant in candidate.variants if _place(variant) in places}


def variant_seed(search_seed: int, round_path: str, candidate: Candidate, variant: Variant) -> tuple[int, ...]:
    """Returns the seed of a trial; a group shares it: its rates start from the same weights and see the same rows."""
    return trial_seed(search_seed, round_path, candidate.id, _group_name(variant))


def worth_training(group: Group, variants: Sequence[Variant], trials: Sequence[TrialResult]) -> Group:
    """Returns which of a group are trained: all, but of a further initialisation only the rate that the first found.

    Args:
        group: of the candidate.
        variants: all of the candidate.
        trials: of the groups before it.
    """
    place = _place(group[0])
    first = [one for one in variants if one.initialisation < group[0].initialisation and _place(one) == place]
    best = best_trial(tuple(first), trials)
    found = [one.learning_rate for one in first if best is not None and one.name == best.variant]
    return tuple(one for one in group if not found or one.learning_rate == found[0])


def _group_name(variant: Variant) -> str:
    if variant.learning_rate is None:
        return variant.name
    return f"{variant.network}-w{variant.width:g}-d{variant.depth:g}-i{variant.initialisation}"


def _rate(variant: Variant) -> float:
    return variant.learning_rate or 0.0


def _nll(trial: TrialResult) -> float:
    return math.inf if trial.nll is None else trial.nll


def _place(variant: Variant) -> tuple[str, float, float]:
    return variant.network, variant.width, variant.depth
