"""`sklearn:NAME`: data sets that scikit-learn bundles, so no download; diabetes is one for regression."""

import numpy as np

from components.data_split.errors import DataError
from components.data_split.labelled import Images, Inputs, Labelled
from components.data_split.table import table_of_numbers
from components.records.search import Data

LOADERS = {
    "digits": "load_digits",
    "iris": "load_iris",
    "wine": "load_wine",
    "breast_cancer": "load_breast_cancer",
    "diabetes": "load_diabetes",
}
DIGITS_WHITE = 16  # the digits' pixels count black dots in 4x4 blocks


def read_sklearn(name: str, data: Data) -> Labelled:
    """Reads a bundled data set: the digits as images `[8, 8, 1]`, the others as tables of numbers.

    Raises:
        DataError: where scikit-learn bundles no such data set.
    """
    if name not in LOADERS:
        known = ", ".join(f"sklearn:{known}" for known in LOADERS)
        raise DataError("data.source", f"be one of {known}", f"{data.source!r}")
    import sklearn.datasets  # a second of import that other sources needn't pay

    unscaled = {"scaled": False} if name == "diabetes" else {}  # as measured: training rows alone may scale it
    bunch = getattr(sklearn.datasets, LOADERS[name])(**unscaled)
    inputs: Inputs
    if name == "digits":
        inputs = Images(bunch.images[..., np.newaxis], DIGITS_WHITE)
    else:
        inputs = table_of_numbers(bunch.data, tuple(map(str, bunch.feature_names)))
    if data.learning_task == "regression":
        return Labelled(inputs, bunch.target.astype(np.float64), ())
    return Labelled(inputs, bunch.target.astype(np.int32), tuple(map(str, bunch.target_names)))
