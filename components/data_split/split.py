"""Which rows train, which guide the search, and which are read once at the end; classes are stratified."""

from typing import NamedTuple

import numpy as np

from components.data_split.errors import DataError

LEAST_CLASS_ROWS = 3  # one for each part
LEAST_PART_ROWS = 2  # of numbers to predict: of one row alone they have no variance
SPLIT_STREAM = 1  # keeps these draws apart from others of the same search seed


class Parts(NamedTuple):
    """Indices of the rows of each part, in shuffled order; every row is in exactly one."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(labels: np.ndarray, classes: tuple[str, ...], validation: float, test: float, seed: int) -> Parts:
    """Splits rows at random; each part has each class, in the proportion of the whole to within a row.

    Args:
        labels: class indices, `[rows]`.
        classes: names of the classes, at least 2, of at least 3 rows each.
        validation: share of the rows, in (0, 1).
        test: share of the rows, in (0, 1); validation + test < 1.
        seed: >= 0; the same seed gives the same split.

    Raises:
        DataError: where there are too few rows, too few classes or too few rows of a class.
    """
    if validation + test >= 1:
        raise DataError("data.validation", "be < 1 with `data.test` added", f"{validation} + {test}")
    class_rows = np.bincount(labels, minlength=len(classes))
    _check_classes(class_rows, classes)
    in_validation = np.minimum(apportion(class_rows, validation), class_rows - 2)
    in_test = np.minimum(apportion(class_rows, test), class_rows - in_validation - 1)
    order = np.random.default_rng((seed, SPLIT_STREAM)).permutation(len(labels))
    rank = _rank_in_class(labels[order], class_rows)
    held_out = in_validation + in_test
    is_validation = rank < in_validation[labels[order]]
    is_train = rank >= held_out[labels[order]]
    return Parts(order[is_train], order[is_validation], order[~is_train & ~is_validation])


def split_numbers(labels: np.ndarray, validation: float, test: float, seed: int) -> Parts:
    """Splits rows whose labels are numbers at random; each part has its share to within a row, and at least 2 rows.

    Args:
        labels: `[rows]`, at least 6.
        validation, test, seed: as in `split_rows`.

    Raises:
        DataError: where there are too few rows, or the labels of a part are all equal.
    """
    if validation + test >= 1:
        raise DataError("data.validation", "be < 1 with `data.test` added", f"{validation} + {test}")
    rows = len(labels)
    if rows < 3 * LEAST_PART_ROWS:
        rule = f"have at least {3 * LEAST_PART_ROWS} rows, {LEAST_PART_ROWS} for each part"
        raise DataError("data.source", rule, str(rows))
    in_validation = min(max(round(rows * validation), LEAST_PART_ROWS), rows - 2 * LEAST_PART_ROWS)
    in_test = min(max(round(rows * test), LEAST_PART_ROWS), rows - in_validation - LEAST_PART_ROWS)
    order = np.random.default_rng((seed, SPLIT_STREAM)).permutation(rows)
    held_out = in_validation + in_test
    parts = Parts(order[held_out:], order[:in_validation], order[in_validation:held_out])
    for name, part in parts._asdict().items():
        if np.ptp(labels[part]) == 0:
            raise DataError("data.label", f"differ among the {name} rows", f"{labels[part][0]:g} in each of them")
    return parts


def apportion(class_rows: np.ndarray, share: float) -> np.ndarray:
    """Deals a share of all rows to the classes by largest remainders, at least one row each.

    Args:
        class_rows: rows of each class, `[classes]`.
        share: in (0, 1).

    Returns:
        `[classes]`; the sum is the share of all rows, rounded, where no class had to be lifted to one row.
    """
    rows = int(class_rows.sum())
    ideal = class_rows * (round(rows * share) / rows)
    dealt = np.floor(ideal).astype(int)
    left = round(rows * share) - int(dealt.sum())
    dealt[np.argsort(dealt - ideal, kind="stable")[:left]] += 1
    return np.maximum(dealt, 1)


def _check_classes(class_rows: np.ndarray, classes: tuple[str, ...]) -> None:
    if not class_rows.sum():
        raise DataError("data.source", "have rows", "none")
    if len(classes) < 2:
        raise DataError("data.source", "have at least 2 classes", f"only {classes[0]!r}")
    scarcest = int(class_rows.argmin())
    if class_rows[scarcest] < LEAST_CLASS_ROWS:
        rule = f"have at least {LEAST_CLASS_ROWS} rows of each class, one for each part"
        if all(map(_is_number, classes)):
            rule += " (where labels are numbers to predict, say `data.task: regression`)"
        raise DataError("data.source", rule, f"{class_rows[scarcest]} of class {classes[scarcest]!r}")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _rank_in_class(labels: np.ndarray, class_rows: np.ndarray) -> np.ndarray:
    """For each row how many rows before it have the same class, `[rows]`."""
    by_class = np.argsort(labels, kind="stable")
    starts = np.repeat(np.cumsum(class_rows) - class_rows, class_rows)
    rank = np.empty(len(labels), int)
    rank[by_class] = np.arange(len(labels)) - starts
    return rank
