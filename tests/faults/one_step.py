"""One step of a search in a process of its own: `one_step STAGE SEARCH SHARD [PHASE]`."""

import sys

from components.candidate_training.stage import train_shard
from components.hardware_benchmarking.stage import profile_shard
from components.records.store import open_search
from components.rejection_screening.stage import screen_shard

STAGES = {
    "candidate_training": train_shard,
    "rejection_screening": screen_shard,
    "hardware_benchmarking": profile_shard,
}

if __name__ == "__main__":
    stage, search, *arguments = sys.argv[1:]
    STAGES[stage](open_search(search), *arguments)
