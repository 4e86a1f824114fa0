"""What the final model predicts: ensemble and members, calibration, uncertainty."""

from collections.abc import Sequence

from components.report.contents import Contents
from components.report.markup import Markup, join
from components.report.measures import OF_CLASSES, Measure, measures_of
from components.report.numerals import count, fixed, significant
from components.report.predictions import NumberUncertainty, Predictor, UncertainRow
from components.report.reliability_figure import reliability_figure
from components.report.sections import Section, beside, figure, note, pending
from components.report.tables import Row, Words, facts, table
from components.report.thumbnail import thumbnail
from components.report.uncertainty_figure import uncertainty_figure


def ensemble_section(contents: Contents) -> Section:
    """Members, single best, mean of the members and the ensemble, on validation and test rows."""
    ensemble = contents.ensemble
    if ensemble is None:
        return Section("ensemble", "Ensemble", pending(contents, "No ensemble has been assembled"))
    measures = measures_of(ensemble.together.test)
    columns = [Words("model"), *(f"{part} {each.name}" for part in ("validation", "test") for each in measures)]
    rows = [Row(_predictor(member, measures)) for member in ensemble.members]
    rows += [Row(_predictor(ensemble.single_best, measures), "rule"), Row(_predictor(ensemble.mean_member, measures))]
    rows += [Row(_predictor(ensemble.together, measures), "chosen")]
    loss = "NLL" if measures[0] in OF_CLASSES else "squared error"
    chosen = f"Members were chosen on validation {loss}; test rows played no part in any choice."
    return Section("ensemble", "Ensemble", join([table("Members and ensemble", columns, rows), note(chosen)]))


def _predictor(row: Predictor, measures: Sequence[Measure]) -> list[str]:
    return [row.name, *(each.of(part) for part in (row.validation, row.test) for each in measures)]


def calibration_section(contents: Contents) -> Section:
    """The reliability diagram and the two distributions of uncertainty; of numbers, how far they can be trusted."""
    title = "Calibration and uncertainty"
    if contents.number_uncertainty:
        return Section("calibration", title, _interval(contents.number_uncertainty))
    parts = []
    if any(each.count for each in contents.reliability):
        caption = "Each bin's accuracy at its mean confidence. On the diagonal, confidence is what it claims to be."
        parts.append(figure(reliability_figure(contents.reliability), caption))
    if contents.uncertainty:
        figures = [
            uncertainty_figure(contents.uncertainty.mutual_information, "mutual information"),
            uncertainty_figure(contents.uncertainty.entropy, "predictive entropy"),
        ]
        caption = (
            "Shares of the right predictions upwards and of the wrong ones downwards. "
            "Useful uncertainty is larger where the model errs."
        )
        parts.append(figure(join(figures), caption))
    shown = beside(*parts) if parts else pending(contents, "There are no test predictions")
    return Section("calibration", title, shown)


def _interval(unsure: NumberUncertainty) -> Markup:
    """How often the interval holds, and how wide it is."""
    numbers = facts(
        [
            ("95 % interval holds", f"{fixed(unsure.covered)} of the test rows"),
            ("deviation of a prediction, median", significant(unsure.deviation, 4)),
            ("members' disagreement, median", significant(unsure.disagreement, 4)),
        ]
    )
    words = (
        "In the label's unit. A prediction's deviation joins the members' validation RMSE with the deviation of their "
        "predictions from each other; the interval is the prediction ± 1.96 deviations, and should hold 0.95."
    )
    return join([numbers, note(words)])


def uncertain_section(contents: Contents) -> Section:
    """The test rows of which the ensemble is least sure."""
    title = "Most uncertain test rows"
    if contents.number_uncertainty:
        return Section("uncertain", title, _uncertain_numbers(contents.number_uncertainty))
    rows = contents.uncertainty.rows if contents.uncertainty else ()
    if not rows:
        return Section("uncertain", title, pending(contents, "There are no test predictions"))
    pictured = any(row.image for row in rows)
    columns = [
        "row",
        Words("true class"),
        Words("predicted"),
        "probability",
        "entropy, nats",
        "mutual information, nats",
    ]
    columns = [columns[0], Words("image"), *columns[1:]] if pictured else columns
    drawn = [Row(_uncertain(row, pictured), None if row.true == row.predicted else "wrong") for row in rows]
    wrong = sum(row.true != row.predicted for row in rows)
    words = f"{wrong} of these {len(rows)} are wrong."
    return Section(
        "uncertain", title, join([table("Test rows by uncertainty, the highest first", columns, drawn), note(words)])
    )


def _uncertain(row: UncertainRow, pictured: bool) -> list[str]:
    image = [thumbnail(row.image, f"test row {row.row}") if row.image else Markup("")] if pictured else []
    numbers = [fixed(row.probability), fixed(row.entropy), fixed(row.mutual_information)]
    verdict = row.predicted if row.true == row.predicted else f"{row.predicted} ✗"
    return [count(row.row), *image, row.true, verdict, *numbers]


def _uncertain_numbers(unsure: NumberUncertainty) -> Markup:
    columns = ["row", "true", "predicted", "error", "deviation", "disagreement"]
    rows = [
        Row(
            [
                count(each.row),
                *(
                    significant(number, 4)
                    for number in (
                        each.true,
                        each.predicted,
                        each.predicted - each.true,
                        each.deviation,
                        each.disagreement,
                    )
                ),
            ]
        )
        for each in unsure.rows
    ]
    return table("Test rows by deviation of the prediction, the highest first", columns, rows)
