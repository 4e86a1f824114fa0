"""Draws proposals until enough of them pass the screens before building, and counts what the screens drop."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from components.controllers.controller import Controller, Proposal
from components.search_spaces.space import SearchSpace, Spec

RAW_PER_CANDIDATE = 5000  # raw draws for each wanted candidate, after which a round takes what it has
SAME_ORIGIN = 2000  # of these at most so many in a row of one origin; then the controller chooses again
CONVERGED = 5000  # draws of a policy in a row, all tried before, after which a round takes what it has
AT_ONCE = 256  # raw draws that are asked for at once, at most


class Proposed(NamedTuple):
    """A spec that passed the screens, with where it came from (see `Candidate`)."""

    spec: Spec
    origin: Literal["random", "mutation", "policy", "known"]
    change: str
    parent: str | None


def screened_proposals(
    space: SearchSpace,
    controller: Controller,
    state: object,
    *,
    wanted: int,
    seen: set[str],
    known: Mapping[str, Spec],
    rng: np.random.Generator,
) -> tuple[list[Proposed], dict[str, int]]:
    """Returns at most `wanted` distinct proposals and how many raw ones each reason dropped.

    Args:
        space: what is searched.
        controller: proposes; its state does not change.
        state: the controller's.
        wanted: how many to return; fewer where the raw draws run out, or where a policy has converged: it draws nothing
            but what was tried before, `CONVERGED` times in a row.
        seen: canonical ids of earlier rounds.
        known: published designs that enter first, unscreened.
        rng: source of every draw.
    """
    kept: dict[str, Proposed] = {}
    for name, spec in list(known.items())[:wanted]:
        kept.setdefault(space.canonical(spec), Proposed(spec, "known", name, None))
    dropped: Counter[str] = Counter(raw=0)
    over_limit = 0
    previous: Proposal | None = None
    in_a_row = repeated = 0
    most = RAW_PER_CANDIDATE * wanted
    while len(kept) < wanted and dropped["raw"] < most and repeated < CONVERGED:
        # As many more as were drawn so far: a block is large only where the screens drop most of what is drawn.
        count = min(max(wanted - len(kept), dropped["raw"]), AT_ONCE, most - dropped["raw"])
        for proposal in controller.propose_several(state, rng, count, previous if in_a_row % SAME_ORIGIN else None):
            if len(kept) >= wanted or repeated >= CONVERGED:
                break
            dropped["raw"] += 1
            over_limit += proposal.over_limit
            identity = space.canonical(proposal.spec)
            reason = _dropped(space, proposal.spec, identity, seen | kept.keys(), rng)
            repeated = repeated + 1 if reason == "seen_before" and proposal.origin == "policy" else 0
            if reason:
                dropped[reason] += 1
                previous, in_a_row = proposal, in_a_row + 1
            else:
                kept[identity] = Proposed(proposal.spec, proposal.origin, proposal.change, proposal.parent)
                in_a_row = 0
    if over_limit:  # after the loop, as they are no proposals and don't count against the raw draws of a round
        dropped["over_limit"] = over_limit
        dropped["raw"] += over_limit
    return list(kept.values()), dict(sorted(dropped.items()))


def _dropped(space: SearchSpace, spec: Spec, identity: str, taken: set[str], rng: np.random.Generator) -> str | None:
    reason = space.static_screen(spec)
    if reason:
        return reason
    if identity in taken:
        return "seen_before"
    return space.numerical_screen(spec, rng)
