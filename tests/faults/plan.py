"""Which moments of a search are hit, and how: seeded, in series of kills that each hit another stage in another way."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tests.faults.moments import Moment

WAYS = ("run", "runner", "orphans", "command", "step", "forks")  # see `kills.WAYS`
SERIES = len(WAYS)
LATEST = 0.8  # of a step's usual time: later it may be over


class Planned(NamedTuple):
    """A kill to come.

    Fields:
        moment: the step to hit.
        share: of the step's usual time after which it is hit, [0, 0.8).
        way: what is killed.
    """

    moment: Moment
    share: float
    way: str


def series(rng: np.random.Generator, seconds: Mapping[Moment, float]) -> Iterator[list[Planned]]:
    """Yields series without end, each for one search: as many kills as there are ways, in the order of the pipeline.

    No stage comes up again before all have, and each is hit where it spends its time.

    Args:
        rng: source of every draw.
        seconds: usual length of each step, in the pipeline's order.
    """
    stages = list(dict.fromkeys(moment.stage for moment in seconds))
    order = list(seconds)
    deck: list[str] = []
    while True:
        hand: list[str] = []
        while len(hand) < SERIES:
            left = [stage for stage in deck if stage not in hand]
            if left:
                hand.append(left[0])
                deck.remove(left[0])
            else:
                deck += [stages[i] for i in rng.permutation(len(stages))]
        moments = sorted((_moment(rng, seconds, stage) for stage in hand), key=order.index)
        ways = rng.permutation(WAYS)
        yield [Planned(moment, float(rng.uniform(0, LATEST)), str(way)) for moment, way in zip(moments, ways)]


def _moment(rng: np.random.Generator, seconds: Mapping[Moment, float], stage: str) -> Moment:
    """One of a stage's steps, the longer the likelier."""
    moments = [moment for moment in seconds if moment.stage == stage]
    weights = np.array([seconds[moment] + 1e-3 for moment in moments])
    return moments[rng.choice(len(moments), p=weights / weights.sum())]
