"""What the final model predicts: ensemble and members, calibration, uncertainty."""

from components.report.contents import Contents, Predictor, UncertainRow
from components.report.markup import Markup, join
from components.report.numerals import count, fixed
from components.report.reliability_figure import reliability_figure
from components.report.sections import Section, beside, figure, note, pending
from components.report.tables import Row, Words, table
from components.report.thumbnail import thumbnail
from components.report.uncertainty_figure import uncertainty_figure


def ensemble_section(contents: Contents) -> Section:
    """Members, single best, mean of the members and the ensemble, on validation and test rows."""
    ensemble = contents.ensemble
    if ensemble is None:
        return Section("ensemble", "Ensemble", pending(contents, "No ensemble has been assembled"))
    columns = [Words("model"), "validation accuracy", "validation NLL", "validation ECE",
               "test accuracy", "test NLL", "test ECE"]  # fmt: skip
    rows = [Row(_predictor(member)) for member in ensemble.members]
    rows += [Row(_predictor(ensemble.single_best), "rule"), Row(_predictor(ensemble.mean_member))]
    rows += [Row(_predictor(ensemble.together), "chosen")]
    chosen = "Members were chosen on validation NLL; test rows played no part in any choice."
    return Section("ensemble", "Ensemble", join([table("Members and ensemble", columns, rows), note(chosen)]))


def _predictor(row: Predictor) -> list[str]:
    parts = (row.validation, row.test)
    return [row.name, *(fixed(value) for part in parts for value in (part.accuracy, part.nll, part.ece))]


def calibration_section(contents: Contents) -> Section:
    """The reliability diagram, and the two distributions of uncertainty beside it."""
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
    return Section("calibration", "Calibration and uncertainty", shown)


def uncertain_section(contents: Contents) -> Section:
    """The test rows of which the ensemble is least sure."""
    rows = contents.uncertainty.rows if contents.uncertainty else ()
    title = "Most uncertain test rows"
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
