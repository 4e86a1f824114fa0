"""A layer graph for people: as a formula, and as boxes of a drawing."""

from components.search_spaces.norm_act_layer.primitives import PRIMITIVES
from components.search_spaces.norm_act_layer.simplification import NUMBER, Facts, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, LayerSpec
from components.search_spaces.space import Box

LEAF = 5  # binds stronger than any operation
LEAVES = ("x", "0", "v0", "v1")


def formula(spec: LayerSpec) -> str:
    """Returns the simplified graph as a formula; a sub-expression that is used twice gets a name.

    Example: `x / max(std[bwh](x), x * v1 + std[wh](x))`, or `a * sigmoid(a), a = x / std[whcg](x)`. Numbers have 6
    digits. What isn't shown: the eps in roots, logarithms and divisors, and the affine that follows.
    """
    graph = simplified(spec)
    uses = [0] * (FIRST + len(graph.nodes))
    for node in graph.nodes:
        for source in node.inputs:
            uses[source] += 1
    terms: list[tuple[str, int]] = [(name, LEAF) for name in LEAVES]
    named: list[str] = []
    for index, (op, inputs) in enumerate(graph.nodes, start=FIRST):
        if op == NUMBER:
            text = f"{graph.facts[index].number:.6g}"
            terms.append((text, PRIMITIVES["neg"].binds if text.startswith("-") else LEAF))
            continue
        text = _text(op, [terms[source] for source in inputs])
        binds = PRIMITIVES[op].binds
        if uses[index] > 1:
            name = _name(len(named))
            named.append(f"{name} = {text}")
            text, binds = name, LEAF
        terms.append((text, binds))
    return ", ".join([terms[graph.output][0], *reversed(named)])


def drawing(spec: LayerSpec) -> tuple[Box, ...]:
    """Returns the nodes of the simplified graph as boxes, those that its formula shows; the last one is the output."""
    graph = simplified(spec)
    inputs = [()] * FIRST + [node.inputs for node in graph.nodes]
    labels = [*LEAVES, *(_label(node.op, facts) for node, facts in zip(graph.nodes, graph.facts[FIRST:], strict=True))]
    needed = {graph.output, *(source for sources in inputs for source in sources)}
    kept = sorted(needed, key=lambda index: (index == graph.output, index))
    places = {index: place for place, index in enumerate(kept)}
    return tuple(Box(labels[index], tuple(places[source] for source in inputs[index]), True) for index in kept)


def _label(op: str, facts: Facts) -> str:
    return op if op != NUMBER else f"{facts.number:.6g}"


def _text(op: str, terms: list[tuple[str, int]]) -> str:
    if op == "add" and terms[0][0].startswith("-") and not terms[1][0].startswith("-"):
        terms = terms[::-1]
    row = PRIMITIVES[op]
    if row.binds == LEAF - 1:
        return row.formula.format(*(text for text, _ in terms))
    # The right operand of a quotient, and the operand of a sign, must bind stronger than the operation itself.
    needed = [row.binds, row.binds + (op != "add")] if row.arity == 2 else [row.binds + 1]
    texts = [text if binds >= need else f"({text})" for (text, binds), need in zip(terms, needed, strict=True)]
    if op == "add" and texts[1].startswith("-"):
        return f"{texts[0]} - {texts[1][1:]}"
    return row.formula.format(*texts)


def _name(index: int) -> str:
    letters = "abcdefghijklmnopqrstuw"  # v and x are taken
    return letters[index] if index < len(letters) else f"{letters[index % len(letters)]}{index // len(letters)}"
