"""Published normalization-activation layers as literal specs.

Each is the graph before the affine. Batch norm's scale and shift, which stand before the activation, are v1 and v0.
Source: EvoNorm B0 and S0 as in the authors' layers, the others as confirmed by a second implementation (`x + 1` is
`x + exp(zero)`, since there is no constant one).
"""

from components.search_spaces.norm_act_layer.spec import V0, V1, ZERO, LayerSpec, Node, X

_BATCH_NORM = (
    Node("mean_bwh", (X,)),
    Node("neg", (4,)),
    Node("add", (X, 5)),
    Node("std_bwh", (X,)),
    Node("div", (6, 7)),
    Node("mul", (8, V1)),
    Node("add", (9, V0)),
)

KNOWN = {
    # max(v1 * (x - mean) / std + v0, 0)
    "BN-ReLU": LayerSpec((*_BATCH_NORM, Node("max", (10, ZERO)))),
    # y * sigmoid(y), y = v1 * (x - mean) / std + v0
    "BN-SiLU": LayerSpec((*_BATCH_NORM, Node("sigmoid", (10,)), Node("mul", (10, 11)))),
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
