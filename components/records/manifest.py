"""`manifest.json`: what data_split wrote of a task's rows."""

from components.records.data_section import QUALITY_NAMES, LearningTask
from components.records.results import Record


class Split(Record, frozen=True, kw_only=True):
    """Rows of one part of the data: how many in all and of each class (in class order), and the bytes' sha256.

    `class_rows` is empty where labels are regression targets.
    """

    rows: int
    class_rows: tuple[int, ...]
    sha256: str


class DataManifest(Record, frozen=True, kw_only=True):
    """What data_split wrote.

    Fields:
        source: as in the search file.
        input_shape: shape of one row, `[height, width, channels]`, `[features]` or, of texts, `[length]`.
        task: whether labels are classes (int32) or regression targets (float32, standardised).
        classes: names of the classes; labels are their indices. Empty for regression.
        label_mean, label_deviation: mean and (population) standard deviation of the training rows' labels in their own
            unit, by which all labels were standardised; None for classification.
        features: names of the features (of a table after expansion), empty for images and texts.
        left_out: columns of a table that are no inputs, each with the reason.
        remarks: columns of a table that are inputs and that people should look at, each with the reason.
        vocabulary: what the token numbers of texts are below: 0 is padding, 1 an unknown word; None for other rows.
        train, validation, test: the three parts.
    """

    source: str
    input_shape: tuple[int, ...]
    task: LearningTask = "classification"
    classes: tuple[str, ...]
    label_mean: float | None = None
    label_deviation: float | None = None
    features: tuple[str, ...] = ()
    left_out: dict[str, str] = {}  # noqa: RUF012 (msgspec copies it)
    remarks: dict[str, str] = {}  # noqa: RUF012 (msgspec copies it)
    vocabulary: int | None = None
    train: Split
    validation: Split
    test: Split

    @property
    def outputs(self) -> int:
        """Outputs of a model of these data: a logit for each class, or one standardised target."""
        return 1 if self.task == "regression" else len(self.classes)

    @property
    def quality_name(self) -> str:
        """What a quality in [0, 1] of a model of these data is, in a word: an R² counts 0 where it is negative."""
        return QUALITY_NAMES[self.task]
