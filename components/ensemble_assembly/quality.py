"""How good the pool's models, their mean and the ensemble are, on validation and test rows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from components.ensemble_assembly.greedy import greedy_selection
from components.ensemble_assembly.pool import Trained
from components.objectives.metrics import accuracy, brier_score, expected_calibration_error, negative_log_likelihood
from components.records.store import Store
from components.records.summary import PartQuality, PredictorSummary
from components.rounds.context import SearchContext

if TYPE_CHECKING:
    import keras


class Assembly(NamedTuple):
    """A selected ensemble.

    Fields:
        members: in the order of their selection.
        test_probabilities: of each member, `[members, rows, classes]`.
        test_labels: `[rows]`.
        member_qualities: of each member, in the same order.
        single_best, mean_member, together: see `Summary`.
    """

    members: tuple[Trained, ...]
    test_probabilities: np.ndarray
    test_labels: np.ndarray
    member_qualities: tuple[PredictorSummary, ...]
    single_best: PredictorSummary
    mean_member: PredictorSummary
    together: PredictorSummary


def assembled(store: Store, pool: Sequence[Trained]) -> Assembly:
    """Selects the ensemble on validation rows, and only then reads the test rows."""
    context = SearchContext(store, "ensemble")
    wanted = min(context.search.ensemble.members, len(pool))
    validation_x, validation_y = context.rows("validation")
    validation = _probabilities(context, pool, validation_x)
    chosen = list(greedy_selection(validation, validation_y, wanted, replacement=False, stop_early=False).picks)
    test_x, test_y = context.rows("test")
    test = _probabilities(context, pool, test_x)
    each = [
        PredictorSummary(
            name=one.candidate.id, validation=_quality(validation[i], validation_y), test=_quality(test[i], test_y)
        )
        for i, one in enumerate(pool)
    ]
    best = min(range(len(pool)), key=lambda i: each[i].validation.nll)
    members = [each[i] for i in chosen]
    return Assembly(
        members=tuple(pool[i] for i in chosen),
        test_probabilities=test[chosen],
        test_labels=test_y,
        member_qualities=tuple(members),
        single_best=msgspec.structs.replace(each[best], name="single best"),
        mean_member=PredictorSummary(
            name="mean member",
            validation=_mean([one.validation for one in members]),
            test=_mean([one.test for one in members]),
        ),
        together=PredictorSummary(
            name=f"ensemble of {len(chosen)}",
            validation=_quality(validation[chosen].mean(axis=0), validation_y),
            test=_quality(test[chosen].mean(axis=0), test_y),
        ),
    )


def _probabilities(context: SearchContext, pool: Sequence[Trained], x: np.ndarray) -> np.ndarray:
    """Returns every model's class probabilities, `[models, rows, classes]`."""
    from components.training.evaluation import predict_logits, softmax

    builds = [_builder(context, one) for one in pool]
    logits = [
        predict_logits(build, context.store.read(one.weights) or b"", x)
        for build, one in zip(builds, pool, strict=True)
    ]
    return np.stack([softmax(one) for one in logits])


def _builder(context: SearchContext, one: Trained) -> Callable[[], "keras.Model"]:
    return lambda: context.build(one.candidate, one.candidate.variants[0])


def _quality(probabilities: np.ndarray, labels: np.ndarray) -> PartQuality:
    return PartQuality(
        accuracy=accuracy(probabilities, labels),
        nll=negative_log_likelihood(probabilities, labels),
        ece=expected_calibration_error(probabilities, labels),
        brier=brier_score(probabilities, labels),
    )


def _mean(qualities: Sequence[PartQuality]) -> PartQuality:
    return PartQuality(
        **{name: float(np.mean([getattr(one, name) for one in qualities])) for name in PartQuality.__struct_fields__}
    )
