"""`summary.json`: what a search found, and what two runs of the same search must agree on."""

from typing import Any, Literal

import msgspec

from components.records.results import Reason, Record

MEASURED = ("_seconds", "_ms")  # endings of fields that no two runs share


class CandidateSummary(Record, frozen=True, kw_only=True):
    """A candidate of a round: its fitness, or why it has none."""

    id: str
    role: Literal["searched", "baseline", "shared"] = "searched"
    reason: Reason | None = None
    fitness: tuple[float, ...] = ()


class RoundSummary(Record, frozen=True, kw_only=True):
    """A round's candidates in the plan's order, and what the screens before building dropped."""

    round: str
    candidates: tuple[CandidateSummary, ...]
    screened: dict[str, int] = {}  # noqa: RUF012 (msgspec copies it)


class PartQuality(Record, frozen=True, kw_only=True):
    """How good predictions are on one part of the data; a number that its task doesn't have is None.

    Fields:
        accuracy, nll, ece, brier: of classes: share of right ones, mean negative log-likelihood (log loss) in nats,
            expected calibration error, Brier score.
        auc: of two classes: area under the ROC curve.
        rmse, mae: of numbers: root mean squared and mean absolute error, in the label's unit.
        r_squared: of numbers: share of the labels' variance that is explained, (-inf, 1].
    """

    accuracy: float | None = None
    nll: float | None = None
    ece: float | None = None
    brier: float | None = None
    auc: float | None = None
    rmse: float | None = None
    mae: float | None = None
    r_squared: float | None = None


class PredictorSummary(Record, frozen=True, kw_only=True):
    """A model, a mean over models or an ensemble, on the validation and on the test rows."""

    name: str
    validation: PartQuality
    test: PartQuality


class WinnerSummary(Record, frozen=True, kw_only=True):
    """The design that was scaled, trained and assembled.

    Fields:
        id: canonical id of its spec; `spec` as JSON data; `formula` for people.
        network, width, depth: where it stands and the chosen multipliers.
        learning_rate: peak rate that the design was found best with and trained at; None for the search file's.
        parameters: trainable parameters of one member.
        latency_ms: of one member, a batch, as scoring takes it; None where it was not profiled.
    """

    id: str
    spec: Any
    formula: str
    network: str
    width: float
    depth: float
    learning_rate: float | None = None
    parameters: int
    latency_ms: float | None = None


class Summary(Record, frozen=True, kw_only=True):
    """The result of a search.

    Fields:
        outcome: `finished`, or `nothing_survived`: no candidate came through the search rounds.
        why: what ended the search rounds.
        rejected: searched candidates by the reason of their rejection.
        target: source of the rows that the finishing rounds trained on and the numbers of the models are of, where
            it is not the data of the search rounds; else None.
        members: the ensemble's, each with its own numbers, in the order of their selection.
        single_best: the trained model with the lowest validation NLL, or for regression RMSE.
        mean_member: means of the members' own numbers.
        weights_bytes: bytes of all weights that the search directory keeps.
        active_seconds, finishing_seconds: of the search rounds, and of final scaling and the ensemble.
    """

    name: str
    seed: int
    outcome: Literal["finished", "nothing_survived"]
    why: str
    rounds: tuple[RoundSummary, ...]
    rejected: dict[str, int]
    target: str | None = None
    winner: WinnerSummary | None = None
    members: tuple[PredictorSummary, ...] = ()
    single_best: PredictorSummary | None = None
    mean_member: PredictorSummary | None = None
    ensemble: PredictorSummary | None = None
    weights_bytes: int = 0
    active_seconds: float = 0.0
    finishing_seconds: float = 0.0


def comparable(summary: Summary) -> Any:
    """Returns a summary as JSON data without measured seconds and milliseconds: equal for equal searches."""
    return _without_measured(msgspec.to_builtins(summary))


def _without_measured(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_measured(value) for name, value in data.items() if not name.endswith(MEASURED)}
    return [_without_measured(value) for value in data] if isinstance(data, list | tuple) else data
