"""A candidate's record from its spec: canonical id, JSON data, variants and their predicted costs."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from components.records.results import Candidate, Variant
from components.rounds.context import SearchContext
from components.rounds.limits import predicted_costs
from components.search_spaces.space import Spec


def make_candidate(
    context: SearchContext, spec: Spec, variants: Sequence[Variant], *, suffix: str = "", **fields: Any
) -> Candidate:
    """Returns the record of a spec in the given variants.

    Args:
        context: of the search, for the space that the spec is of and the data that it is tried on.
        spec: the design.
        variants: its trials, cheapest first; each gets the data's vocabulary.
        suffix: follows the canonical id where one spec stands in a round more than once.
        fields: the other fields of `Candidate`.
    """
    space, manifest, layers = context.space, context.manifest, context.layer_latencies
    encoded = space.encode(spec)[None]
    variants = [msgspec.structs.replace(variant, vocabulary=manifest.vocabulary) for variant in variants]
    costs = {variant.name: predicted_costs(space, manifest, layers, encoded, variant) for variant in variants}
    found = {name: {cost: float(values[0]) for cost, values in of.items()} for name, of in costs.items()}
    return Candidate(
        id=space.canonical(spec) + suffix,
        spec=space.to_json(spec),
        variants=tuple(variants),
        # Without the latency of layers that were not measured: one of them alone is over another limit.
        costs={name: {cost: value for cost, value in of.items() if isfinite(value)} for name, of in found.items()},
        **fields,
    )


def scaled_candidate(context: SearchContext, spec: Any, parent: str, variant: Variant) -> Candidate:
    """Returns the record of a found design in one variant of its own.

    Args:
        context: of the search.
        spec: the design as JSON data.
        parent: id of the candidate that it comes from.
        variant: network, width, depth and initialisation; its name ends the candidate's id.
    """
    decoded = context.space.from_json(spec)
    return make_candidate(context, decoded, [variant], suffix=f"-{variant.name}", origin="winner", parent=parent)


def initialised(variant: Variant, number: int) -> Variant:
    """Returns a variant in another initialisation, counted from 0, which ends its name."""
    return msgspec.structs.replace(variant, name=f"{variant.name}-i{number}", initialisation=number)
