"""A candidate's record from its spec: canonical id, JSON data, variants and their predicted costs."""

from collections.abc import Sequence
from typing import Any

import msgspec

from components.records.manifest import DataManifest
from components.records.results import Candidate, Variant
from components.rounds.context import SearchContext
from components.search_spaces.space import SearchSpace, Spec


def make_candidate(
    space: SearchSpace,
    spec: Spec,
    manifest: DataManifest,
    variants: Sequence[Variant],
    *,
    suffix: str = "",
    **fields: Any,
) -> Candidate:
    """Returns the record of a spec in the given variants.

    Args:
        space: the space that the spec is of.
        spec: the design.
        manifest: the data that it is tried on.
        variants: its trials, cheapest first; each gets the data's vocabulary.
        suffix: follows the canonical id where one spec stands in a round more than once.
        fields: the other fields of `Candidate`.
    """
    encoded = space.encode(spec)[None]
    shape, outputs = manifest.input_shape, manifest.outputs
    variants = [msgspec.structs.replace(variant, vocabulary=manifest.vocabulary) for variant in variants]
    costs = {variant.name: space.costs(encoded, variant, shape, outputs) for variant in variants}
    return Candidate(
        id=space.canonical(spec) + suffix,
        spec=space.to_json(spec),
        variants=tuple(variants),
        costs={name: {cost: float(values[0]) for cost, values in of.items()} for name, of in costs.items()},
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
    space, suffix = context.space, f"-{variant.name}"
    decoded = space.from_json(spec)
    return make_candidate(space, decoded, context.manifest, [variant], suffix=suffix, origin="winner", parent=parent)


def initialised(variant: Variant, number: int) -> Variant:
    """Returns a variant in another initialisation, counted from 0, which ends its name."""
    return msgspec.structs.replace(variant, name=f"{variant.name}-i{number}", initialisation=number)
