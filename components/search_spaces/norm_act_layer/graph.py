"""What tells layers apart, and how they depend on the batch."""

import hashlib

from components.search_spaces.norm_act_layer.primitives import COMMUTATIVE, PRIMITIVES, statistic_of
from components.search_spaces.norm_act_layer.simplification import NUMBER, number_text, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, INITIAL, LayerSpec

_ODD = ("tanh", "log", "sqrt", "mean", "mul")  # f(-x) = -f(x), exactly; a moving average of means, too
_EVEN = ("abs", "square", "rms", "std")  # f(-x) = f(x)
_STATISTICS = {name: (statistic_of(name) or (name,))[0] for name in PRIMITIVES}
_NO_SIGN = frozenset(name for name, statistic in _STATISTICS.items() if statistic in (*_ODD, *_EVEN))
_KEEPS_NO_SIGN = frozenset(name for name, statistic in _STATISTICS.items() if statistic in _EVEN)


def canonical(spec: LayerSpec) -> str:
    """Returns 12 hexadecimal digits that specs share whose simplified graphs are isomorphic.

    Signs are no difference where they only stand at another place: tanh(-x) and -tanh(x) share one id, and so do x * -y
    and -(x * y). A divisor's sign counts where the divisor can be zero, to which eps gives a sign.
    """
    graph = simplified(spec)
    digests, negative = list(INITIAL), [False] * FIRST  # value i is that of digest i, or its negative
    for (op, inputs), facts in zip(graph.nodes, graph.facts[FIRST:], strict=True):
        if op == "neg":
            digests.append(digests[inputs[0]])
            negative.append(not negative[inputs[0]])
            continue
        if facts.number is not None:
            digests.append(_digest(f"{NUMBER} {number_text(facts.number)}"))
            negative.append(False)
            continue
        signs = [negative[source] for source in inputs]
        free = [op in _NO_SIGN] * len(inputs)  # inputs whose signs the digest doesn't hold
        if op == "div":
            free = [True, graph.facts[inputs[1]].nonzero]
        elif op == "add" and all(signs):  # -x + -y = -(x + y)
            free = [True, True]
        words = [_signed(digests[one], sign and not out) for one, sign, out in zip(inputs, signs, free, strict=True)]
        digests.append(_digest(" ".join([op, *(sorted(words) if op in COMMUTATIVE else words)])))
        pulled = [sign for sign, out in zip(signs, free, strict=True) if out][: 1 if op == "add" else None]
        negative.append(op not in _KEEPS_NO_SIGN and sum(pulled) % 2 == 1)
    output = _signed(digests[graph.output], negative[graph.output])
    return (output if graph.output >= FIRST else _digest(output))[:12]


def uses_batch(spec: LayerSpec) -> bool:
    """Returns whether the layer aggregates over the batch."""
    return any(op.endswith("_bwh") for op, _ in simplified(spec).nodes)


def _signed(digest: str, is_negative: bool) -> str:
    return _digest(f"neg {digest}") if is_negative else digest


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
