"""One real training step of a shard that says when it did what: `timed_step URI SHARD RUN PHASE`.

Prints JSON: for each candidate its id, when its training began and when it ended, in seconds since the epoch. What the
first one loads (TensorFlow, rows) is loaded before its training begins.
"""

import json
import sys
import time

from components.candidate_training import stage
from components.candidate_training.trials import Trainer
from components.records.results import Candidate, Plan, TrainingRecord
from components.records.store import open_search
from components.records.supervision import end_with_parent


class TimedTrainer(Trainer):
    """A trainer that notes when it was at work."""

    pieces: list[tuple[str, float, float]] = []  # of this process  # noqa: RUF012

    def train(self, plan: Plan, candidate: Candidate) -> TrainingRecord:
        """Trains a candidate as ever, once its rows are there."""
        _ = self.feed
        start = time.time()
        record = super().train(plan, candidate)
        self.pieces.append((candidate.id, start, time.time()))
        return record


if __name__ == "__main__":
    end_with_parent()
    uri, shard, run, phase = sys.argv[1:]
    stage.Trainer = TimedTrainer  # type: ignore[misc, attr-defined]
    stage.train_shard(open_search(uri), shard, phase, run)  # type: ignore[arg-type]
    print(json.dumps({"pieces": TimedTrainer.pieces}))
