"""Numbers of the contents stand where a reader looks for them."""

import re

import msgspec
import numpy as np
import pytest
from scipy.stats import binomtest

from components.records.results import ScoredCandidate
from components.report import contents as c
from components.report.prediction_sections import ensemble_section, uncertain_section
from components.report.run_sections import disk_section, failures_section, seconds_section
from components.report.search_sections import candidates_section, progress_section, rejection_section
from components.report.summary_section import accuracy_interval, data_section, result_section
from components.report.winner_sections import comparison_section, scaling_section, winner_section


def rows_of(content: str, table: int = 0) -> dict[str, list[str]]:
    """The cells of a table's body without tags, by the first cell of the row."""
    body = re.findall(r"<tbody>(.*?)</tbody>", content, flags=re.DOTALL)[table]
    rows = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?>(.*?)</tr>", body)]
    cells = [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in row] for row in rows]
    return {row[0]: row[1:] for row in cells}


def test_headline_has_the_ensemble_beside_its_members(full):
    content = result_section(full).content
    tiles = re.findall(
        r'<div class="name">(.*?)</div><div class="value">(.*?)</div><div class="line">(.*?)</div>', content
    )
    headline = {name: (value, line) for name, value, line in tiles}
    assert headline["Test accuracy of the ensemble"] == ("0.983", "mean member 0.975, single best 0.975")
    assert headline["Test negative log-likelihood"] == ("0.061", "mean member 0.085, single best 0.085")
    assert headline["Test calibration error"] == ("0.011", "mean member 0.014, single best 0.014")
    # (0.978 + 0.969 + 0.972) / 3 = 0.973 against (0.972 + 0.967 + 0.975) / 3 = 0.971.
    assert headline["Winner and best baseline"] == ("0.973", "EvoNorm-B0 0.971")
    assert headline["Wall time"][0] == "6 min 42 s"
    survived = sum(tried.scored.reward is not None for tried in full.candidates)
    assert headline["Candidates tried"] == ("32", f"{survived} scored, {32 - survived} not")


@pytest.mark.parametrize(("right", "rows"), [(354, 360), (0, 10), (10, 10), (5, 9)])
def test_accuracy_interval_is_wilsons(right, rows):
    expected = binomtest(right, rows).proportion_ci(0.95, method="wilson")
    assert accuracy_interval(right / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_ensemble_rows_keep_validation_and_test_apart(full):
    rows = rows_of(ensemble_section(full).content)
    assert list(rows)[-3:] == ["single best (initialisation 0)", "mean of the members", "ensemble of 3"]
    assert rows["ensemble of 3"] == ["0.986", "0.054", "0.010", "0.983", "0.061", "0.011"]


def test_comparison_pads_what_was_not_trained_and_says_why(full):
    rows = rows_of(comparison_section(full).content)
    assert rows["winner"][:7] == ["0.978", "0.969", "0.972", "0.973", "9.21 ms", "–", "77,322"]
    failed = next(cells for name, cells in rows.items() if name.startswith("EvoNorm-S2"))
    assert failed == ["0.956", "–", "–", "–", "–", "–", "77,290", "stability: norm 2.0e+09 in mobilenet"]
    searched = [row for row in full.comparison.rows if row.role != "baseline"]
    alone = msgspec.structs.replace(full, comparison=msgspec.structs.replace(full.comparison, rows=tuple(searched)))
    assert "No baseline was compared." in comparison_section(alone).content


def test_scaling_table_has_a_row_a_depth_and_marks_the_chosen_point(full):
    content = scaling_section(full).content
    rows = rows_of(content)
    assert list(rows) == ["×1", "×2"]
    assert "0.967" in rows["×1"][0] and "chosen" not in rows["×1"][0]
    assert "0.978" in rows["×1"][1] and "chosen" in rows["×1"][1] and "12.4 ms, reward 0.973" in rows["×1"][1]
    assert "NaN at step 212" in rows["×2"][1]
    assert "Chosen by reward: width ×1.5, depth ×1." in content


def test_scaling_table_says_which_points_were_not_tried(full):
    points = full.scaling.points[:1] + full.scaling.points[3:]
    cut = msgspec.structs.replace(full, scaling=msgspec.structs.replace(full.scaling, points=points))
    assert rows_of(scaling_section(cut).content)["×1"][1] == "not tried"


def test_winner_has_formula_numbers_and_profile(full):
    content = winner_section(full).content
    assert "a * a, a = x / max(std[bwh](x), v1 * x + std[wh](x))" in content
    assert "4 boxes on which the output does not depend are left out" in content
    assert rows_of(content)["preact_resnet"] == [
        "host", "64", "12.4 ms", "0.600 ms", "8.10 ms", "7.90 FLOP/B", "0.650",
    ]  # fmt: skip


def test_the_winner_has_the_learning_rate_that_it_was_found_at(full):
    winner = msgspec.structs.replace(full.winner, learning_rate=0.001)
    content = winner_section(msgspec.structs.replace(full, winner=winner)).content
    assert "<dt>learning rate</dt><dd>0.001</dd>" in content
    assert "learning rate" not in winner_section(full).content


def test_rejections_count_reasons_with_the_first_example():
    def tried(reason: str | None, detail: str = "") -> c.Tried:
        scored = ScoredCandidate(id="a", round="rounds/00001", spec={}, reason=reason, detail=detail)
        return c.Tried(scored=scored)

    candidates = (tried(None), tried("quality", "first"), tried("stability", "norm"), tried("quality", "second"))
    contents = c.Contents(
        name="a", candidates=candidates, proposed=5, screened={"ignores_input": 14, "seen": 1},
        economy=c.Economy(saved_seconds=100.0, screening_seconds=30.0),
    )  # fmt: skip
    content = rejection_section(contents).content
    screened = rows_of(content, 0)
    assert [screened[name][1:] for name in ("ignores input", "seen", "passed")] == [
        ["14", "70.0 %"], ["1", "5.0 %"], ["5", "25.0 %"],
    ]  # fmt: skip
    rejected = rows_of(content, 1)
    assert list(rejected) == ["quality", "stability"]
    assert rejected["quality"][1:] == ["2", "50.0 %", "first"]
    assert "a gain of 1 min 10 s" in content
    costly = msgspec.structs.replace(contents, economy=c.Economy(saved_seconds=10.0, screening_seconds=12.5))
    assert "a loss of 2.5 s" in rejection_section(costly).content


def test_baselines_are_no_candidates(full):
    assert "32 candidates" in candidates_section(full).content
    assert "BN-ReLU" not in candidates_section(full).content + progress_section(full).content


def test_data_lists_classes_or_their_extremes(full):
    assert rows_of(data_section(full).content)["test"] == ["360", *["36"] * 10]
    many = tuple(str(i) for i in range(30))
    split = msgspec.structs.replace(full.data.test, rows=465, class_rows=tuple(range(1, 31)))
    data = msgspec.structs.replace(full.data, classes=many, train=split, validation=split, test=split)
    assert rows_of(data_section(msgspec.structs.replace(full, data=data)).content)["test"] == ["465", "1", "30"]


@pytest.mark.parametrize(
    ("shape", "vocabulary", "said"),
    [((13,), None, "13 values"), ((8, 8, 1), None, "8 × 8 × 1 pixels"), ((64,), 5002, "64 words, of 5,000 that")],
)
def test_data_say_what_a_row_is(full, shape, vocabulary, said):
    data = msgspec.structs.replace(full.data, input_shape=shape, vocabulary=vocabulary)
    assert said in data_section(msgspec.structs.replace(full, data=data)).content


def test_seconds_add_up_over_parts_and_stages(full):
    content = seconds_section(full).content
    rows = rows_of(content)
    assert rows["data split"] == ["1", "0.40 s", "0.50 s", "0.20 s", "0.05 s", "0.30 s", "1.5 s", "1.1 s"]
    # 400.2 + 137.7 + 10.4 + 4.45 + 22.2 = 574.95 seconds in 47 steps, (574.95 - 400.2) / 47 = 3.7 not work.
    assert rows["all"] == ["47", "6 min 40 s", "2 min 18 s", "10.4 s", "4.5 s", "22.2 s", "9 min 35 s", "3.7 s"]
    assert "69.6 % of it is work" in content


def test_bytes_add_up(full):
    rows = rows_of(disk_section(full).content)
    assert rows["weights"] == ["4.00 MiB", "55.3 %"]  # 4,194,304 of 7,583,304
    assert rows["all"] == ["7.23 MiB", "100.0 %"]


def test_failures_are_listed(full, empty):
    assert rows_of(failures_section(full).content) == {
        "candidate_training rounds/00002/shards/0001": ["the process died; resumed"]
    }
    assert "Nothing has failed." in failures_section(empty).content


def test_uncertain_rows_show_wrong_predictions_and_pictures_only_of_images(full):
    content = uncertain_section(full).content
    assert content.count("<svg") == len(full.uncertainty.rows) == 8
    wrong = sum(row.true != row.predicted for row in full.uncertainty.rows)
    assert wrong >= 1 and content.count("✗") == wrong
    plain = tuple(msgspec.structs.replace(row, image=()) for row in full.uncertainty.rows)
    tabular = msgspec.structs.replace(full, uncertainty=msgspec.structs.replace(full.uncertainty, rows=plain))
    assert "<svg" not in uncertain_section(tabular).content and ">image<" not in uncertain_section(tabular).content
    entropies = [float(cells[4]) for cells in rows_of(content).values()]
    assert entropies == sorted(entropies, reverse=True) and np.all(np.array(entropies) > 0)


def test_hard_limits_stand_beside_what_the_winner_takes(full):
    limits = (
        c.Held(field="rejection.size.parameters", most=5000, winner=3569),
        c.Held(field="rejection.measured_latency_ms", most=0.7, winner=0.51234),
        c.Held(field="rejection.size.layers_latency_ms", most=1.5),
    )
    text = str(winner_section(msgspec.structs.replace(full, limits=limits)).content)
    for cells in (("parameters", "5,000", "3,569"), ("measured_latency_ms", "0.7", "0.5123")):
        place = text.index(f"{cells[0]}</code>")
        assert all(cell in text[place : place + 200] for cell in cells[1:])
    assert "wider or deeper" not in text
    scaled = msgspec.structs.replace(full, limits=limits, scales=True)
    assert "wider or deeper" in str(winner_section(scaled).content)
    assert "Hard limits" not in str(winner_section(full).content)


def test_where_weights_are_shared_the_designs_that_rounds_report_again_are_counted_once(full):
    searched = [tried for tried in full.candidates if tried.scored.role == "searched"]
    twice = msgspec.structs.replace(full, candidates=(*searched, *searched), shares_weights=True)
    survived = 2 * sum(tried.scored.quality is not None for tried in searched)
    said = f"32 different ones, {survived} scored, {64 - survived} not"
    assert len(searched) == 32 and said in result_section(twice).content
    assert "different ones" not in result_section(full).content
