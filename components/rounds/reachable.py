"""Whether any design of a space meets a search's limits: asked before anything is trained."""

import json
from typing import NamedTuple

import numpy as np

from components.rounds.context import SearchContext
from components.rounds.limits import SizeLimitsOfSearch, limits_of
from components.search_file.problems import InvalidSearch, Problem
from components.search_spaces.space import SearchSpace, Spec

FIELD = "$.rejection.size"
DRAWN = 256  # random designs that are looked at first
NEIGHBOURS = 200  # changed copies of the smallest design so far, in one step of the descent
MOST_STEPS, PATIENCE = 200, 5  # steps of the descent, and how many in a row may find nothing smaller
REACHABLE = 12  # purpose of the draws, part of their seed


class Smallest(NamedTuple):
    """The design whose largest cost over limit is the smallest found, that ratio, and how many were looked at."""

    spec: Spec
    ratio: float
    tried: int


def require_reachable(context: SearchContext) -> None:
    """Refuses limits that no design is found to meet.

    Looked for among random designs, then by changing the smallest of them step by step until nothing makes it smaller.
    Where no choice rules out another, every change of one decision is looked at; so where costs grow with each choice,
    as those of widths do, that is the smallest there is.

    Args:
        context: of the search, whose data are split.

    Raises:
        InvalidSearch: at `$.rejection.size`, naming the smallest design that was found, its costs, and how many were
            tried.
    """
    limits = limits_of(context)
    if limits is None:
        return
    found = smallest(context.space, limits, np.random.default_rng([context.search.seed, REACHABLE]))
    if found.ratio <= 1:
        return
    space, encoded = context.space, context.space.encode(found.spec)[None]
    costs = {name: float(values[0]) for name, values in limits.costs(encoded).items()}
    text = ", ".join(f"{name} {cost:.10g}" for name, cost in costs.items())
    rule = (
        f"met by a design of the space {space.name}; the smallest of {found.tried} tried (random ones, then changes"
        f" that make it smaller) has {text}: {space.formula(found.spec)}"
    )
    raise InvalidSearch([Problem(FIELD, rule, json.dumps(limits.limits))])


def smallest(space: SearchSpace, limits: SizeLimitsOfSearch, rng: np.random.Generator) -> Smallest:
    """Returns a design within the limits, or the smallest that a descent from random ones finds.

    Args:
        space: whose designs are looked for.
        limits: what they have to meet.
        rng: source of every draw.
    """
    drawn = [space.sample(rng) for _ in range(DRAWN)]
    best, tried = _best(space, limits, drawn), {*map(space.canonical, drawn)}
    unimproved = 0
    for _ in range(MOST_STEPS):
        if best.ratio <= 1 or unimproved >= PATIENCE:
            break
        changed = _changed(space, best.spec, rng)
        near = _best(space, limits, changed)
        tried.update(map(space.canonical, changed))
        smaller = near.ratio < best.ratio
        best = near if smaller else best
        unimproved = 0 if smaller else unimproved + 1
    return best._replace(tried=len(tried))


def _changed(space: SearchSpace, spec: Spec, rng: np.random.Generator) -> list[Spec]:
    """A spec's copies with one decision changed in every way; where choices rule out others, some changed at random."""
    if not space.independent:
        return [space.mutate(spec, rng)[0] for _ in range(NEIGHBOURS)]
    found, encoded = [], space.encode(spec)
    for at in range(len(encoded)):
        for choice in np.flatnonzero(space.allowed(encoded[:at].tolist())):
            copy = encoded.copy()
            copy[at] = choice
            found.append(space.decode(copy))
    return found


def _best(space: SearchSpace, limits: SizeLimitsOfSearch, specs: list[Spec]) -> Smallest:
    ratios = limits.ratio(np.stack([space.encode(spec) for spec in specs]))
    at = int(ratios.argmin())
    return Smallest(specs[at], float(ratios[at]), len(specs))
