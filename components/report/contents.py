"""All that the report shows, as typed, frozen data; `components.report.page.render` is a pure function of it.

What is not there yet (a running search), or never will be (nothing survived), is None or empty, and its section says
so. A number that is None or not finite is shown as a dash.
"""

from typing import Literal

from components.records.manifest import DataManifest
from components.records.results import Kind, ScoredCandidate, VariantProfile
from components.report.part import Part
from components.report.predictions import Ensemble, NumberUncertainty, ReliabilityBin, Uncertainty
from components.search_spaces.space import Box

State = Literal["running", "finished", "no_survivors", "failed"]


class Tried(Part, frozen=True, kw_only=True):
    """A candidate of the search rounds, or a baseline that the Pareto figure shows beside them.

    Fields:
        scored: what became of it; `role` tells baselines apart.
        formula: the design for people.
        name: name of a published design, empty for a searched one.
        seconds: seconds spent on it; None where unknown.
    """

    scored: ScoredCandidate
    formula: str = ""
    name: str = ""
    seconds: float | None = None


class Round(Part, frozen=True, kw_only=True):
    """A committed round of any kind in one line: what came in, what survived, the best so far, how long it took.

    Fields:
        round: its path in the search directory, such as `rounds/00003`.
        best_quality: mean validation quality of the best candidate so far, [0, 1].
        hypervolume: of the Pareto front so far.
        seconds: active seconds of the round.
    """

    kind: Kind
    round: str
    candidates: int
    scored: int
    best_quality: float | None = None
    hypervolume: float | None = None
    seconds: float | None = None


class Economy(Part, frozen=True, kw_only=True):
    """What early rejection saved (predicted training seconds) and what screening cost (measured seconds)."""

    saved_seconds: float
    screening_seconds: float


class Winner(Part, frozen=True, kw_only=True):
    """The design that was scaled and trained at the end.

    Fields:
        id: its canonical id, as in `Contents.front`.
        formula, drawing: the design as text and as boxes in topological order, the last one the output.
        network, width, depth: where it stands and the chosen multipliers.
        learning_rate: the one that it was found best with; None where the space has none.
        parameters: trainable parameters of the scaled model.
        accuracy: validation quality after the last training, [0, 1].
        latency_ms: of the scaled model, in milliseconds a batch.
        steps: training steps of that model.
        profile: measured and estimated latency, one row a network or the scaled model's alone.
    """

    id: str
    formula: str
    drawing: tuple[Box, ...] = ()
    network: str
    width: float = 1.0
    depth: float = 1.0
    learning_rate: float | None = None
    parameters: int | None = None
    accuracy: float | None = None
    latency_ms: float | None = None
    steps: int | None = None
    profile: tuple[VariantProfile, ...] = ()


class Held(Part, frozen=True, kw_only=True):
    """A hard limit of the search: its field, what it allows, and the winner's own, None where that isn't known."""

    field: str
    most: float
    winner: float | None = None


class Compared(Part, frozen=True, kw_only=True):
    """A row of the comparison: the winner, a runner-up or a published baseline.

    Fields:
        name: what the row is called, such as `winner` or `EvoNorm-B0`.
        accuracy: validation quality in each network of the comparison, [0, 1], the mean over its initialisations; None
            where it was not trained.
        spread: standard deviation over the initialisations of each network; None where there are not two.
        learning_rates: the one found best in each network; None where the space has none.
        mean: their mean.
        latency_ms: geometric mean over the networks.
        reward: by which the rows are ordered.
        parameters: trainable parameters in the comparison's first network.
        formula: the design for people.
        note: why numbers are missing, such as the rejection's detail.
    """

    name: str
    role: Literal["winner", "searched", "baseline"]
    accuracy: tuple[float | None, ...] = ()
    spread: tuple[float | None, ...] = ()
    learning_rates: tuple[float | None, ...] = ()
    mean: float | None = None
    latency_ms: float | None = None
    reward: float | None = None
    parameters: int | None = None
    formula: str = ""
    note: str = ""


class Comparison(Part, frozen=True, kw_only=True):
    """The re-ranking: the best few and the baselines, trained for the same `steps` in the same networks.

    `rates_chosen_apart`: learning rates were chosen by initialisations that no accuracy, spread or mean counts.
    """

    networks: tuple[str, ...]
    steps: int
    rates_chosen_apart: bool = False
    rows: tuple[Compared, ...]


class ScalingPoint(Part, frozen=True, kw_only=True):
    """A point of the scaling grid: multipliers, validation accuracy, latency in ms, reward; `note` says what failed."""

    width: float
    depth: float
    accuracy: float | None = None
    latency_ms: float | None = None
    reward: float | None = None
    parameters: int | None = None
    chosen: bool = False
    note: str = ""


class ScalingGrid(Part, frozen=True, kw_only=True):
    """The winner in one network at several widths and depths, each trained for `steps`."""

    network: str
    steps: int
    points: tuple[ScalingPoint, ...]


class StageSeconds(Part, frozen=True, kw_only=True):
    """Where the wall time of a stage's `steps` (processes) went, each a sum in seconds."""

    stage: str
    steps: int
    work: float = 0.0
    imports: float = 0.0
    process_start: float = 0.0
    store: float = 0.0
    orchestration: float = 0.0


class Failure(Part, frozen=True, kw_only=True):
    """Something that failed: where (a stage, a candidate) and what, in a sentence."""

    where: str
    what: str


class Contents(Part, frozen=True, kw_only=True):
    """The whole report.

    Fields:
        name: the search's name.
        state: colours the status line.
        status: the status line, such as `finished: 24 candidates tried`.
        advice: what to change, where nothing survived.
        data: the data's manifest.
        target: that of the data which the finishing rounds train and test on, where these are others.
        candidates: the search rounds' candidates in order of proposal, then any baselines.
        baseline_note: how the baselines' numbers were won where that differs from the candidates', such as `600 steps`,
            or why none is among the candidates.
        front: ids of the Pareto front.
        rounds: committed rounds in order, of every kind.
        proposed: candidates that passed the screens before building; where weights are shared, designs that the
            controller learnt from.
        shares_weights: whether the search's candidates share weights.
        screened: what those screens dropped, by reason.
        limits: hard limits of the search, beside the winner's costs.
        scales: whether winners are made wider and deeper than what the limits were asked of.
        economy, winner, comparison, scaling, ensemble, reliability, uncertainty, number_uncertainty: see each part.
        seconds: wall time by stage.
        wall_seconds: of the whole search so far.
        bytes_kept: bytes on disk by what they are.
        environment: versions, CPU, seed and the like.
        failures: what failed.
    """

    name: str
    state: State = "running"
    status: str = ""
    advice: tuple[str, ...] = ()
    data: DataManifest | None = None
    target: DataManifest | None = None
    candidates: tuple[Tried, ...] = ()
    baseline_note: str = ""
    front: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    proposed: int = 0
    shares_weights: bool = False
    screened: dict[str, int] = {}  # noqa: RUF012 (msgspec copies it)
    limits: tuple[Held, ...] = ()
    scales: bool = False
    economy: Economy | None = None
    winner: Winner | None = None
    comparison: Comparison | None = None
    scaling: ScalingGrid | None = None
    ensemble: Ensemble | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    uncertainty: Uncertainty | None = None
    number_uncertainty: NumberUncertainty | None = None
    seconds: tuple[StageSeconds, ...] = ()
    wall_seconds: float | None = None
    bytes_kept: dict[str, int] = {}  # noqa: RUF012 (msgspec copies it)
    environment: dict[str, str] = {}  # noqa: RUF012 (msgspec copies it)
    failures: tuple[Failure, ...] = ()

    @property
    def quality_name(self) -> str:
        """What a quality of the search rounds is: `accuracy`, or for regression `R²`."""
        return self.data.quality_name if self.data else "accuracy"

    @property
    def finishing_quality_name(self) -> str:
        """The same of the rounds that train on the target."""
        return self.target.quality_name if self.target else self.quality_name
