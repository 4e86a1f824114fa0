"""The words of a search's texts, and texts as rows of their numbers: the same while searching and afterwards."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from components.records.results import Record
from components.records.store import DamagedRecord, Store, open_search, require_record, write_record
from components.records.tasks import target_task
from components.search_file.stored import get_search

PADDING, UNKNOWN = 0, 1
FIRST_WORD = 2
WORD = re.compile(r"[^\W_]+")


class Vocabulary(Record, frozen=True, kw_only=True):
    """`vocabulary.json` beside a manifest: how texts became its rows.

    Fields:
        words: the known ones, of which number i has the token i + 2.
        length: tokens of a row.
    """

    words: tuple[str, ...]
    length: int

    @property
    def size(self) -> int:
        """What token numbers are below."""
        return FIRST_WORD + len(self.words)


def words_of(text: str) -> list[str]:
    """The runs of letters and digits of a text, in lower case."""
    return WORD.findall(text.lower())


def fitted_vocabulary(texts: Iterable[str], most_words: int, length: int) -> Vocabulary:
    """Returns the most frequent words of some texts.

    Args:
        texts: those that statistics may be taken of.
        most_words: words to keep at most, >= 1.
        length: tokens of a row, >= 1.
    """
    counts = Counter(word for text in texts for word in words_of(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return Vocabulary(words=tuple(ranked[:most_words]), length=length)


def vectorize(texts: Sequence[str], vocabulary: Vocabulary) -> np.ndarray:
    """Returns texts as rows for a model that a search found.

    Args:
        texts: any number of them.
        vocabulary: the search's; see `load_vocabulary`.

    Returns:
        `[texts, length]` float32, whole numbers: of a text the first `length` words, 1 for an unknown word, and 0 after
        the last.

    Raises:
        TypeError: where `texts` is one text instead of a list of them.
    """
    if isinstance(texts, str):
        raise TypeError(f"`texts` must be a list of texts. Received: texts={texts[:40]!r}.")
    tokens = {word: token for token, word in enumerate(vocabulary.words, FIRST_WORD)}
    rows = np.full((len(texts), vocabulary.length), PADDING, np.float32)
    for row, text in zip(rows, texts, strict=True):
        known = [tokens.get(word, UNKNOWN) for word in words_of(text)[: vocabulary.length]]
        row[: len(known)] = known
    return rows


def put_vocabulary(store: Store, folder: str, vocabulary: Vocabulary) -> None:
    """Writes a vocabulary beside the rows of a folder, unless it is there.

    Raises:
        DamagedRecord: where another one is there.
    """
    if write_record(store, _path(folder), vocabulary) != vocabulary:
        raise DamagedRecord(
            f"`{store.uri}/{_path(folder)}` must hold the words of these rows, but an unfinished split left other ones:"
            " the data has changed since. Start again in another search directory."
        )


def load_vocabulary(search: str) -> Vocabulary:
    """Returns the vocabulary of the texts on which a search's delivered model was trained.

    Args:
        search: URI of the search directory.

    Raises:
        FileNotFoundError: where these rows are no texts, or aren't split yet.
    """
    store = open_search(search)
    return require_record(store, _path(target_task(get_search(store)).folder), Vocabulary)


def _path(folder: str) -> str:
    return f"{folder}/vocabulary.json"
