"""The contents of the report about what the final model predicts."""

from components.report.part import Part

Pixel = tuple[float, ...]  # one grey value, or red, green and blue, each in [0, 1]
Image = tuple[tuple[Pixel, ...], ...]  # [height][width]


class Quality(Part, frozen=True, kw_only=True):
    """On one part of the data; None for what is not known, or not of the learning task. See `PartQuality`."""

    accuracy: float | None = None
    nll: float | None = None
    ece: float | None = None
    auc: float | None = None
    rmse: float | None = None
    mae: float | None = None
    r_squared: float | None = None


class Predictor(Part, frozen=True, kw_only=True):
    """A model, a mean over models or an ensemble, on the validation and on the test rows."""

    name: str
    validation: Quality = Quality()
    test: Quality = Quality()


class Ensemble(Part, frozen=True, kw_only=True):
    """The ensemble beside what it is made of; `mean_member` averages the members' own numbers."""

    members: tuple[Predictor, ...]
    single_best: Predictor
    mean_member: Predictor
    together: Predictor


class ReliabilityBin(Part, frozen=True, kw_only=True):
    """Test predictions with confidence in (lower, upper]: mean confidence, accuracy, and how many; None where empty."""

    lower: float
    upper: float
    confidence: float | None
    accuracy: float | None
    count: int


class Histogram(Part, frozen=True, kw_only=True):
    """Counts of right and wrong test predictions in `bins` bins of a quantity in nats; `edges` has bins + 1."""

    edges: tuple[float, ...]
    right: tuple[int, ...]
    wrong: tuple[int, ...]


class UncertainRow(Part, frozen=True, kw_only=True):
    """A test row of which the ensemble is unsure.

    Fields:
        row: its index in the test part.
        true, predicted: names of the classes.
        probability: of the predicted class, [0, 1].
        entropy, mutual_information: of the prediction, in nats.
        image: its pixels where the data are images, see `components.report.thumbnail.image_of`; else empty.
    """

    row: int
    true: str
    predicted: str
    probability: float
    entropy: float
    mutual_information: float
    image: Image = ()


class Uncertainty(Part, frozen=True, kw_only=True):
    """How unsure the ensemble is of the test rows: two distributions, and the most uncertain rows first."""

    mutual_information: Histogram
    entropy: Histogram
    rows: tuple[UncertainRow, ...] = ()


class UncertainNumber(Part, frozen=True, kw_only=True):
    """A test row of whose number the ensemble is unsure; all but `row` in the label's unit.

    Fields:
        row: its index in the test part.
        true, predicted: the label, and what the ensemble says.
        deviation: standard deviation of the prediction.
        disagreement: standard deviation of the members' predictions.
    """

    row: int
    true: float
    predicted: float
    deviation: float
    disagreement: float


class NumberUncertainty(Part, frozen=True, kw_only=True):
    """How unsure the ensemble is of the numbers of the test rows.

    Fields:
        covered: share of the test rows whose label lies within prediction ± 1.96 deviations, [0, 1].
        deviation, disagreement: medians over the test rows, in the label's unit.
        rows: the most uncertain rows first.
    """

    covered: float
    deviation: float
    disagreement: float
    rows: tuple[UncertainNumber, ...] = ()
