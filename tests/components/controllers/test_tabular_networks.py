"""Every controller on the space of tabular networks: it drives it, and those that learn find what is rewarded."""

import numpy as np
import pytest

from components.controllers.registry import CONTROLLERS, open_controller
from components.records.results import ScoredCandidate
from components.search_spaces.registry import open_space

SPACE = open_space("tabular_mlp", {"layers": 3, "widths": [8, 16, 32, 64]})
SETTINGS = {
    "evolution": {"window": 30, "tournament": 0.3, "fresh": 0.1, "mutations": 1},
    "rnn": {"batch": 5, "units": 8, "embedding": 4, "learning_rate": 0.02},
    "factorized": {"learning_rate": 0.1},
}


def fitness(widths):
    """1 for 64-8-32, and less by a third for each layer that is another."""
    return sum(one == best for one, best in zip(widths, (64, 8, 32), strict=True)) / 3


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_a_controller_drives_the_space(name):
    controller, rng = open_controller(name, SETTINGS.get(name, {}), SPACE), np.random.default_rng(0)
    state, means = controller.initial(rng), []
    for number in range(40):
        specs = [controller.propose(state, rng).spec for _ in range(10)]
        scored = [
            ScoredCandidate(
                id=SPACE.canonical(spec), round=f"rounds/{number + 1:05d}", spec=SPACE.to_json(spec), role="searched",
                reason=None, fitness=(fitness(spec.widths),),
            )
            for spec in specs
        ]  # fmt: skip
        means.append(np.mean([one.fitness for one in scored]))
        state = controller.update(state, scored)
    # Random designs have 1/4 on average, and a deviation of 0.25 / sqrt(100) over the last ten rounds.
    last = np.mean(means[-10:])
    assert abs(last - 0.25) < 0.1 if name == "random" else last > 0.5
    encoded = controller.encode_state(state)
    assert controller.propose(controller.decode_state(*encoded), np.random.default_rng(1)) == controller.propose(
        state, np.random.default_rng(1)
    )
