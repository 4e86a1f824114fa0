"""The EvoNorm benchmark's rows and tables: what a stop leaves, what is missing after it, and numbers by hand."""

import json

import pytest

from benchmarks.evonorm_results import layer_jobs
from benchmarks.evonorm_tables import differences, rejection_table, search_table
from benchmarks.kept_searches import search_job
from benchmarks.resumable import Results
from benchmarks.statistics import quality_after, spread

LAYER = [["tanh", [0]]]


def search(arm, seed, quality, steps, **fields):
    points = [
        {"steps": steps / 2, "seconds": steps / 20, "screening_seconds": 1.0, "quality": quality - 0.1},
        {"steps": steps, "seconds": steps / 10, "screening_seconds": 2.0, "quality": quality},
    ]
    given = {"best": LAYER, "reasons": {"quality": 1, "trained in full": 1}, "rounds": points, "quality": quality}
    return {
        "job": search_job(arm, seed, candidates=2),
        "predicted_saved_seconds": 9.0,
        **given,
        **fields,
    }


def test_a_row_that_was_cut_off_is_done_again_and_the_others_stay(tmp_path):
    path = tmp_path / "rows.jsonl"
    Results(path).add(search("random", 0, 0.5, 100))
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"job": {"kind": "sea')
    again = Results(path)
    assert again.of(search_job("random", 0, candidates=2))["quality"] == 0.5
    assert again.of(search_job("random", 1, candidates=2)) is None
    again.add(search("random", 1, 0.6, 100))
    assert [json.loads(line)["job"]["seed"] for line in path.read_text(encoding="utf-8").splitlines()] == [0, 1]


def test_every_layer_is_tried_in_each_network_and_what_was_not_found_is_not(tmp_path):
    """3 published layers with two batches, evolution's with two and the random search's with one, in 3 networks."""
    results = Results(tmp_path / "rows.jsonl")
    results.add(search("evolution", 0, 0.5, 100))
    results.add(search("random", 0, 0.5, 100))
    results.add(search("evolution without rejection", 0, 0.5, 100, best=None))
    jobs = layer_jobs(results, [0], 2)
    assert len(jobs) == (3 * 2 + 2 + 1) * 3
    assert {(job["layer"], job["batch_size"]) for job in jobs if job["layer"].startswith("found")} == {
        ("found by evolution", 128), ("found by evolution", 8), ("found by random", 128),
    }  # fmt: skip


def test_the_best_so_far_is_that_of_the_last_round_within_the_amount():
    row = search("random", 0, 0.9, 100)
    assert [quality_after(row, steps, "steps") for steps in (49, 50, 99, 100)] == [0.0, 0.8, 0.8, 0.9]


@pytest.mark.parametrize(
    ("values", "text"),
    [([0.9, 0.7], "0.800 ± 0.141"), ([10.0, None, 30.0], "20 ± 14"), ([0.5], "0.500"), ([], "-"), ([None], "-")],
)
def test_a_spread_is_a_mean_and_the_standard_deviation_of_a_sample(values, text):
    """(0.9 - 0.8)^2 * 2 / (2 - 1) = 0.02, whose root is 0.141."""
    assert spread(values) == text


def test_tables_pair_the_searches_of_a_seed():
    """Evolution took half the steps and 10 of 20 seconds, 2 of them for screening.

    After as many the search without rejection was 0.1 behind its own end.
    """
    without = "evolution without rejection"
    rows = [search("evolution", seed, 0.9 + seed / 100, 100) for seed in (0, 1, 2)]
    rows += [search(without, seed, 0.8, 200) for seed in (0, 1)]
    line = differences(rows, []).splitlines()[2]
    assert line == f"| evolution less {without} | 2 | 0.105 ± 0.007 | 0.205 ± 0.007 | 0.205 ± 0.007 | - |"
    predicted, measured = rejection_table(rows).splitlines()[2:]
    assert predicted == "| evolution: predicted | 3 | 9 ± 0 | 2 ± 0 | 7 ± 0 |  |"
    assert measured == "| evolution: measured against none | 2 | 12 ± 0 | 2 ± 0 | 10 ± 0 | 0.500 ± 0.000 |"


def test_a_search_is_followed_by_the_test_accuracy_of_its_own_layer_only():
    rows = [search("random", 0, 0.9, 100)]
    layers = [
        {
            "job": {"layer": "found by random", "spec": spec, "network": network, "batch_size": 128, "seed": 0},
            "accuracy": a,
        }
        for spec, accuracies in ((LAYER, (0.7, 0.8, 0.9)), ([["neg", [0]]], (0.1, 0.1, 0.1)))
        for network, a in zip(("preact_resnet", "mobilenet_v2", "efficientnet"), accuracies, strict=True)
    ]
    assert "| random | 1 | 0.900 | 0.800 | 1.000 | 100 | 10 |" in search_table(rows, layers, 2)
