"""What the learned controller costs of a search, and how many rounds and updates a thousand candidates take.

Rounds as a search has them, but nothing is trained: proposing, screening and updating are the search's own functions,
the policy has its published size, its arrays are written to a local store each round. A candidate's reward is its share
of a planted design's decisions. Seconds are CPU seconds of this process, one thread, so that other work on the machine
hardly shows; of writing they are wall seconds. A step's start is not in them.

Two shares of a round are told apart: that of proposing and learning (draws, updates, the state's writing), which the
goal is for, and that of the screens before building, which every controller's raw draws go through.

Usage: python -m benchmarks.controller_cost [--quick] [--learning-rate RATE]
"""

import sys
import tempfile
import time
from typing import NamedTuple

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from components.controllers.registry import open_controller
from components.records.results import ScoredCandidate
from components.records.store import Store, open_search
from components.rounds.learning import keep_arrays
from components.rounds.screening import screened_proposals
from components.search_spaces.registry import open_space

RULES, A_ROUND, RULE_SECONDS, WORKERS = 1000, 8, 4.0, 2
MOST_SHARE = 0.05  # of a round that proposing and learning may take, the screens left out
CASES = (("update_rule", {"groups": 2}, "PowerSign", RULES), ("norm_act_layer", {}, "BN-ReLU", 120))


class Cost(NamedTuple):
    """Seconds in all of drawing from the policy, of screening what it drew, of updates, of writing; and counts."""

    drawing: float
    screening: float
    updating: float
    writing: float
    candidates: int
    raw: int
    rounds: int
    updates: int
    state_bytes: int

    def shares(self, workers: int) -> tuple[float, float]:
        """Shares of proposing and learning, and of the screens, where so many processes train candidates of 4 s."""
        learning = self.drawing + self.updating + self.writing
        total = learning + self.screening + max(1, self.candidates) * RULE_SECONDS / workers
        return learning / total, self.screening / total


class Timed:
    """A controller that counts the seconds in which it draws."""

    def __init__(self, controller):
        self._controller, self.seconds = controller, 0.0

    def propose_several(self, *arguments):
        """As the controller's."""
        start = time.process_time()
        try:
            return self._controller.propose_several(*arguments)
        finally:
            self.seconds += time.process_time() - start


@click.command()
@click.option("--quick", is_flag=True, help="80 candidates of each space.")
@click.option("--learning-rate", default=1e-4, help="Of the policy; one that learnt much draws what it had before.")
def main(quick: bool, learning_rate: float) -> None:
    """Measures, prints a table, and exits with 1 where the goal is missed."""
    console = Console(width=150)
    table = Table(
        title=f"milliseconds a candidate, {A_ROUND} a round; shares where each is trained for {RULE_SECONDS:g} s",
        caption="learning: draw, update and write",
    )
    shares = (f"{what}, {workers} at once" for workers in (1, WORKERS) for what in ("learning", "screens"))
    for column in ("space", "algorithm", "raw", "draw", "update", "write", "screens", *shares):
        table.add_column(column, justify="left" if column in ("space", "algorithm") else "right")
    costs = []
    for name, settings, planted, rules in CASES:
        for algorithm in ("reinforce", "ppo"):
            with tempfile.TemporaryDirectory() as folder:
                policy = {"algorithm": algorithm, "learning_rate": learning_rate}
                cost = search_cost(name, settings, planted, policy, 80 if quick else rules, open_search(folder))
            costs.append(cost)
            candidates = max(1, cost.candidates)  # a policy may draw nothing that passes the screens
            seconds = (cost.drawing, cost.updating, cost.writing, cost.screening)
            table.add_row(
                name,
                algorithm,
                f"{cost.raw / candidates:.1f}",
                *(f"{1000 * one / candidates:.1f}" for one in seconds),
                *(f"{share:.2%}" for workers in (1, WORKERS) for share in cost.shares(workers)),
            )
    console.print(table)
    last = costs[1]
    console.print(
        f"{last.candidates} candidates: {last.rounds} rounds of {A_ROUND}, {last.updates} updates on batches of 5"
        f" (PPO: 4 steps of Adam each); the state is {last.state_bytes / 1e6:.1f} MB"
    )
    learning, screens = map(max, zip(*(cost.shares(WORKERS) for cost in costs), strict=True))
    console.print(
        f"largest shares with {WORKERS} at once: proposing and learning, without screens, {learning:.2%} (goal: at most"
        f" {MOST_SHARE:.0%}); screens {screens:.2%}"
    )
    sys.exit(0 if learning <= MOST_SHARE else 1)


def search_cost(space_name: str, settings: dict, planted: str, policy: dict, rules: int, store: Store) -> Cost:
    """Returns what a search of so many candidates costs but for their training."""
    space = open_space(space_name, settings)
    controller = open_controller("rnn", policy, space)
    state, wanted = controller.initial(np.random.default_rng(0)), space.encode(space.known[planted])
    spent = {"drawing": 0.0, "screening": 0.0, "updating": 0.0, "writing": 0.0}
    seen: set[str] = set()
    raw = number = 0
    while len(seen) < rules:
        number += 1
        count = min(A_ROUND, rules - len(seen))
        start = time.perf_counter()
        state, _ = keep_arrays(store, f"rounds/{number:05d}", controller, state)
        spent["writing"] += time.perf_counter() - start
        written = time.process_time()
        timed, rng = Timed(controller), np.random.default_rng([0, number])
        proposed, dropped = screened_proposals(space, timed, state, wanted=count, seen=seen, known={}, rng=rng)
        drawn = time.process_time()
        raw += dropped["raw"]
        if not proposed:
            break
        scored = [
            ScoredCandidate(
                id=space.canonical(one.spec),
                round=f"rounds/{number:05d}",
                spec=space.to_json(one.spec),
                reason=None,
                fitness=(float((space.encode(one.spec) == wanted).mean()),),
            )
            for one in proposed
        ]
        judged = time.process_time()
        state = controller.update(state, scored)
        spent["updating"] += time.process_time() - judged
        spent["drawing"] += timed.seconds
        spent["screening"] += drawn - written - timed.seconds
        seen |= {one.id for one in scored}
    return Cost(
        **spent,
        candidates=len(seen),
        raw=raw,
        rounds=number,
        updates=state.progress.updates,
        state_bytes=len(state.tensors),
    )


if __name__ == "__main__":
    main()
