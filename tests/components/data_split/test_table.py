"""Columns as features, against scikit-learn's preprocessors fitted on the training rows."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from components.data_split.errors import DataError
from components.data_split.table import MOST_CATEGORIES, CategoryColumn, NumberColumn, Table, table_of_numbers

TRAIN = np.arange(60)  # rows 60 to 99 are held out


@pytest.fixture
def numbers():
    """A skewed column of 100 numbers of which a fifth is missing."""
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 2, 100)
    values[rng.permutation(100)[:20]] = np.nan
    return values


def test_numbers_are_filled_and_standardised_as_by_scikit_learn(numbers):
    features, names = NumberColumn("x", numbers).encode(TRAIN)
    pipeline = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(numbers[TRAIN, np.newaxis])
    np.testing.assert_allclose(features[:, 0], pipeline.transform(numbers[:, np.newaxis])[:, 0], rtol=1e-5, atol=1e-6)
    assert features[:, 1].tolist() == np.isnan(numbers).tolist()
    assert names == ("x", "x=<missing>")


def test_statistics_of_numbers_are_those_of_the_training_rows(numbers):
    """Leaking the held-out rows into the median, mean or deviation moves the training features."""
    before, _ = NumberColumn("x", numbers).encode(TRAIN)
    changed = np.concatenate([numbers[:60], np.full(40, 1e6)])
    after, _ = NumberColumn("x", changed).encode(TRAIN)
    assert before[:60].tobytes() == after[:60].tobytes()
    assert after[60:, 0].min() > 1000


def test_a_value_missing_only_outside_training_is_the_median_and_adds_no_feature():
    """Its indicator would be 0 in each training row, so its weight would stay as it was drawn."""
    features, names = NumberColumn("x", np.array([1.0, 2.0, 6.0, np.nan])).encode(np.arange(3))
    assert names == ("x",)
    assert features[3, 0] == features[1, 0]


def test_a_constant_column_is_zero():
    """The mean of 0.1, 0.1, 0.1 is not 0.1, and dividing by that rounding error would give +-1."""
    features, _ = NumberColumn("x", np.array([0.1] * 7)).encode(np.arange(7))
    assert abs(features).max() < 1e-12


def test_categories_are_one_hot_as_by_scikit_learn():
    values = ("red", "blue", "green", "blue", "red", "green", "blue")
    features, names = CategoryColumn("colour", values).encode(np.arange(5))
    expected = OneHotEncoder(sparse_output=False).fit_transform(np.array(values).reshape(-1, 1))
    assert features[:, :3].tolist() == expected.tolist()
    assert names == ("colour=blue", "colour=green", "colour=red", "colour=<missing>", "colour=<unseen>")


def test_missing_and_unseen_categories_have_their_own_features():
    features, names = CategoryColumn("c", ("a", "b", None, "z", None)).encode(np.array([0, 1]))
    assert names == ("c=a", "c=b", "c=<missing>", "c=<unseen>")
    assert features.argmax(axis=1).tolist() == [0, 1, 2, 3, 2]
    assert (features.sum(axis=1) == 1).all()


def test_features_stand_in_the_order_of_the_columns():
    table = Table((CategoryColumn("c", ("a", "a")), NumberColumn("n", np.array([1.0, 3.0]))))
    encoded = table.fit(np.arange(2))
    assert encoded.features == ("c=a", "c=<missing>", "c=<unseen>", "n")
    assert encoded.rows(np.array([1])).tolist() == [[1, 0, 0, 1]]
    assert encoded.rows(np.array([1])).dtype == np.float32


@pytest.mark.parametrize(
    "column, message",
    [
        (NumberColumn("x", np.array([np.nan, np.nan, 1.0])), "a value in the column 'x'. Received: none."),
        (
            NumberColumn("x", np.array([1e300, -1e300, 1.0])),
            "finite variance in the column 'x'. Received: numbers to 1e+300.",
        ),
        (CategoryColumn("id", tuple(f"u{i}" for i in range(MOST_CATEGORIES + 1))), "column 'id'. Received: 1001 in"),
    ],
)
def test_columns_that_can_not_be_features_are_refused(column, message):
    train = np.arange(max(2, len(column.values) if isinstance(column, CategoryColumn) else 2))
    with pytest.raises(DataError) as caught:
        column.encode(train)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_arrays_must_be_finite(wrong):
    values = np.ones((5, 2))
    values[3, 1] = wrong
    with pytest.raises(DataError, match=r"finite numbers. Received: -?(nan|inf) in row 3, 'width'"):
        table_of_numbers(values, ("height", "width"))
