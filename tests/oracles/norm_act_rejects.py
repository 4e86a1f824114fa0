"""Layers that training must reject, each for one reason, though they pass both screens.

Tried in the networks at width and depth 1 on scikit-learn's 8x8 digits, batch 64, Nesterov SGD at rate 0.1.
"""

from components.search_spaces.norm_act_layer.spec import V1, ZERO, LayerSpec, Node, X

# relu(x) times its channel's mean: quadratic in x, so that the loss overflows within a few steps.
NON_FINITE = LayerSpec((Node("max", (X, ZERO)), Node("mean_wh", (X,)), Node("mul", (4, 5))))

# tanh(log(x)) jumps where x crosses zero and is flat elsewhere: it stays near chance, 0.1.
POOR_QUALITY = LayerSpec((Node("log", (X,)), Node("tanh", (4,))))

# tanh(x) * exp(exp(1 / v1 - 1) - 1) trains to 0.95, since v1 stays near 1, where the factor is 1 with slope -1.
# Ascent on the gradient norm moves v1 towards the pole at 0: beyond 1e8, or not finite, within 20 steps of 0.1.
UNSTABLE = LayerSpec(
    (
        Node("exp", (ZERO,)),
        Node("neg", (4,)),
        Node("div", (4, V1)),
        Node("add", (5, 6)),
        Node("exp", (7,)),
        Node("add", (5, 8)),
        Node("exp", (9,)),
        Node("tanh", (X,)),
        Node("mul", (10, 11)),
    )
)
