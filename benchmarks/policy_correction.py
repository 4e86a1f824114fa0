"""What the estimated correction of rejection costs a step: 3,072 samples in a space of 5 layers and 20 widths each.

A correction draws the samples, evaluates their costs and takes the mean of their scores. Milliseconds are CPU time of
this process, the median of repeats; the same for other numbers of samples, and the exact one in a space of 3 layers.

Usage: python -m benchmarks.policy_correction
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.statistics import markdown
from components.controllers.factorized_policy import FactorizedPolicy, FactorizedSettings
from components.records.manifest import DataManifest, Split
from components.records.search import Scoring, SizeLimits
from components.rounds.limits import SizeLimitsOfSearch
from components.search_spaces.registry import open_space

REPEATS, GOAL_MS, GOAL_SAMPLES = 200, 2.0, 3072
PART = Split(rows=1, class_rows=(1, 1), sha256="")
MANIFEST = DataManifest(
    source="none", input_shape=(1027,), classes=("0", "1"), train=PART, validation=PART, test=PART
)  # as many inputs as the published space has
CASES = ((5, 75_353, 256), (5, 75_353, GOAL_SAMPLES), (5, 75_353, 16_384), (3, 41_153, 0))  # 0: exact


def policy_of(layers: int, parameters: int, samples: int) -> FactorizedPolicy:
    """A policy over the published widths, with the published limit; 0 samples: exact."""
    space = open_space("tabular_mlp", {"layers": layers})
    limits = SizeLimitsOfSearch(space, MANIFEST, SizeLimits(parameters=parameters), Scoring())
    settings = FactorizedSettings(samples=samples) if samples else FactorizedSettings(enumerate_up_to=20**layers)
    return FactorizedPolicy(settings, space, limits)


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of a call: the median."""
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * float(np.median(taken))


def main() -> None:
    """Measures, prints a table, and exits with 1 where the goal is missed."""
    lines, goal = [], 0.0
    for layers, parameters, samples in CASES:
        policy, rng = policy_of(layers, parameters, samples), np.random.default_rng(0)
        state = policy.initial(rng)
        design = policy.most_probable(state, 1)[0][0]
        plain = FactorizedPolicy(FactorizedSettings(corrected=False), open_space("tabular_mlp", {"layers": layers}))
        step = milliseconds(lambda p=policy, s=state, d=design, r=rng: p.learn(s, d, 0.5, r))
        without = milliseconds(lambda p=plain, s=state, d=design, r=rng: p.learn(s, d, 0.5, r))
        goal = step - without if samples == GOAL_SAMPLES else goal
        named = f"{samples:,} samples" if samples else f"exact, {20**layers:,} designs"
        share = f"{np.exp(policy.log_mass(state)):.1%}"
        lines.append([f"{layers} layers, {named}", share, f"{step - without:.2f}", f"{without:.2f}"])
    print(markdown(["correction", "within, at first", "correction, ms", "the rest of a step, ms"], lines))
    print(f"\n{GOAL_SAMPLES:,} samples in 5 layers: {goal:.2f} ms (goal: below {GOAL_MS:g} ms)")
    sys.exit(0 if goal < GOAL_MS else 1)


if __name__ == "__main__":
    main()
