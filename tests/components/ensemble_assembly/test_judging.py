"""How predictions of either task are judged, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score, root_mean_squared_error

from components.ensemble_assembly.judging import OfClasses, OfNumbers, judge_of
from components.records.manifest import DataManifest, Split

PART = Split(rows=3, class_rows=(), sha256="0")


def manifest(**fields):
    return DataManifest(source="csv:a", input_shape=(2,), train=PART, validation=PART, test=PART, **fields)


def test_two_classes_have_an_auc_and_three_have_none():
    rng = np.random.default_rng(0)
    for classes in (2, 3):
        labels = rng.integers(classes, size=60)
        logits = rng.normal(size=(60, classes))
        judge = judge_of(manifest(classes=tuple(map(str, range(classes)))))
        probabilities = judge.predictions(logits)
        quality = judge.quality(probabilities, judge.labels(labels))
        assert quality.nll == pytest.approx(log_loss(labels, probabilities))
        assert quality.auc == (
            pytest.approx(roc_auc_score(labels, logits[:, 1] - logits[:, 0])) if classes == 2 else None
        )
        assert (quality.rmse, quality.mae, quality.r_squared) == (None,) * 3
        assert judge.loss(quality) == quality.nll


def test_numbers_are_judged_in_the_labels_unit():
    """Outputs and stored labels are standardised by a mean of 5000 and a deviation of 200."""
    rng = np.random.default_rng(1)
    stored = rng.normal(size=80).astype(np.float32)
    outputs = (stored + rng.normal(scale=0.3, size=80)).astype(np.float32)[:, None]
    judge = judge_of(manifest(task="regression", classes=(), label_mean=5000.0, label_deviation=200.0))
    assert judge == OfNumbers(5000.0, 200.0) and judge_of(manifest(classes=("a", "b"))) == OfClasses()
    labels, predictions = judge.labels(stored), judge.predictions(outputs)
    np.testing.assert_allclose((labels - 5000) / 200, stored, rtol=1e-6)
    quality = judge.quality(predictions, labels)
    assert quality.rmse == pytest.approx(200 * root_mean_squared_error(stored, outputs[:, 0]), rel=1e-5)
    assert quality.r_squared == pytest.approx(r2_score(stored, outputs[:, 0]), rel=1e-6)
    assert (quality.accuracy, quality.nll, quality.ece, quality.auc) == (None,) * 4
    assert judge.loss(quality) == quality.rmse
