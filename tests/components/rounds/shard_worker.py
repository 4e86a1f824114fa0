"""All steps of a shard, one after the other, in a process of its own, with work that takes milliseconds.

`shard_worker URI SHARD RUN SEED [DEADLY]`: waits for a line on stdin, and adds a line `run shard queue candidate` to
the store's file `log` for each piece of work. It kills itself when it has begun the DEADLY-th piece of work.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from components.records.layout import trial_path
from components.records.store import open_search
from components.rounds.shards import complete_shard

NEEDS = {"probe": None, "verdict": "probe", "training": "verdict", "profile-host": "training"}
MOST_SECONDS = 0.01


def is_rejected(candidate: str) -> bool:
    """Whether a candidate ends with its verdict: every fourth."""
    return int(candidate) % 4 == 0


def is_due(queue: str, candidate: str, names) -> bool:
    """The rule of the real steps, without their records."""
    needs = NEEDS[queue]
    ready = needs is None or f"{needs}.json" in names
    return ready and f"{queue}.json" not in names and not (queue == "training" and is_rejected(candidate))


class Worker:
    """Works its way through the phases of a round as a shard of a run."""

    def __init__(self, uri: str, shard: str, run: str, seed: int, deadly: int = 0):
        self.store, self.shard, self.run, self.deadly = open_search(uri), shard, run, deadly
        self.rng, self.begun = np.random.default_rng([seed, int(shard[-4:])]), 0

    def work(self) -> None:
        """Does all phases."""
        for queue in NEEDS:
            complete_shard(
                self.store,
                self.shard,
                queue,
                lambda plan, one, names, queue=queue: is_due(queue, one.id, names),
                lambda plan, one, queue=queue: self._evaluate(queue, plan.round, one.id),
                self.run,
            )

    def _evaluate(self, queue: str, round_path: str, candidate: str) -> None:
        self.begun += 1
        if self.begun == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.rng.uniform(0, MOST_SECONDS))
        with open(Path(self.store.uri, "log"), "a", encoding="utf-8") as log:
            log.write(f"{self.run} {self.shard[-4:]} {queue} {candidate}\n")
        self.store.create(f"{trial_path(round_path, candidate)}/{queue}.json", b"{}")


if __name__ == "__main__":
    uri, shard, run, seed, *deadly = sys.argv[1:]
    worker = Worker(uri, shard, run, int(seed), *map(int, deadly))
    print("ready", flush=True)
    sys.stdin.readline()
    worker.work()
