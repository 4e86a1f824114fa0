"""Layers that training must reject, each for one reason, though they pass both screens.

Tried in the networks at width and depth 1 on scikit-learn's 8x8 digits, batch 64, Nesterov SGD at rate 0.1.
"""

from components.search_spaces.norm_act_layer.spec import V1, ZERO, LayerSpec, Node, X

# exp(log(sqrt(x))) is sqrt|x| or its inverse, by the sign of x: the loss is NaN after 4 or 5 steps in each network.
NON_FINITE = LayerSpec((Node("sqrt", (X,)), Node("log", (4,)), Node("exp", (5,))))

# -a * sigmoid(a), a = sigmoid(x): nearly constant, and no statistic restores the scale; it stays at chance, 0.1.
POOR_QUALITY = LayerSpec((Node("sigmoid", (X,)), Node("sigmoid", (4,)), Node("mul", (4, 5)), Node("neg", (6,))))

# tanh(x) * exp(exp(1 / v1 - 1) - 1) trains to 0.95, since v1 stays near 1, where the factor is 1 with slope -1.
# Ascent on the gradient norm moves v1 towards the pole at 0: in the residual network the norm passes 1e8 within
# 10 steps of 0.1, in the EfficientNet-like one within 20.
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
