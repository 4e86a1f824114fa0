"""How good the pool's models, their mean and the ensemble are, on validation and test rows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from components.ensemble_assembly.judging import Judge, judge_of
from components.ensemble_assembly.pool import Trained
from components.records.store import Store
from components.records.summary import PartQuality, PredictorSummary
from components.rounds.context import SearchContext

if TYPE_CHECKING:
    import keras


class Assembly(NamedTuple):
    """A selected ensemble.

    Fields:
        members: in the order of their selection.
        test_predictions: of each member, class probabilities `[members, rows, classes]` or numbers in the label's unit
            `[members, rows]`.
        test_labels: `[rows]`, class indices, or numbers in their own unit.
        member_qualities: of each member, in the same order.
        single_best, mean_member, together: see `Summary`.
    """

    members: tuple[Trained, ...]
    test_predictions: np.ndarray
    test_labels: np.ndarray
    member_qualities: tuple[PredictorSummary, ...]
    single_best: PredictorSummary
    mean_member: PredictorSummary
    together: PredictorSummary


def assembled(store: Store, pool: Sequence[Trained]) -> Assembly:
    """Selects the ensemble on validation rows, and only then reads the test rows."""
    context = SearchContext(store, "ensemble")
    judge = judge_of(context.manifest)
    wanted = min(context.search.ensemble.members, len(pool))
    validation, validation_y = _predicted(context, judge, pool, "validation")
    chosen = list(judge.select(validation, validation_y, wanted))
    test, test_y = _predicted(context, judge, pool, "test")
    each = [
        PredictorSummary(
            name=one.candidate.id,
            validation=judge.quality(validation[i], validation_y),
            test=judge.quality(test[i], test_y),
        )
        for i, one in enumerate(pool)
    ]
    best = min(range(len(pool)), key=lambda i: judge.loss(each[i].validation))
    members = [each[i] for i in chosen]
    return Assembly(
        members=tuple(pool[i] for i in chosen),
        test_predictions=test[chosen],
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
            validation=judge.quality(validation[chosen].mean(axis=0), validation_y),
            test=judge.quality(test[chosen].mean(axis=0), test_y),
        ),
    )


def _predicted(
    context: SearchContext, judge: Judge, pool: Sequence[Trained], part: str
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what every model predicts of a part's rows, `[models, rows, ...]`, and its labels."""
    from components.training.evaluation import predict_logits

    x, y = context.rows(part)
    outputs = [predict_logits(_builder(context, one), context.store.read(one.weights) or b"", x) for one in pool]
    return np.stack([judge.predictions(one) for one in outputs]), judge.labels(y)


def _builder(context: SearchContext, one: Trained) -> Callable[[], "keras.Model"]:
    return lambda: context.build(one.candidate, one.candidate.variants[0])


def _mean(qualities: Sequence[PartQuality]) -> PartQuality:
    """The means of the numbers that there are."""
    values = {name: [getattr(one, name) for one in qualities] for name in PartQuality.__struct_fields__}
    return PartQuality(**{name: float(np.mean(own)) for name, own in values.items() if None not in own})
