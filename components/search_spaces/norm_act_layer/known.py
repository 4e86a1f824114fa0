"""Published normalization-activation layers as literal specs.

Each is the graph before the affine. Batch and group norm's scale and shift, which stand before the activation, are v1
and v0. Source: EvoNorm B0 and S0 as in the authors' layers, the others as confirmed by a second implementation (`x + 1`
is `x + exp(zero)`, since there is no constant one).

GELU itself, y * Phi(y), is no finite graph of the primitives, which lack the error function; and its approximation
y * sigmoid(1.702 y), after a layer norm, needs more than 10 nodes for that number. The nearest number that fits is
exp(sigmoid(0)) = 1.649, within 0.027 of GELU everywhere. Layer norm's own scale and shift find no room beside it.
"""

from components.search_spaces.norm_act_layer.spec import V0, V1, ZERO, LayerSpec, Node, X


def _normalized(index_set: str) -> tuple[Node, ...]:
    """(x - mean) / std, as nodes 4 to 8."""
    return (
        Node(f"mean_{index_set}", (X,)),
        Node("neg", (4,)),
        Node("add", (X, 5)),
        Node(f"std_{index_set}", (X,)),
        Node("div", (6, 7)),
    )


_SCALED_AND_SHIFTED = (Node("mul", (8, V1)), Node("add", (9, V0)))  # nodes 9 and 10

KNOWN = {
    # max(v1 * (x - mean) / std + v0, 0)
    "BN-ReLU": LayerSpec((*_normalized("bwh"), *_SCALED_AND_SHIFTED, Node("max", (10, ZERO)))),
    # y * sigmoid(y), y = v1 * (x - mean) / std + v0
    "BN-SiLU": LayerSpec(
        (*_normalized("bwh"), *_SCALED_AND_SHIFTED, Node("sigmoid", (10,)), Node("mul", (10, 11))),
    ),
    "GN-ReLU": LayerSpec((*_normalized("whcg"), *_SCALED_AND_SHIFTED, Node("max", (10, ZERO)))),
    # y * sigmoid(b * y), y = (x - mean) / std, b = exp(sigmoid(0)) = 1.649
    "LN-GELU-like": LayerSpec(
        (
            *_normalized("whc"),
            Node("sigmoid", (ZERO,)),
            Node("exp", (9,)),
            Node("mul", (8, 10)),
            Node("sigmoid", (11,)),
            Node("mul", (8, 12)),
        )
    ),
    # x / max(std[bwh], v1 * x + std[wh])
    "EvoNorm-B0": LayerSpec(
        (
            Node("std_bwh", (X,)),
            Node("mul", (V1, X)),
            Node("std_wh", (X,)),
            Node("add", (5, 6)),
            Node("max", (4, 7)),
            Node("div", (X, 8)),
        )
    ),
    # x / max(std[bwh], (x + 1) * rms[wh])
    "EvoNorm-B1": LayerSpec(
        (
            Node("std_bwh", (X,)),
            Node("exp", (ZERO,)),
            Node("add", (X, 5)),
            Node("rms_wh", (X,)),
            Node("mul", (6, 7)),
            Node("max", (4, 8)),
            Node("div", (X, 9)),
        )
    ),
    # x / max(std[bwh], rms[wh] - x)
    "EvoNorm-B2": LayerSpec(
        (
            Node("std_bwh", (X,)),
            Node("rms_wh", (X,)),
            Node("neg", (X,)),
            Node("add", (5, 6)),
            Node("max", (4, 7)),
            Node("div", (X, 8)),
        )
    ),
    # x * sigmoid(v1 * x) / std[whcg]
    "EvoNorm-S0": LayerSpec(
        (
            Node("mul", (V1, X)),
            Node("sigmoid", (4,)),
            Node("mul", (X, 5)),
            Node("std_whcg", (X,)),
            Node("div", (6, 7)),
        )
    ),
    # x * sigmoid(x) / std[whcg]
    "EvoNorm-S1": LayerSpec(
        (Node("sigmoid", (X,)), Node("mul", (X, 4)), Node("std_whcg", (X,)), Node("div", (5, 6))),
    ),
    # x * sigmoid(x) / rms[whcg]
    "EvoNorm-S2": LayerSpec(
        (Node("sigmoid", (X,)), Node("mul", (X, 4)), Node("rms_whcg", (X,)), Node("div", (5, 6))),
    ),
}
