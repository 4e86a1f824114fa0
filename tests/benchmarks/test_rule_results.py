"""The update-rule benchmark's jobs and tables: what is trained with which rule, and numbers by hand."""

import pytest

from benchmarks.kept_searches import search_job
from benchmarks.resumable import Results
from benchmarks.rule_results import rows_of, training_jobs
from benchmarks.rule_tables import KNOWN, best_so_far, curve, differences, mean_rewards, training_table

RULE = [["g", "1", "identity", "identity", "left"]]


def search(arm, seed, means, **fields):
    """Rounds of 10 rules with these mean rewards; the best rule is 0.2 above the mean of its round."""
    rounds, best = [], 0.0
    for number, mean in enumerate(means, start=1):
        best = max(best, mean + 0.2)
        rounds.append({"candidates": 10 * number, "steps": 100 * number, "quality": best, "mean": mean})
    job = search_job(arm, seed, candidates=10 * len(means))
    return {"job": job, "best": RULE, "quality": best, "rounds": rounds, **fields}


def test_the_mean_reward_of_a_part_is_that_of_its_rules():
    """Rounds of 10, 10 and 4 rules: the second part has 10 of mean 0.4 and 4 of mean 0.05, 4.2 / 14 = 0.3."""
    row = search("rnn", 0, [0.2, 0.4, 0.05])
    row["rounds"][2]["candidates"] = 24
    assert mean_rewards(row, [0, 10, 24]) == pytest.approx([0.2, 0.3])


def test_the_best_so_far_never_falls():
    assert best_so_far(search("rnn", 0, [0.2, 0.5, 0.1, 0.3]), [0, 10, 20, 30, 40]) == pytest.approx([0.4, *[0.7] * 3])


def test_the_curve_has_a_line_for_each_kind_of_search():
    rows = [search("rnn", 0, [0.1, 0.2, 0.3, 0.4]), search("random", 0, [0.1, 0.1, 0.1, 0.1])]
    assert curve(rows, 40).splitlines()[2:] == [
        "| mean reward, rnn | 1 | 0.100 | 0.200 | 0.300 | 0.400 |",
        "| mean reward, random | 1 | 0.100 | 0.100 | 0.100 | 0.100 |",
        "| best so far, rnn | 1 | 0.300 | 0.400 | 0.500 | 0.600 |",
        "| best so far, random | 1 | 0.300 | 0.300 | 0.300 | 0.300 |",
    ]


def test_differences_are_between_searches_of_one_seed():
    """Seed 1 has no random search. The best differ by 0.6 - 0.3, the last rounds' means by 0.4 - 0.1."""
    rows = [search("rnn", 0, [0.1, 0.4]), search("random", 0, [0.1, 0.1]), search("rnn", 1, [0.9, 0.9])]
    assert differences(rows).splitlines()[2:] == ["| rnn less random | 1 | 0.300 | 0.300 | 0.300 |"]


def ended_early(seed, means, best):
    """A search of 40 rules whose last round was empty; `best` of its best rule so far."""
    row = search("rnn", seed, means)
    end = {**row["rounds"][-1], "mean": None}
    return {**row, "job": search_job("rnn", seed, candidates=40), "quality": best, "rounds": [*row["rounds"], end]}


def test_a_search_that_ended_early_shows_how_many_seeds_a_mean_is_of_and_keeps_its_best():
    """Of seed 1 there are 20 rules: the first halves' means are (0.1 + 0.3) / 2 and (0.2 + 0.4) / 2."""
    rows = [search("rnn", 0, [0.1, 0.2, 0.3, 0.4]), ended_early(1, [0.3, 0.4], 0.6)]
    mean, best = curve(rows, 40).splitlines()[2:]
    assert mean == "| mean reward, rnn | 2 | 0.200 ± 0.141 | 0.300 ± 0.141 | 0.300 (of 1) | 0.400 (of 1) |"
    assert best.split(" | ")[-1] == "0.600 ± 0.000 |"


def test_a_search_that_ended_before_a_quarter_leaves_its_mean_open():
    assert mean_rewards(ended_early(0, [0.3, 0.4], 0.6), [0, 10, 20, 30, 40]) == [0.3, 0.4, None, None]
    assert "| 0.300 | 0.400 | - | - |" in curve([ended_early(0, [0.3, 0.4], 0.6)], 40)


def test_a_search_that_ended_early_is_compared_by_its_last_round_with_rules():
    """0.4 - 0.1, not the empty round's nothing less 0.1; and a search without any rule gives no difference."""
    rows = [ended_early(0, [0.3, 0.4], 0.6), search("random", 0, [0.1] * 4)]
    assert differences(rows).splitlines()[2].split(" | ")[3] == "0.300"
    empty = {"candidates": 0, "steps": 0, "quality": None, "mean": None}
    rows[0] = {**rows[0], "quality": None, "rounds": [empty]}
    assert differences(rows).splitlines()[2].split(" | ")[3] == "-"


def test_the_tables_are_of_searches_of_one_size(tmp_path):
    """The file also holds another size's searches, with what was trained with its rule, and another seed's."""
    results = Results(tmp_path / "rows.jsonl")
    small, large = search("rnn", 0, [0.1]), search("rnn", 0, [0.1, 0.2], best=[RULE[0], RULE[0]])
    for row in (small, large, search("rnn", 1, [0.1])):
        results.add(row)
    for size in (10, 20):
        for job in training_jobs(results, [0], size):
            if results.of(job) is None:
                results.add({"job": job, "learning_rate": 0.1, "validation": 0.8, "test": 0.9})
    jobs = [row["job"] for row in rows_of(results, [0], 10)]
    assert jobs[0] == small["job"] and len(jobs) == 1 + 2 * (len(KNOWN) + 1)
    assert [job["spec"] for job in jobs if job.get("rule") == "found by rnn"] == [RULE] * 2


def test_every_rule_is_trained_under_both_schedules_and_what_was_not_found_is_not(tmp_path):
    results = Results(tmp_path / "rows.jsonl")
    results.add(search("rnn", 0, [0.1]))
    results.add(search("random", 0, [0.1], best=None))
    jobs = training_jobs(results, [0], 10)
    assert [job["rule"] for job in jobs[::2]] == [*KNOWN, "found by rnn"]
    assert [job["schedule"] for job in jobs] == ["constant", "cosine"] * 7


def test_a_rule_that_diverged_at_every_rate_counts_nothing():
    """(0.9 + 0) / 2 = 0.45, and a rate that no seed has is not shown."""
    job = {"kind": "training", "rule": "SGD", "schedule": "constant"}
    rows = [
        {"job": {**job, "seed": 0}, "learning_rate": 0.1, "validation": 0.8, "test": 0.9},
        {"job": {**job, "seed": 1}, "learning_rate": None, "validation": None, "test": None},
    ]
    assert training_table(rows).splitlines()[2] == "| SGD | 2 | 0.450 ± 0.636 | 0.1 | - | - |"
