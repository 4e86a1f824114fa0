"""Published update rules as literal specs.

How they relate to the optimizers of these names, with the default behaviour (beta1 0.9, beta2 0.999, bias correction):

- SGD is g: `keras.optimizers.SGD` exactly.
- Momentum is m, an average of gradients with bias correction. Without the correction it is SGD with momentum beta1 (not
  Nesterov's) at rate * (1 - beta1), since m = (1 - beta1) * (sum of beta1^i g); with it, that rate is divided by
  1 - beta1^t at step t = 1, 2, ….
- RMSProp is the operand `rmsprop`. Without bias correction it is `keras.optimizers.RMSprop(rho=beta2)`, but for where
  epsilon stands (here beside the root, there under it).
- Adam is the operand `adam`: `keras.optimizers.Adam`, but for epsilon, which Keras leaves uncorrected: there it is
  epsilon / sqrt(1 - beta2^t).
- PowerSign is alpha^(f(t) sign(g) sign(m)) g, e for alpha; AddSign (alpha + f(t) sign(g) sign(m)) g, 1 for alpha. f is
  1, or the decay that ends the name. Bias correction changes no sign.

Source: Neural Optimizer Search; PowerSign, AddSign, their decays and their forms with alpha = 2 as in the authors' own
list and release. The rules of its first version, but for PowerSign, are known from memory alone and left out.
NOTE: which n the restarts rd_n had is not certain; 10 and 20 are taken.
"""

from components.search_spaces.update_rule.spec import Group, RuleSpec

DECAYS = ("ld", "cd", "rd_10", "rd_20")
_AGREEMENT = Group("sign(g)", "sign(m)", "identity", "identity", "mul")  # 1 where g and m agree, else -1 (or 0)


def _alone(operand: str) -> RuleSpec:
    return RuleSpec((Group(operand, "1", "identity", "identity", "left"),))


def _decayed(decay: str) -> tuple[Group, Group]:
    """decay * sign(g) * sign(m), as results 1 and 2."""
    return (
        Group(decay, "sign(g)", "identity", "identity", "mul"),
        Group("#1", "sign(m)", "identity", "identity", "mul"),
    )


def _power_sign(decay: str) -> RuleSpec:
    return RuleSpec((*_decayed(decay), Group("#2", "g", "exp", "identity", "mul")))


def _add_sign(decay: str) -> RuleSpec:
    return RuleSpec(
        (
            *_decayed(decay),
            Group("1", "#2", "identity", "identity", "add"),
            Group("#3", "g", "identity", "identity", "mul"),
        )
    )


KNOWN = {
    "SGD": _alone("g"),
    "Momentum": _alone("m"),
    "RMSProp": _alone("rmsprop"),
    "Adam": _alone("adam"),
    # e^(sign(g) * sign(m)) * g
    "PowerSign": RuleSpec((_AGREEMENT, Group("#1", "g", "exp", "identity", "mul"))),
    **{f"PowerSign-{decay}": _power_sign(decay) for decay in DECAYS},
    # 2^(sign(g) * sign(m)) * g
    "PowerSign-2": RuleSpec(
        (
            _AGREEMENT,
            Group("2", "#1", "identity", "identity", "pow"),
            Group("#2", "g", "identity", "identity", "mul"),
        )
    ),
    # (1 + sign(g) * sign(m)) * g
    "AddSign": RuleSpec(
        (
            _AGREEMENT,
            Group("1", "#1", "identity", "identity", "add"),
            Group("#2", "g", "identity", "identity", "mul"),
        )
    ),
    **{f"AddSign-{decay}": _add_sign(decay) for decay in DECAYS},
    # (2 + sign(g) * sign(m)) * g
    "AddSign-2": RuleSpec(
        (
            _AGREEMENT,
            Group("2", "#1", "identity", "identity", "add"),
            Group("#2", "g", "identity", "identity", "mul"),
        )
    ),
}
