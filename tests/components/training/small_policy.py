"""A policy for tests of weight sharing: independent logits, plain REINFORCE, a set of feasible designs."""

from itertools import product
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load, save


class State(NamedTuple):
    """Logits `[decisions, choices]`, a moving average of qualities, and how many steps taught and were skipped."""

    logits: np.ndarray
    baseline: float = 0.0
    updates: int = 0
    skipped: int = 0


class SmallPolicy:
    """Draws every design, learns from those that are feasible."""

    def __init__(self, decisions, choices, feasible=lambda encoded: True, rate=0.3):
        self.shape, self.feasible, self.rate = (decisions, choices), feasible, rate
        self.learnt = []  # (encoded, quality) of all calls, for the tests

    def initial(self, rng):
        return State(np.zeros(self.shape))

    def draw(self, state, rng, count):
        return np.array([[rng.choice(len(p), p=p) for p in _softmax(state.logits)] for _ in range(count)])

    def judges(self, encoded):
        return np.array([self.feasible(one) for one in encoded.tolist()])

    def learn(self, state, encoded, quality, rng, passed_over=0):
        state = state._replace(skipped=state.skipped + passed_over)
        self.learnt.append((encoded.tolist(), quality))
        if not self.feasible(encoded.tolist()):
            return state._replace(skipped=state.skipped + 1)
        rng.random()  # as a Monte-Carlo correction draws, too
        chosen = np.eye(self.shape[1])[encoded]
        logits = state.logits + self.rate * (quality - state.baseline) * (chosen - _softmax(state.logits))
        return State(logits, 0.9 * state.baseline + 0.1 * quality, state.updates + 1, state.skipped)

    def most_probable(self, state, count):
        logs = np.log(_softmax(state.logits))
        every = [one for one in product(range(self.shape[1]), repeat=self.shape[0]) if self.feasible(list(one))]
        if not every:
            return []
        scores = np.array([sum(logs[at, choice] for at, choice in enumerate(one)) for one in every])
        inside = scores - np.log(np.exp(scores).sum())
        order = np.argsort(-scores, kind="stable")[:count]
        return [(np.array(every[at]), float(inside[at])) for at in order]

    def counts(self, state):
        return {"learnt": state.updates, "skipped": state.skipped}

    def encode_state(self, state):
        data = {"baseline": state.baseline, "updates": state.updates, "skipped": state.skipped}
        return data, save({"logits": state.logits})

    def decode_state(self, data, tensors=None):
        return State(load(tensors)["logits"], **data)


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
