"""Texts as inputs: rows of token numbers, whose vocabulary is that of the training rows alone."""

from typing import NamedTuple

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Encoded
from components.data_split.vocabulary import fitted_vocabulary, vectorize
from components.records.data_section import Text


class Texts(NamedTuple):
    """Texts by row; one without any word becomes a row of padding.

    Fields:
        texts: of all rows.
        settings: how they become token numbers.
    """

    texts: tuple[str, ...]
    settings: Text

    def fit(self, train: np.ndarray) -> Encoded:
        """Returns rows `[rows, length]` of token numbers.

        Raises:
            DataError: where no training row has a word.
        """
        known = (self.texts[row] for row in train.tolist())
        vocabulary = fitted_vocabulary(known, self.settings.vocabulary, self.settings.length)
        if not vocabulary.words:
            raise DataError("data.text", "name texts with words in the training rows", "none")
        return Encoded(vectorize(self.texts, vocabulary), vocabulary=vocabulary)


def texts_of_cells(cells: tuple[str, ...], settings: Text) -> Texts:
    """Makes texts of a column of cells.

    Raises:
        DataError: where no cell is anything but a number or empty.
    """
    if all(_is_number(cell) for cell in cells):
        received = "none but empty ones" if not any(cells) else f"numbers alone, such as {next(filter(None, cells))!r}"
        raise DataError("data.text.column", "name a column of texts", f"column={settings.column!r} with {received}")
    return Texts(cells, settings)


def texts_of_bytes(rows: np.ndarray, source: str, settings: Text) -> Texts:
    """Makes texts of UTF-8 bytes, `[rows]`.

    Raises:
        DataError: where one isn't UTF-8; names the first.
    """
    texts = []
    for row, data in enumerate(rows.tolist()):
        try:
            texts.append(data.decode())
        except UnicodeDecodeError as error:
            raise DataError("data.source", "be UTF-8 text", f"{source!r} with {error.reason} in row {row}") from error
    return Texts(tuple(texts), settings)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True
