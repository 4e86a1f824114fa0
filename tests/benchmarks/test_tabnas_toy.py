"""The toy example: its published table, its runs step for step those of the policy, and what is written of them."""

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.tabnas_toy import rejection_table, rival_table
from benchmarks.toy_figure import RIVALS, figure
from benchmarks.toy_runs import LIMIT, LOSSES, PARAMETERS, Arm, Ends, drawn, finished, first_runs, probabilities, step
from components.controllers.factorized_policy import FactorizedPolicy, FactorizedSettings
from components.records.manifest import DataManifest, Split
from components.records.search import Scoring, SizeLimits
from components.rounds.limits import SizeLimitsOfSearch
from components.search_spaces.registry import open_space

PART = Split(rows=1, class_rows=(), sha256="")
MANIFEST = DataManifest(
    source="toy", input_shape=(2,), task="regression", classes=(), train=PART, validation=PART, test=PART
)


def toy_policy(**settings):
    """The search's own policy and limits over networks of two layers between 2 inputs and 1 output."""
    space = open_space("tabular_mlp", {"layers": 2, "widths": [2, 3, 4]})
    limits = SizeLimitsOfSearch(space, MANIFEST, SizeLimits(parameters=LIMIT), Scoring())
    given = {"enumerate_up_to": 0, "learning_rate": 0.1} | settings
    return FactorizedPolicy(FactorizedSettings(**given), space, limits), limits


def test_the_table_is_the_published_one():
    assert PARAMETERS.tolist() == [[15, 19, 23], [20, 25, 30], [25, 31, 37]]
    _, limits = toy_policy()
    every = np.array([[a, b] for a in range(3) for b in range(3)])
    assert limits.costs(every)["parameters"].tolist() == PARAMETERS.ravel().tolist()
    within = limits.within(every)
    assert (~within).tolist() == [False, False, False, False, False, True, False, True, True]  # 3-4, 4-3, 4-4
    assert LOSSES.ravel()[within].min() == LOSSES[2, 0] == 0.6


@pytest.mark.parametrize(
    ("arm", "settings"),
    [
        (Arm("rejection", "exact"), {"enumerate_up_to": 9}),
        (Arm("rejection", 5), {"samples": 5}),
        (Arm("rejection", 1), {"samples": 1}),
        (Arm("rejection", "none"), {"corrected": False}),
        (Arm("absolute", weight=-2.0), {"reward": "absolute", "weight": -2.0}),
        (Arm("mnasnet", weight=-1.0), {"reward": "mnasnet"}),
        (Arm("mnasnet_hard", weight=-3.0), {"reward": "mnasnet_hard", "weight": -3.0}),
        (Arm("one_sided", weight=-5.0), {"reward": "one_sided", "weight": -5.0}),
    ],
    ids=str,
)
def test_a_run_is_what_the_policy_does_with_the_same_draws(arm, settings):
    """120 steps of three runs: designs and samples are drawn by the policies, and logits are equal to rounding."""
    policy, _ = toy_policy(**settings)
    states = [policy.initial(np.random.default_rng(0))] * 3
    runs = first_runs(3)
    for number in range(120):
        rows = [policy.draw(one, np.random.default_rng([1, run, number]), 1)[0] for run, one in enumerate(states)]
        seeds = [[2, run, number] for run in range(3)]
        samples = None
        if isinstance(arm.correction, int):
            # A step draws its samples from the generator that it is given, as `draw` does.
            sampled = [
                policy.draw(one, np.random.default_rng(seed), arm.correction)
                for one, seed in zip(states, seeds, strict=True)
            ]
            samples = np.stack([each @ np.array([3, 1]) for each in sampled])
        runs = step(runs, arm, np.array([row @ np.array([3, 1]) for row in rows]), samples)
        states = [
            policy.learn(one, row, 1 - LOSSES[tuple(row)], np.random.default_rng(seed))
            for one, row, seed in zip(states, rows, seeds, strict=True)
        ]
    assert runs.logits == pytest.approx(np.stack([one.logits for one in states]), abs=1e-9)
    assert runs.updates.ravel().tolist() == [one.updates for one in states]
    assert abs(runs.logits).max() > 0.1


def test_designs_are_drawn_as_often_as_they_are_probable():
    """20,000 draws of each of 2 policies: a share's standard error is at most 0.0035."""
    logits = np.random.default_rng(0).normal(size=(2, 2, 3))
    numbers = drawn(logits, 20_000, np.random.default_rng(1))
    shares = np.stack([np.bincount(row, minlength=9) / 20_000 for row in numbers])
    assert shares == pytest.approx(probabilities(logits), abs=0.02)
    assert probabilities(logits).sum(axis=1) == pytest.approx([1, 1], abs=1e-12)


def test_rejection_beats_a_heavy_penalty_and_ends_about_where_the_published_run_does():
    """Published, N = 5 at 0.1: 4-2 has 68% of the mass within the limit after 500 steps, the mean of 20 runs. A run's
    own share has a standard deviation of 0.4, so that the difference to the mean of 100 has one of 0.1: two of them."""
    rejection = finished(Arm("rejection", 5, rate=0.1), 100)
    assert rejection.best == pytest.approx(0.68, abs=0.2)
    penalised = finished(Arm("absolute", weight=-2.0, rate=0.05), 100)
    assert rejection.within > penalised.within + 0.2
    assert penalised.mass > 0.8 > rejection.mass  # most of what the corrected policy draws is over the limit


def test_tables_and_picture_hold_every_number():
    ends = Ends(0.875, 0.125, 0.5, 0.625)
    text = rejection_table({(name, rate): ends for name in ("exact", "1", "5", "20", "none") for rate in (0.05, 0.1)})
    assert text.splitlines()[2] == "| exact P(V) | 0.88 | 0.12 | 0.62 | 0.88 | 0.12 | 0.62 |"
    weights = [0.5, 1, 2, 3, 5, 10]
    rivals = {(name, 0.05): [(weight, Ends(weight / 10, 0, 0, 0)) for weight in weights] for name in RIVALS}
    line = rival_table(rivals, 0.05).splitlines()[2]
    assert line == "| mnasnet | 0.05 / 0.00 | 0.10 / 0.00 | 0.20 / 0.00 | 0.30 / 0.00 | 0.50 / 0.00 | 1.00 / 0.00 | 1.00 / 0.00 |"  # fmt: skip # noqa: E501
    drawn_figure = figure({name: rivals[name, 0.05] for name in RIVALS}, dict.fromkeys(("exact", "5", "none"), ends))
    root = ElementTree.fromstring(drawn_figure)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2 * len(RIVALS)
    assert [point.split(",")[1] for point in lines[0].get("points").split()][-1] == "56.0"  # a share of 1, at the top
