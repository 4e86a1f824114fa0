"""The numbers that say how good predictions are: of classes, or of numbers to predict."""

from collections.abc import Callable
from typing import NamedTuple

from components.report.numerals import fixed, significant
from components.report.predictions import Quality


class Measure(NamedTuple):
    """A number of a `Quality`.

    Fields:
        field: its name there.
        name: in the head of a column.
        title: of its tile.
        reading: how it is read; empty where that is plain.
        shown: writes it.
    """

    field: str
    name: str
    title: str
    reading: str = ""
    shown: Callable[[float | None], str] = fixed

    def of(self, quality: Quality) -> str:
        """The number of a quality, written."""
        return self.shown(getattr(quality, self.field))


def _own_unit(value: float | None) -> str:
    return significant(value, 4)


OF_CLASSES = (
    Measure("accuracy", "accuracy", "Test accuracy of the ensemble"),
    Measure("nll", "NLL", "Test negative log-likelihood", "log loss in nats a row, less is better"),
    Measure("ece", "ECE", "Test calibration error", "ECE, less is better"),
)
OF_TWO_CLASSES = Measure("auc", "AUC", "Test AUC", "area under the ROC curve, 0.5 is chance")
OF_NUMBERS = (
    Measure("rmse", "RMSE", "Test RMSE of the ensemble", "root mean squared error in the label's unit", _own_unit),
    Measure("mae", "MAE", "Test MAE", "mean absolute error in the label's unit", _own_unit),
    Measure("r_squared", "R²", "Test R²", "share of the variance explained, 1 is perfect"),
)


def measures_of(quality: Quality) -> tuple[Measure, ...]:
    """The measures of a quality's learning task; the AUC where there is one."""
    if quality.rmse is not None:
        return OF_NUMBERS
    return OF_CLASSES if quality.auc is None else (*OF_CLASSES, OF_TWO_CLASSES)
