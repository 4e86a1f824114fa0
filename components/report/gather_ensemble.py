"""The part of the report about the ensemble and its test predictions, from the records."""

import io

import numpy as np

from components.objectives.metrics import reliability
from components.objectives.regression import coverage, spread
from components.objectives.uncertainty import uncertainty
from components.records.layout import MODEL_PROBABILITIES, MODEL_VALUES
from components.records.store import Store
from components.records.summary import PartQuality, PredictorSummary, Summary
from components.report.binning import histogram, reliability_bins
from components.report.predictions import (
    Ensemble,
    NumberUncertainty,
    Predictor,
    Quality,
    ReliabilityBin,
    UncertainNumber,
    UncertainRow,
    Uncertainty,
)
from components.report.thumbnail import image_of
from components.rounds.context import SearchContext

MOST_UNCERTAIN = 12


def gathered_ensemble(summary: Summary | None) -> Ensemble | None:
    """The ensemble beside its members, once the search has its summary."""
    if summary is None or summary.ensemble is None or summary.single_best is None or summary.mean_member is None:
        return None
    return Ensemble(
        members=tuple(_predictor(one) for one in summary.members),
        single_best=_predictor(summary.single_best),
        mean_member=_predictor(summary.mean_member),
        together=_predictor(summary.ensemble),
    )


def gathered_reliability(store: Store) -> tuple[ReliabilityBin, ...]:
    """The ensemble's reliability on the test rows; empty before there are predictions."""
    probabilities = _test_predictions(store, MODEL_PROBABILITIES)
    if probabilities is None:
        return ()
    labels = SearchContext(store, "ensemble").rows("test")[1]
    return reliability_bins(reliability(probabilities.mean(axis=0), labels))


def gathered_uncertainty(store: Store) -> Uncertainty | None:
    """How unsure the ensemble is of the test rows, the most uncertain ones first."""
    probabilities = _test_predictions(store, MODEL_PROBABILITIES)
    if probabilities is None:
        return None
    context = SearchContext(store, "ensemble")
    (x, labels), classes = context.rows("test"), context.manifest.classes
    unsure, mean = uncertainty(probabilities), probabilities.mean(axis=0)
    predicted = mean.argmax(axis=1)
    order = np.argsort(-unsure.predictive, kind="stable")[:MOST_UNCERTAIN]
    low, high = (float(x.min()), float(x.max())) if x.ndim == 4 else (0.0, 1.0)
    return Uncertainty(
        mutual_information=histogram(unsure.mutual_information, predicted == labels),
        entropy=histogram(unsure.predictive, predicted == labels),
        rows=tuple(
            UncertainRow(
                row=int(row),
                true=classes[labels[row]],
                predicted=classes[predicted[row]],
                probability=float(mean[row, predicted[row]]),
                entropy=float(unsure.predictive[row]),
                mutual_information=float(unsure.mutual_information[row]),
                image=image_of(x[row], low, high) if x.ndim == 4 and high > low else (),
            )
            for row in order
        ),
    )


def gathered_number_uncertainty(store: Store, summary: Summary | None) -> NumberUncertainty | None:
    """How unsure the ensemble is of the numbers of the test rows, the most uncertain ones first."""
    values = _test_predictions(store, MODEL_VALUES)
    if values is None or summary is None:
        return None
    context = SearchContext(store, "ensemble")
    manifest = context.manifest
    labels = context.rows("test")[1].astype(np.float64) * (manifest.label_deviation or 1) + (manifest.label_mean or 0)
    unsure = spread(values, np.array([one.validation.rmse for one in summary.members]))
    mean = values.mean(axis=0)
    return NumberUncertainty(
        covered=coverage(mean, labels, unsure.predictive),
        deviation=float(np.median(unsure.predictive)),
        disagreement=float(np.median(unsure.disagreement)),
        rows=tuple(
            UncertainNumber(
                row=int(row),
                true=float(labels[row]),
                predicted=float(mean[row]),
                deviation=float(unsure.predictive[row]),
                disagreement=float(unsure.disagreement[row]),
            )
            for row in np.argsort(-unsure.predictive, kind="stable")[:MOST_UNCERTAIN]
        ),
    )


def _test_predictions(store: Store, path: str) -> np.ndarray | None:
    """What the members predict of the test rows, `[members, rows, ...]`; None before that is delivered."""
    data = store.read(path)
    return None if data is None else np.load(io.BytesIO(data), allow_pickle=False).astype(np.float64)


def _predictor(one: PredictorSummary) -> Predictor:
    return Predictor(name=one.name, validation=_quality(one.validation), test=_quality(one.test))


def _quality(part: PartQuality) -> Quality:
    return Quality(**{name: getattr(part, name) for name in Quality.__struct_fields__})
