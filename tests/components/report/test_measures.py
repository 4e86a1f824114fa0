"""What the report says of numbers to predict, of two classes, and of columns that are left out."""

import re

import msgspec
import pytest

from components.records.manifest import DataManifest, Split
from components.report import predictions as p
from components.report.page import render
from components.report.prediction_sections import calibration_section, ensemble_section, uncertain_section
from components.report.search_sections import candidates_section, pareto_section, progress_section
from components.report.summary_section import data_section, result_section
from components.report.winner_sections import comparison_section, scaling_section, winner_section

PRICES = p.Quality(rmse=41_234.5, mae=30_111.0, r_squared=0.7654)


def predictor(name, quality):
    return p.Predictor(name=name, validation=quality, test=quality)


def ensemble(quality):
    """An ensemble whose numbers are all those of one quality."""
    names = ("single best", "mean member", "ensemble of 2")
    single, mean, together = (predictor(name, quality) for name in names)
    return p.Ensemble(members=(predictor("a", quality),), single_best=single, mean_member=mean, together=together)


@pytest.fixture
def priced(full):
    """The full contents, as if a number had been predicted."""
    part = Split(rows=88, class_rows=(), sha256="0")
    data = DataManifest(
        source="csv:houses.csv",
        input_shape=(5,),
        task="regression",
        classes=(),
        label_mean=210_000.0,
        label_deviation=84_000.0,
        left_out={"sold": "dates are no inputs"},
        train=part,
        validation=part,
        test=part,
    )
    row = p.UncertainNumber(row=7, true=100_000.0, predicted=90_500.0, deviation=43_000.0, disagreement=4_000.0)
    unsure = p.NumberUncertainty(covered=0.943, deviation=42_000.0, disagreement=3_000.0, rows=(row,))
    changes = {"data": data, "ensemble": ensemble(PRICES), "number_uncertainty": unsure}
    return msgspec.structs.replace(full, reliability=(), uncertainty=None, **changes)


def test_numbers_are_judged_by_their_errors_and_nothing_is_called_accuracy(priced):
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", ensemble_section(priced).content)
    expected = [f"{part} {name}" for part in ("validation", "test") for name in ("RMSE", "MAE", "R²")]
    assert heads[:7] == ["model", *expected]
    tiles = re.findall(r'class="name">(.*?)</div><div class="value">(.*?)</div>', result_section(priced).content)
    assert tiles[:3] == [("Test RMSE of the ensemble", "41,234"), ("Test MAE", "30,111"), ("Test R²", "0.765")]
    sections = (
        *(result_section, ensemble_section, calibration_section, uncertain_section, progress_section, pareto_section),
        *(candidates_section, winner_section, comparison_section, scaling_section, data_section),
    )
    for section in sections:
        made = section(priced)
        words = made.title + made.content.replace("validation accuracy 0.104", "")  # a detail of the example's own
        assert "ccuracy" not in words and "NLL" not in words, section.__name__
    assert "validation R², mean over networks" in progress_section(priced).content
    assert pareto_section(priced).title == "R² against latency"


def test_the_interval_and_the_most_uncertain_rows_stand_in_the_labels_unit(priced):
    shown = calibration_section(priced).content
    assert "0.943 of the test rows" in shown and "42,000" in shown and "3,000" in shown
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", uncertain_section(priced).content.partition("<tbody>")[2])
    assert cells == ["7", "100,000", "90,500", "-9,500", "43,000", "4,000"]


def test_the_data_say_what_is_predicted_and_what_is_left_out(priced):
    shown = data_section(priced).content
    assert "numbers to predict, mean 210,000 and deviation 84,000 of the training rows" in shown
    assert "Columns that are left out" in shown and "dates are no inputs" in shown
    assert "classes" not in shown
    assert (
        "left out"
        not in data_section(
            msgspec.structs.replace(priced, data=msgspec.structs.replace(priced.data, left_out={}))
        ).content
    )


def test_the_whole_page_is_drawn(priced):
    assert "Test RMSE of the ensemble" in render(priced)


def test_a_target_of_numbers_leaves_the_search_rounds_their_accuracy(full, priced):
    both = msgspec.structs.replace(priced, data=full.data, target=priced.data)
    assert "validation accuracy, mean over networks" in progress_section(both).content
    assert "Validation R² in each network" in comparison_section(both).content


@pytest.mark.parametrize("auc", [None, 0.9812])
def test_the_auc_has_a_column_and_a_tile_where_there_are_two_classes(full, auc):
    of = msgspec.structs.replace(full, ensemble=ensemble(p.Quality(accuracy=0.9, nll=0.2, ece=0.01, auc=auc)))
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", ensemble_section(of).content)
    assert ("test AUC" in heads) == ("Test AUC" in result_section(of).content) == (auc is not None)
    assert ("0.981" in ensemble_section(of).content) == (auc is not None)
