"""The result in the terminal says what the summary says."""

import io

from rich.console import Console

from components.records.summary import (
    CandidateSummary,
    PartQuality,
    PredictorSummary,
    RoundSummary,
    Summary,
    WinnerSummary,
)
from pipelines.result_view import show_result

QUALITY = PartQuality(accuracy=0.97, nll=0.0815, ece=0.0123, brier=0.05)


def shown(**fields):
    """What is printed of a summary of one round with two candidates, 80 columns wide."""
    candidates = (CandidateSummary(id="a", fitness=(0.9,)), CandidateSummary(id="b", reason="quality"))
    rounds = (RoundSummary(round="rounds/00001", candidates=candidates),)
    about = {"name": "tiny", "seed": 0, "why": "2 candidates were tried", "rejected": {"quality": 1}, "rounds": rounds}
    said = io.StringIO()
    show_result(Summary(**about, **fields), "/s", Console(file=said, width=80, highlight=False))
    return said.getvalue()


def test_a_formula_keeps_its_brackets_and_no_number_is_cut_off():
    """Index sets stand in brackets, which rich takes for its markup; the table must fit a terminal of 80 columns."""
    row = PredictorSummary(name="mean member", validation=QUALITY, test=QUALITY)
    winner = WinnerSummary(id="a", spec=[], formula="x / std[bwh](x)", network="n", width=1.0, depth=2.0, parameters=7)
    text = shown(outcome="finished", winner=winner, single_best=row, mean_member=row, ensemble=row)
    assert "winner: x / std[bwh](x)\n" in text
    assert "2 candidates in 1 round; 2 candidates were tried" in text and "rejected: quality 1" in text
    assert text.count("0.0815") == 6 and text.count("0.0123") == 6 and "…" not in text
    assert text.endswith("model:  /s/model\nreport: /s/report.html\n")


def test_the_learning_rate_stands_with_what_was_found_at_one():
    row = PredictorSummary(name="mean member", validation=QUALITY, test=QUALITY)
    about = {"id": "a", "spec": [], "formula": "g", "network": "convnet", "width": 1.0, "depth": 1.0, "parameters": 7}
    for rate, said in ((0.001, "depth 1, learning rate 0.001, 7 weights"), (None, "depth 1, 7 weights")):
        winner = WinnerSummary(**about, learning_rate=rate)
        text = shown(outcome="finished", winner=winner, single_best=row, mean_member=row, ensemble=row)
        assert f"in convnet, width 1, {said}\n" in text


def test_where_nothing_survived_it_says_so_and_names_the_report():
    text = shown(outcome="nothing_survived")
    assert "No candidate survived" in text and "report: /s/report.html" in text and "model:" not in text


def test_errors_of_predicted_numbers_stand_under_their_names():
    quality = PartQuality(rmse=41.5, mae=30.25, r_squared=0.765)
    row = PredictorSummary(name="mean member", validation=quality, test=quality)
    winner = WinnerSummary(id="a", spec=[], formula="g", network="mlp", width=1.0, depth=1.0, parameters=7)
    text = shown(outcome="finished", winner=winner, single_best=row, mean_member=row, ensemble=row)
    assert all(f"{part} {name}" in text for part in ("val", "test") for name in ("RMSE", "MAE", "R²"))
    assert text.count("41.5000") == text.count("0.7650") == 6
    assert "acc" not in text and "NLL" not in text
