"""Texts as rows of token numbers: the words, the vocabulary of the training rows, what the search keeps of it."""

import numpy as np
import pytest
import sklearn.datasets
from sklearn.feature_extraction.text import CountVectorizer

from components.data_split.errors import DataError
from components.data_split.sources import read_source
from components.data_split.stage import split_data
from components.data_split.text import Texts, texts_of_bytes
from components.data_split.vocabulary import (
    Vocabulary,
    fitted_vocabulary,
    load_vocabulary,
    put_vocabulary,
    vectorize,
    words_of,
)
from components.records.data_section import Text
from components.records.rows import PARTS, read_part
from components.records.search import Choice, Data, Scoring, Search
from components.records.store import DamagedRecord
from components.search_file.stored import put_search
from components.search_file.validate import canonical_text


def prose():
    """Lines of English: what scikit-learn says of its bundled data sets."""
    names = ("digits", "iris", "wine", "breast_cancer")
    return [line for name in names for line in getattr(sklearn.datasets, f"load_{name}")().DESCR.splitlines()]


def write_reviews(path, texts, label=lambda row: "ab"[row % 2]):
    """Writes a CSV file of texts, with a column beside them, and returns a data section for it."""
    lines = [f'{row},"{text}",{label(row)}' for row, text in enumerate(texts)]
    path.write_text("\n".join(["id,review,y", *lines]) + "\n", encoding="utf-8")
    return {"source": f"csv:{path}", "label": "y"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, now!", ["don", "t", "stop", "now"]),
        ("  3.5 snake_case  ", ["3", "5", "snake", "case"]),
        ("Größe naïve ČESKÝ 東京", ["größe", "naïve", "český", "東京"]),
        ("... --- !!!", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text, words):
    assert words_of(text) == words


def test_words_and_their_frequencies_are_those_of_scikit_learn():
    """Its vectorizer is told to take words of one letter too."""
    theirs = CountVectorizer(token_pattern=r"[^\W_]+")
    counts = np.asarray(theirs.fit_transform(prose()).sum(axis=0))[0]
    ranked = sorted(zip(-counts, theirs.get_feature_names_out()))
    assert len(ranked) > 500
    assert fitted_vocabulary(prose(), 10**6, 1).words == tuple(word for _, word in ranked)
    assert fitted_vocabulary(prose(), 40, 1).words == tuple(word for _, word in ranked[:40])


def test_of_equally_frequent_words_the_first_by_the_alphabet_is_kept():
    assert fitted_vocabulary(["pear fig", "apple Fig", "kiwi"], 3, 1).words == ("fig", "apple", "kiwi")


def test_texts_become_token_numbers():
    vocabulary = Vocabulary(words=("the", "film", "good"), length=4)
    rows = vectorize(["The good film.", "a GOOD, good the film", "", "?!"], vocabulary)
    assert rows.tolist() == [[2, 4, 3, 0], [1, 4, 4, 2], [0] * 4, [0] * 4]
    assert (rows.dtype, vocabulary.size) == (np.float32, 5)
    assert vectorize([], vocabulary).shape == (0, 4)


def test_one_text_is_no_list_of_texts():
    with pytest.raises(TypeError, match=r"`texts` must be a list of texts\. Received: texts='fine'\."):
        vectorize("fine", Vocabulary(words=(), length=1))


def test_the_vocabulary_is_of_the_training_rows_alone():
    """Rows 1 and 2 train; `rare` stands in the others only, and `b` is there as often as `a`."""
    texts = Texts(("rare rare rare", "a b", "b a c", "a rare"), Text(vocabulary=2, length=3))
    encoded = texts.fit(np.array([2, 1]))
    assert encoded.vocabulary == Vocabulary(words=("a", "b"), length=3)
    assert encoded.values.tolist() == [[1, 1, 1], [2, 3, 0], [3, 2, 1], [2, 1, 0]]


def test_the_highest_token_is_exact_in_float32():
    """A million words, the most that a search file may ask for, are below 2**24."""
    words = tuple(f"w{number}" for number in range(10**6))
    assert vectorize(["w999999 w999998"], Vocabulary(words=words, length=2)).tolist() == [[1_000_001, 1_000_000]]


def test_a_csv_column_is_split_kept_and_vectorized_again(store, tmp_path):
    """New texts become rows as the split's own did, by the search directory alone."""
    texts = [f"line {row} says {'yes' if row % 2 else 'no'}" for row in range(20)] + ["", "!!", "NA"]
    data = Data(**write_reviews(tmp_path / "reviews.csv", texts), text=Text(column="review", vocabulary=5, length=6))
    space = Choice(name="update_rule", settings={"networks": ["text_rnn"]})
    search = put_search(
        store, canonical_text(Search(name="test", data=data, space=space, scoring=Scoring(latency_weight=0.0))).decode()
    )
    manifest = split_data(store, search)
    assert manifest.input_shape == (6,)
    assert manifest.vocabulary == 2 + 5
    assert manifest.features == ()
    vocabulary = load_vocabulary(store.uri)
    assert vocabulary.words[:2] == ("line", "says"), "which are in nearly every row"
    rows = np.concatenate([read_part(store, part)[0] for part in PARTS])
    assert sorted(rows.tolist()) == sorted(vectorize(texts, vocabulary).tolist())
    assert sorted(map(tuple, rows.tolist()))[:2] == [(0,) * 6] * 2, "the texts without words"


def test_a_search_on_images_has_no_vocabulary_to_load(store):
    search = Search(name="test", data=Data(source="sklearn:digits"), space=Choice(name="norm_act_layer"))
    split_data(store, put_search(store, canonical_text(search).decode()))
    with pytest.raises(FileNotFoundError, match=r"must hold data/vocabulary\.json"):
        load_vocabulary(store.uri)


def test_a_split_that_was_cut_off_is_repeated_to_the_same_bytes(split, store, tmp_path):
    options = write_reviews(tmp_path / "reviews.csv", prose()[:40])
    source, text = options.pop("source"), Text(column="review")
    first = split(source, **options, text=text)
    before = {path: store.read(path) for path in store.paths("")}
    store.delete("data/manifest.json")
    assert split(source, **options, text=text) == first
    assert {path: store.read(path) for path in store.paths("")} == before


def test_a_search_without_texts_has_no_vocabulary(split, store):
    assert split("sklearn:wine").vocabulary is None
    assert not store.exists("data/vocabulary.json")


def test_the_vocabulary_of_other_texts_is_refused(store):
    put_vocabulary(store, "data", Vocabulary(words=("a",), length=1))
    put_vocabulary(store, "data", Vocabulary(words=("a",), length=1))
    with pytest.raises(DamagedRecord, match=r"data/vocabulary.json` must hold the words of these rows"):
        put_vocabulary(store, "data", Vocabulary(words=("b",), length=1))


def test_bytes_that_are_no_utf_8_are_refused():
    with pytest.raises(DataError, match=r"must be UTF-8 text\. Received: 'tfds:x' with invalid .* in row 1\."):
        texts_of_bytes(np.array([b"fine", b"\xff"], object), "tfds:x", Text())


def test_numbers_among_texts_are_words(tmp_path):
    options = write_reviews(tmp_path / "r.csv", ["12", "", "twelve", "1e3", "3", "4"])
    encoded = read_source(Data(**options, text=Text(column="review", length=2))).inputs.fit(np.arange(6))
    assert encoded.vocabulary is not None and encoded.vocabulary.words == ("12", "1e3", "3", "4", "twelve")


# name: (texts, options of `text`, part of the message)
REFUSED = {
    "no such column": (["a"] * 6, {"column": "text"}, "`data.text.column` must be one of the columns 'id', 'review'."),
    "no column": (["a"] * 6, {}, "must be one of the columns 'id', 'review'. Received: column=None."),
    "the label": (["a"] * 6, {"column": "y"}, "must be one of the columns 'id', 'review'. Received: column='y'."),
    "numbers": (["1", "2.5", "", "1e3", "-4", "nan"], {"column": "review"}, "with numbers alone, such as '1'."),
    "empty": ([""] * 6, {"column": "review"}, "must name a column of texts. Received: column='review' with none but"),
    "no words": (["!", "?", "...", "-", "", "_"], {"column": "review"}, "texts with words in the training rows"),
}


@pytest.mark.parametrize(("texts", "text", "message"), REFUSED.values(), ids=list(REFUSED))
def test_columns_without_texts_are_refused(split, store, tmp_path, texts, text, message):
    options = write_reviews(tmp_path / "reviews.csv", texts)
    with pytest.raises(DataError) as caught:
        split(options.pop("source"), **options, text=Text(**text))
    assert message in str(caught.value)
    assert store.paths("") == [], "nothing may be written of data that is refused"


@pytest.mark.parametrize("source", ["sklearn:wine", "images:."])
def test_other_sources_have_no_texts(split, source):
    size = {"image_size": (8, 8)} if source.startswith("images") else {}
    with pytest.raises(DataError, match=rf"`data\.text` must not be given with a source {source.partition(':')[0]}:…"):
        split(source, **size, text=Text())
