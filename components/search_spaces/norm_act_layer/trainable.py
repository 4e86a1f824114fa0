"""Searched graphs that train in all three networks: the fixed rows of `make bench`.

Found among screened random graphs by 100 steps on 8x8 digits; each reached an accuracy above 0.6 in every one.
"""

from components.search_spaces.norm_act_layer.spec import V0, V1, ZERO, LayerSpec, Node, X

TRAINABLE = {
    "x / mean[whc](std[whcg](x))": LayerSpec((Node("std_whcg", (X,)), Node("mean_whc", (4,)), Node("div", (X, 5)))),
    "tanh(x / max(0, v1))": LayerSpec((Node("max", (ZERO, V1)), Node("div", (X, 4)), Node("tanh", (5,)))),
    "tanh(tanh(x * v1))": LayerSpec((Node("mul", (X, V1)), Node("tanh", (4,)), Node("tanh", (5,)))),
    "-sigmoid(x / std[wh](x))": LayerSpec(
        (Node("std_wh", (X,)), Node("div", (X, 4)), Node("sigmoid", (5,)), Node("neg", (6,)))
    ),
    "-(v0 + sqrt(x))": LayerSpec((Node("sqrt", (X,)), Node("add", (V0, 4)), Node("neg", (5,)))),
    "rms[whc](v1) * sqrt(x)": LayerSpec((Node("rms_whc", (V1,)), Node("sqrt", (X,)), Node("mul", (4, 5)))),
    "max(std[whcg](v1), tanh(x))": LayerSpec((Node("std_whcg", (V1,)), Node("tanh", (X,)), Node("max", (4, 5)))),
    "max(x, 0.00316228) / rms[whc](max(x, v1))": LayerSpec(
        (
            Node("std_whcg", (ZERO,)),
            Node("max", (X, 4)),
            Node("max", (X, V1)),
            Node("rms_whc", (6,)),
            Node("div", (5, 7)),
        )
    ),
}
