"""The section `data` of a search file: where rows come from, what they are, and how they are split."""

from typing import Annotated, Literal

import msgspec

from components.records.section import PositiveInt, Section, Share

Source = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(sklearn|tfds|csv|parquet|images):\S([^\x00-\x1f]*\S)?\Z",
        description="`sklearn:NAME`, `tfds:NAME`, `csv:PATH`, `parquet:PATH` or `images:FOLDER`",
    ),
]
Label = Annotated[str, msgspec.Meta(min_length=1)]
Pixels = Annotated[int, msgspec.Meta(ge=1, le=4096)]
LearningTask = Literal["classification", "regression"]
# What a quality in [0, 1] of a model is, in a word; an R² counts 0 where it is negative.
QUALITY_NAMES: dict[LearningTask, str] = {"classification": "accuracy", "regression": "R²"}
OF_NUMBERS = ("sklearn:diabetes",)  # bundled sources whose labels are numbers to predict


class Text(Section, frozen=True, kw_only=True):
    """How texts become rows of token numbers; statistics are of the training rows alone.

    A word is a run of letters and digits, in lower case. 0 is padding, 1 a word outside the vocabulary, and the other
    numbers are the vocabulary's words, the most frequent first (of equally frequent ones the first by the alphabet).

    Fields:
        column: the column of csv: whose texts are the rows; needed there, other columns are passed over. For tfds: the
            feature; null takes the input that the data set names.
        vocabulary: words that are told apart at most, [1, 1000000].
        length: words of a row, [1, 4096]; of a longer text the first, and after a shorter one padding.
    """

    column: Label | None = None
    vocabulary: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    length: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 64


class Data(Section, frozen=True, kw_only=True):
    """Where the rows come from and how they are split.

    Fields:
        source: `sklearn:NAME`, `tfds:NAME`, `csv:PATH`, `parquet:PATH` (a file, or a folder of parts) or
            `images:FOLDER`. PATH and FOLDER are paths of this machine, or URIs: gs://bucket/key, s3://bucket/key.
        label: name of the label column; needed by csv: and parquet:, refused by the others.
        task: `classification`, where each distinct label is a class, or `regression`, where labels are numbers to
            predict, for csv: and parquet:; null is regression for sklearn:diabetes, else classification.
        text: null where the rows of csv: or tfds: are no texts.
        image_size: [height, width] in pixels to which images are resized, each in [1, 4096]; needed by images:,
            optional for tfds:, refused by the others.
        leave_out: columns of csv: and parquet: that are no inputs, such as identifiers; beside the label, none twice.
        validation: share of the rows that guides the search, in (0, 1).
        test: share of the rows that is read once, at the end, in (0, 1). validation + test < 1.
        memory_limit_mib: training rows above this many MiB are streamed from the split file, [1, 1e8].
    """

    source: Source
    label: Label | None = None
    task: LearningTask | None = None
    image_size: tuple[Pixels, Pixels] | None = None
    text: Text | None = None
    leave_out: tuple[Label, ...] = ()
    validation: Share = 0.2
    test: Share = 0.2
    memory_limit_mib: PositiveInt = 2048

    @property
    def learning_task(self) -> LearningTask:
        """What is learned from the labels: `task`, or what it stands for where it is null."""
        return self.task or ("regression" if self.source in OF_NUMBERS else "classification")
