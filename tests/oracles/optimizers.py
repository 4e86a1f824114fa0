"""Published optimizers, weight after weight in NumPy (float64), each written out from its own formula."""

import math

import numpy as np

FACTORS = {
    "": lambda t, total: 1.0,
    "-ld": lambda t, total: 1 - t / total,
    "-cd": lambda t, total: (1 + math.cos(math.pi * t / total)) / 2,
    "-rd_10": lambda t, total: (1 + math.cos(math.pi * math.fmod(10 * t, total) / total)) / 2,
    "-rd_20": lambda t, total: (1 + math.cos(math.pi * math.fmod(20 * t, total) / total)) / 2,
}


def sgd(weight, gradients, rate):
    """w - rate g."""
    for g in gradients:
        weight = weight - rate * g
    return weight


def momentum(weight, gradients, rate, beta=0.9):
    """w - rate m, m the average of the gradients so far with weights that fall by beta a step and add up to 1."""
    for t in range(len(gradients)):
        shares = beta ** np.arange(t, -1, -1.0)
        weight = weight - rate * np.tensordot(shares / shares.sum(), gradients[: t + 1], 1)
    return weight


def rms_prop(weight, gradients, rate, beta=0.999, delta=1e-8):
    """w - rate g / (sqrt(v) + delta), v the average of g^2, corrected."""
    v = 0.0
    for t, g in enumerate(gradients, start=1):
        v = beta * v + (1 - beta) * g**2
        weight = weight - rate * g / (np.sqrt(v / (1 - beta**t)) + delta)
    return weight


def adam(weight, gradients, rate, beta1=0.9, beta2=0.999, delta=1e-8):
    """Algorithm 1 of Kingma and Ba."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        weight = weight - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + delta)
    return weight


def sign_rule(name, weight, gradients, rate, total):
    """PowerSign and AddSign with each decay, as the authors' release: m_0 = 0, m moves before it is used."""
    family, _, rest = name.partition("Sign")
    alpha = 2.0 if rest == "-2" else {"Power": math.e, "Add": 1.0}[family]
    factor = FACTORS["" if rest == "-2" else rest]
    m = 0.0
    for t, g in enumerate(gradients):
        m = 0.9 * m + 0.1 * g
        agreement = factor(min(t, total), total) * np.sign(g) * np.sign(m)
        weight = weight - rate * (alpha**agreement if family == "Power" else alpha + agreement) * g
    return weight
