"""What one row of the data is to a network: an image, a row of a table, or a text."""

from typing import Literal, NamedTuple

RowKind = Literal["image", "table", "text"]
SHAPES: dict[RowKind, str] = {
    "image": "[height, width, channels]",
    "table": "[features]",
    "text": "[length] with a vocabulary",
}


class Row(NamedTuple):
    """Shape of one row.

    Fields:
        shape: `[height, width, channels]` of an image, `[features]` of a table, `[length]` of a text.
        vocabulary: what the token numbers of a text are below; None where rows are no texts.
    """

    shape: tuple[int, ...]
    vocabulary: int | None = None

    @property
    def kind(self) -> RowKind | None:
        """What the row is; None where it is nothing that a network takes."""
        match len(self.shape), self.vocabulary:
            case 3, None:
                return "image"
            case 1, None:
                return "table"
            case 1, _:
                return "text"
        return None
