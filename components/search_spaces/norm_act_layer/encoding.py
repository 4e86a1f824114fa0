"""Layer graphs as fixed-length integer encodings, for policies and for vectorised costs.

A node takes three decisions: its operation (0 is "no node", then the primitives in table order) and two input slots.
A graph of fewer nodes than places ends in "no node"; the second slot of a unary operation is 0.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from components.search_spaces.norm_act_layer.primitives import NAMES, PRIMITIVES
from components.search_spaces.norm_act_layer.spec import FIRST, LayerSpec, Node
from components.search_spaces.space import Categorical

NO_NODE = 0
ARITY = np.array([0, *(primitive.arity for primitive in PRIMITIVES.values())])
SLOTS = 3


def decisions(places: int) -> tuple[Categorical, ...]:
    """Returns the decisions of a graph of up to `places` nodes, in order."""
    return tuple(
        Categorical(f"node {FIRST + place} {part}", choices)
        for place in range(places)
        for part, choices in (("op", len(NAMES) + 1), ("input 1", FIRST + place), ("input 2", FIRST + place))
    )


def encode(spec: LayerSpec, places: int) -> np.ndarray:
    """Returns the decisions of a spec, `[3 * places]`. Raises ValueError where it has more nodes than places."""
    if len(spec.nodes) > places:
        raise ValueError(f"`spec` must have at most {places} nodes. Received: {len(spec.nodes)} nodes.")
    rows = np.zeros((places, SLOTS), np.int64)
    for row, (op, inputs) in zip(rows, spec.nodes):
        row[0] = NAMES.index(op) + 1
        row[1 : 1 + len(inputs)] = inputs
    return rows.ravel()


def decode(encoded: np.ndarray, places: int) -> LayerSpec:
    """Returns the spec of an encoding.

    Raises:
        ValueError: naming the decision, where it is out of range or not allowed after those before it.
    """
    values = np.asarray(encoded)
    if values.shape != (SLOTS * places,) or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"`encoded` must be {SLOTS * places} integers. Received: {values.dtype} {values.shape}.")
    listed = values.tolist()
    for at, decision in enumerate(decisions(places)):
        mask = allowed(listed[:at], places, range(1, len(NAMES) + 1))
        if not (0 <= listed[at] < decision.choices and mask[listed[at]]):
            raise ValueError(
                f"`encoded` must hold an allowed choice for {decision.name} in [0, {decision.choices})."
                f" Received: {listed[at]}."
            )
    return next(specs(values[None]))


def specs(encoded: np.ndarray) -> Iterator[LayerSpec]:
    """Yields the specs of valid encodings, `[n, 3 * places]`."""
    for rows in np.asarray(encoded).reshape(len(encoded), -1, SLOTS).tolist():
        yield LayerSpec(tuple(Node(NAMES[op - 1], tuple(slots[: ARITY[op]])) for op, *slots in rows if op != NO_NODE))


def allowed(prefix: Sequence[int], places: int, ops: Sequence[int]) -> np.ndarray:
    """Returns the mask over the choices of the decision after the prefix, `[choices]`.

    Args:
        prefix: the decisions before it.
        places: nodes that the graph may have at most.
        ops: encoded operations that may be chosen.
    """
    place, part = divmod(len(prefix), SLOTS)
    if part == 0:
        mask = np.zeros(len(NAMES) + 1, bool)
        ended = place >= places or (place > 0 and prefix[-SLOTS] == NO_NODE)
        mask[[NO_NODE] if ended else list(ops)] = True
        mask[NO_NODE] = place > 0
        return mask
    used = ARITY[prefix[len(prefix) - part]] >= part
    return np.arange(FIRST + place) < (FIRST + place if used else 1)
