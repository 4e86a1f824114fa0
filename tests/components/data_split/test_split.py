"""The stratified split against scikit-learn's counts, and at its edges."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from components.data_split.errors import DataError
from components.data_split.split import apportion, split_numbers, split_rows

# Remainders at 20% of 250 rows: 0.6, 0.2, 0.2 + 0.0; chosen so that no two that matter tie.
CLASS_ROWS = (123, 71, 41, 15)


def labels_of(class_rows, seed=0):
    """Labels with these counts in shuffled order."""
    labels = np.repeat(np.arange(len(class_rows), dtype=np.int32), class_rows)
    return np.random.default_rng(seed).permutation(labels)


def names_of(class_rows):
    """A name for each class."""
    return tuple(f"class {index}" for index in range(len(class_rows)))


def test_counts_are_those_of_scikit_learn():
    labels = labels_of(CLASS_ROWS)
    parts = split_rows(labels, names_of(CLASS_ROWS), validation=0.2, test=0.2, seed=1)
    _, expected = train_test_split(labels, test_size=50, stratify=labels, random_state=0)
    for part in (parts.validation, parts.test):
        assert np.bincount(labels[part]).tolist() == np.bincount(expected).tolist()


def test_each_row_is_in_exactly_one_part():
    labels = labels_of(CLASS_ROWS)
    parts = split_rows(labels, names_of(CLASS_ROWS), validation=0.3, test=0.1, seed=1)
    assert sorted(np.concatenate(parts).tolist()) == list(range(250))
    assert [len(part) for part in parts] == [150, 75, 25]


def test_another_seed_moves_other_rows_and_the_same_seed_none():
    labels = labels_of(CLASS_ROWS)
    first, again, other = (split_rows(labels, names_of(CLASS_ROWS), 0.2, 0.2, seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    # 50 of 250 rows agree by luck in all places with a chance below 1e-50.
    assert sorted(first.test.tolist()) != sorted(other.test.tolist())


def test_parts_are_in_shuffled_order():
    """Rows sorted by class would make the first batch a single class."""
    labels = np.sort(labels_of((100, 100)))
    parts = split_rows(labels, ("a", "b"), 0.2, 0.2, seed=0)
    # The first 20 training rows are of one class by luck with a chance of 2 * 0.5**20, about 2e-6; the seed is fixed.
    assert set(labels[parts.train[:20]].tolist()) == {0, 1}
    assert parts.train.tolist() != sorted(parts.train.tolist())


def test_within_a_class_the_draw_is_uniform():
    """Over 400 seeds each of 20 rows is tested 80 times on average, deviation 8; 5 deviations come by luck < 2e-5."""
    labels = np.repeat(np.array([0, 1], np.int32), 10)
    tested = np.zeros(20)
    for seed in range(400):
        tested[split_rows(labels, ("a", "b"), 0.2, 0.2, seed).test] += 1
    assert abs(tested - 80).max() < 40


@pytest.mark.parametrize("validation, test", [(0.2, 0.2), (0.01, 0.01), (0.49, 0.49), (0.9, 0.05), (0.05, 0.9)])
def test_three_rows_of_a_class_are_enough_for_any_shares(validation, test):
    labels = labels_of((3, 40, 3, 5))
    parts = split_rows(labels, names_of(range(4)), validation, test, seed=0)
    for part in parts:
        assert np.bincount(labels[part], minlength=4).min() >= 1, f"a class is missing: {labels[part]}"


@pytest.mark.parametrize(
    "rows, shares, sizes", [(250, (0.3, 0.1), (150, 75, 25)), (7, (0.01, 0.9), (2, 2, 3)), (6, (0.9, 0.05), (2, 2, 2))]
)
def test_rows_of_numbers_are_in_exactly_one_part(rows, shares, sizes):
    """No part has fewer than 2 rows, whatever the shares: one row has no variance."""
    parts = split_numbers(np.arange(rows, dtype=np.float64), *shares, seed=1)
    assert tuple(map(len, parts)) == sizes
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    again, other = (split_numbers(np.arange(rows, dtype=np.float64), *shares, seed=seed) for seed in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(parts, again))
    assert np.concatenate(parts).tolist() != np.concatenate(other).tolist()


def test_apportion_keeps_the_total_where_each_class_alone_would_round_away_from_it():
    """A quarter of 10 rows is 2.5: rounded for each of 20 classes it would give 40 or 60 rows in place of 50."""
    dealt = apportion(np.full(20, 10), 0.25)
    assert dealt.sum() == 50
    assert set(dealt.tolist()) == {2, 3}


@pytest.mark.parametrize(
    "class_rows, shares, message",
    [
        ((), (0.2, 0.2), "`data.source` must have rows. Received: none."),
        ((9,), (0.2, 0.2), "must have at least 2 classes. Received: only 'class 0'."),
        ((9, 2), (0.2, 0.2), "at least 3 rows of each class, one for each part. Received: 2 of class 'class 1'."),
        ((0, 9), (0.2, 0.2), "Received: 0 of class 'class 0'."),
        ((9, 9), (0.5, 0.5), "`data.validation` must be < 1 with `data.test` added. Received: 0.5 + 0.5."),
    ],
)
def test_refusals(class_rows, shares, message):
    with pytest.raises(DataError) as caught:
        split_rows(labels_of(class_rows), names_of(class_rows), *shares, seed=0)
    assert message in str(caught.value)
