"""Columns as features, against scikit-learn's preprocessors fitted on the training rows."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from components.data_split.errors import DataError
from components.data_split.table import (
    MOST_CATEGORIES,
    CategoryColumn,
    NumberColumn,
    Table,
    UnusedColumn,
    table_of_numbers,
)

TRAIN = np.arange(60)  # rows 60 to 99 are held out


def encoded(column, train):
    """The features of a column that is not left out, and their names."""
    encoding, features = column.fit(train)
    return features, encoding.features


@pytest.fixture
def numbers():
    """A skewed column of 100 numbers of which a fifth is missing."""
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 2, 100)
    values[rng.permutation(100)[:20]] = np.nan
    return values


def test_numbers_are_filled_and_standardised_as_by_scikit_learn(numbers):
    features, names = encoded(NumberColumn("x", numbers), TRAIN)
    pipeline = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(numbers[TRAIN, np.newaxis])
    np.testing.assert_allclose(features[:, 0], pipeline.transform(numbers[:, np.newaxis])[:, 0], rtol=1e-5, atol=1e-6)
    assert features[:, 1].tolist() == np.isnan(numbers).tolist()
    assert names == ("x", "x=<missing>")


def test_statistics_of_numbers_are_those_of_the_training_rows(numbers):
    """Leaking the held-out rows into the median, mean or deviation moves the training features."""
    before, _ = encoded(NumberColumn("x", numbers), TRAIN)
    changed = np.concatenate([numbers[:60], np.full(40, 1e6)])
    after, _ = encoded(NumberColumn("x", changed), TRAIN)
    assert before[:60].tobytes() == after[:60].tobytes()
    assert after[60:, 0].min() > 1000


def test_a_value_missing_only_outside_training_is_the_median_and_adds_no_feature():
    """Its indicator would be 0 in each training row, so its weight would stay as it was drawn."""
    features, names = encoded(NumberColumn("x", np.array([1.0, 2.0, 6.0, np.nan])), np.arange(3))
    assert names == ("x",)
    assert features[3, 0] == features[1, 0]


def test_a_column_that_is_missing_or_equal_in_each_training_row_is_left_out():
    """The mean of 0.1, 0.1, 0.1 is not 0.1, and dividing by that rounding error would give +-1."""
    train = np.arange(7)
    columns = (
        NumberColumn("equal", np.array([0.1] * 7 + [9])),
        NumberColumn("missing", np.array([np.nan] * 7 + [1])),
        CategoryColumn("word", ("a",) * 7 + ("b",)),
        CategoryColumn("none", (None,) * 7 + ("b",)),
        UnusedColumn("day", "dates are no inputs"),
        NumberColumn("used", np.arange(8.0)),
    )
    fitted = Table(columns).fit(train)
    assert fitted.features == ("used",)
    assert fitted.left_out == {
        "equal": "constant: 0.1 in each training row",
        "missing": "no training row has a value",
        "word": "constant: 'a' in each training row",
        "none": "no training row has a value",
        "day": "dates are no inputs",
    }


def test_of_an_equal_number_that_some_rows_miss_the_missing_ones_are_a_feature():
    features, names = encoded(NumberColumn("x", np.array([0.1, np.nan, 0.1])), np.arange(3))
    assert names == ("x", "x=<missing>")
    assert abs(features[:, 0]).max() < 1e-12
    assert features[:, 1].tolist() == [0, 1, 0]


def test_categories_are_one_hot_as_by_scikit_learn():
    values = ("red", "blue", "green", "blue", "red", "green", "blue")
    features, names = encoded(CategoryColumn("colour", values), np.arange(5))
    expected = OneHotEncoder(sparse_output=False).fit_transform(np.array(values).reshape(-1, 1))
    assert features[:, :3].tolist() == expected.tolist()
    assert names == ("colour=blue", "colour=green", "colour=red", "colour=<missing>", "colour=<unseen>")


def test_missing_and_unseen_categories_have_their_own_features():
    features, names = encoded(CategoryColumn("c", ("a", "b", None, "z", None)), np.array([0, 1]))
    assert names == ("c=a", "c=b", "c=<missing>", "c=<unseen>")
    assert features.argmax(axis=1).tolist() == [0, 1, 2, 3, 2]
    assert (features.sum(axis=1) == 1).all()


def test_features_stand_in_the_order_of_the_columns():
    table = Table((CategoryColumn("c", ("a", "b")), NumberColumn("n", np.array([1.0, 3.0]))))
    fitted = table.fit(np.arange(2))
    assert fitted.features == ("c=a", "c=b", "c=<missing>", "c=<unseen>", "n")
    assert fitted.rows(np.array([1])).tolist() == [[0, 1, 0, 0, 1]]
    assert fitted.rows(np.array([1])).dtype == np.float32


@pytest.mark.parametrize(
    "column, message",
    [
        (
            NumberColumn("x", np.array([1e300, -1e300, 1.0])),
            "finite variance in the column 'x'. Received: numbers to 1e+300.",
        ),
        (
            CategoryColumn("id", tuple(f"u{i}" for i in range(MOST_CATEGORIES + 1))),
            "names it. Received: 1001 in",
        ),
    ],
)
def test_columns_that_can_not_be_features_are_refused(column, message):
    train = np.arange(max(2, len(column.values) if isinstance(column, CategoryColumn) else 2))
    with pytest.raises(DataError) as caught:
        column.fit(train)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_arrays_must_be_finite(wrong):
    values = np.ones((5, 2))
    values[3, 1] = wrong
    with pytest.raises(DataError, match=r"finite numbers. Received: -?(nan|inf) in row 3, 'width'"):
        table_of_numbers(values, ("height", "width"))


ROWS = 120


def remarked(column, rows=ROWS):
    return Table((column, NumberColumn("x", np.linspace(0, 1, ROWS)))).fit(np.arange(rows)).remarks


def test_an_identifier_of_whole_numbers_is_remarked():
    numbers = np.random.default_rng(0).permutation(ROWS) + 1000.0
    assert remarked(NumberColumn("id", numbers)) == {
        "id": "each training row has a whole number of its own; leave an identifier out (data.leave_out)"
    }
    assert remarked(NumberColumn("few", numbers), rows=50) == {}  # of few rows that may be by chance
    assert remarked(NumberColumn("amount", numbers + 0.5)) == {}
    assert remarked(NumberColumn("visits", np.floor(numbers / 2))) == {}
    assert remarked(NumberColumn("gaps", np.where(numbers == 1000, np.nan, numbers))) == {}


def test_texts_of_which_hardly_any_is_met_twice_are_remarked():
    days = tuple(f"{day % 28 + 1:02d}/{day % 12 + 1:02d}/20{day % 30:02d}" for day in range(ROWS))
    found = remarked(CategoryColumn("day", days))["day"]
    assert found.startswith("120 categories in 120 training rows, such as '01/01/2000';") and "data.leave_out" in found
    assert remarked(CategoryColumn("town", tuple(f"town {row % 60}" for row in range(ROWS)))) == {}


def test_a_left_out_column_is_not_remarked():
    assert remarked(UnusedColumn("id", "the search file leaves it out")) == {}
