"""The records that stages write: plan of a round, training results, verdicts, profiles, scores.

Seconds and milliseconds are measurements and named so (`*_seconds`, `*_ms`); everything else repeats exactly when a
search with the same description runs again. `None` stands for a number that is not there or not finite.
"""

from typing import Any, Literal

import msgspec

Kind = Literal["search", "rerank", "grid", "winner", "ensemble"]
Phase = Literal["probe", "full"]
Reason = Literal["size", "non_finite", "quality", "latency", "stability", "failed", "time_up"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every record: frozen, strict, written once."""


class Span(Record, frozen=True, kw_only=True):
    """When a piece of work ran: start in seconds since the epoch, and how long it took in seconds."""

    start_seconds: float
    duration_seconds: float


class Variant(Record, frozen=True, kw_only=True):
    """One trial of a candidate.

    Fields:
        name: unique within the candidate, safe as a file name.
        network: the network that the spec is tried in.
        width, depth: channel and block multipliers.
        initialisation: which random initialisation, >= 0.
        learning_rate: peak rate, > 0; None for the search file's.
        vocabulary: what the token numbers of the data's texts are below; None where its rows are no texts.
    """

    name: str
    network: str
    width: float = 1.0
    depth: float = 1.0
    initialisation: int = 0
    learning_rate: float | None = None
    vocabulary: int | None = None


class Candidate(Record, frozen=True, kw_only=True):
    """A proposed design.

    Fields:
        id: canonical id of the spec, with a suffix where the same spec is tried at several scales or initialisations.
        spec: the design as JSON data; the space decodes it.
        origin: `random`, `mutation`, `policy` (drawn from a learned one), `known` or `winner`.
        change: what the mutation changed, for people to read.
        parent: id of the mutated candidate.
        role: `searched`, `baseline` for published designs that are only compared, or `shared` for the network whose
            weights all candidates of the round share; the round's scores are of those.
        variants: its trials, cheapest first.
        costs: predicted costs of each variant by name: parameters, multiply_adds, activation_bytes and others of the
            space; `layers_latency_ms` where the search limits it and has measured the variant's layers.
    """

    id: str
    spec: Any
    origin: Literal["random", "mutation", "policy", "known", "winner"]
    change: str = ""
    parent: str | None = None
    role: Literal["searched", "baseline", "shared"] = "searched"
    variants: tuple[Variant, ...]
    costs: dict[str, dict[str, float]]


class Plan(Record, frozen=True, kw_only=True):
    """`candidates.json`: everything that a round needs, fixed when it is proposed.

    Fields:
        kind: what the round is for.
        round: its path in the search directory, such as `rounds/00003`.
        shards: number of shards that share the candidates as they get free.
        candidates: in proposal order.
        probe_steps: steps of the probe, 0 where the round has none.
        full_steps: steps of the full phase, the probe's included.
        controller_state: the controller's state from which the round was proposed.
        controller_sha256: of the state's arrays, in a file beside the plan; None where it has none.
        screened: what the screens before building dropped, by reason.
        seconds_left: active seconds that the budget leaves, None without a limit.
        span: when it was proposed.
    """

    kind: Kind
    round: str
    shards: int
    candidates: tuple[Candidate, ...]
    probe_steps: int
    full_steps: int
    controller_state: Any = None
    controller_sha256: str | None = None
    screened: dict[str, int] = {}
    seconds_left: float | None = None
    span: Span


class TrialResult(Record, frozen=True, kw_only=True):
    """What training one variant gave.

    Fields:
        variant: its name.
        status: `trained`; `not_built` (over the size limit, or an earlier variant failed under the rule `any`);
            `non_finite` (the loss was NaN or infinite); `time_up`.
        steps: steps done, the probe's included.
        accuracy: on the validation rows, after the last step or over the last epochs as `training.accuracy` says; of
            regression max(0, R²). None where not evaluated.
        nll: on the validation rows after the last step, of regression half the mean squared error of standardised
            targets; None where not evaluated or not finite.
        loss: training loss of the last step; None where not finite.
        parameters: trainable parameters of the built model.
        traces: traces of compiled functions by kind (`train`, `evaluate`).
        build_seconds, trace_seconds, step_seconds, evaluate_seconds: where the time went; `trace_seconds` is the first
            call of each compiled function, tracing included; `step_seconds` all steps after it: all steps where the
            step was traced for another rate of the same sweep.
    """

    variant: str
    status: Literal["trained", "not_built", "non_finite", "time_up"]
    steps: int = 0
    accuracy: float | None = None
    nll: float | None = None
    loss: float | None = None
    parameters: int = 0
    traces: dict[str, int] = {}
    build_seconds: float = 0.0
    trace_seconds: float = 0.0
    step_seconds: float = 0.0
    evaluate_seconds: float = 0.0


class Child(Record, frozen=True, kw_only=True):
    """A candidate that was judged with the weights of a shared network.

    Fields:
        spec: the design as JSON data.
        log_probability: natural logarithm of the controller's probability of it among all within the limits, <= 0.
        accuracy, nll: on all validation rows, as in a TrialResult.
    """

    spec: Any
    log_probability: float
    accuracy: float
    nll: float | None = None


class TrainingRecord(Record, frozen=True, kw_only=True):
    """`probe.json` and `training.json` of a candidate.

    Fields:
        candidate: its id.
        phase: which training it was.
        trials: what each variant gave, in the order in which they were tried.
        children: of a shared network, the candidates that its round reports, the most probable first; of others none.
        controller_steps: of a shared network, how many steps of the controller each outcome had so far (`learnt`, and
            why not: see the controller); empty for others.
        failed: why nothing could be trained.
        span: when.
    """

    candidate: str
    phase: Phase
    trials: tuple[TrialResult, ...]
    children: tuple[Child, ...] = ()
    controller_steps: dict[str, int] = {}
    failed: str | None = None
    span: Span


class Verdict(Record, frozen=True, kw_only=True):
    """`verdict.json`: whether a candidate goes on.

    Fields:
        reason: why not; None where it goes on.
        detail: the same for people, with the numbers.
        kept: variants that go on.
        stability_norms: largest gradient norm of the stability test by variant; None where it was not finite.
        predicted_saved_seconds: training seconds that the rejection saved, predicted from the probe's step time.
    """

    candidate: str
    reason: Reason | None
    detail: str
    kept: tuple[str, ...]
    stability_norms: dict[str, float | None] = {}
    predicted_saved_seconds: float = 0.0
    span: Span


class VariantProfile(Record, frozen=True, kw_only=True):
    """Latency of one variant's forward pass of a batch, measured and estimated.

    Fields:
        device: row of the device table that it was estimated for; `host` is this machine.
        latency_ms, spread_ms: median and interquartile range over the repeats; None where it was estimated only.
        estimated_latency_ms: roofline estimate W / min(I b, C_max).
        flops, traffic_bytes: W and Q of one batch.
        intensity: I = W / Q in FLOP per byte.
        measured_efficiency: E = C / C_ideal, from latency_ms; None without it.
    """

    variant: str
    device: str
    batch_size: int
    latency_ms: float | None = None
    spread_ms: float | None = None
    estimated_latency_ms: float
    flops: float
    traffic_bytes: float
    intensity: float
    measured_efficiency: float | None = None


class Profile(Record, frozen=True, kw_only=True):
    """`profile-DEVICE.json` of a candidate.

    Fields:
        candidate: its id.
        variants: a profile of each network that was timed.
        failed: why none could be.
        time_up: whether the time of a finishing round was up before any was.
        span: when.
    """

    candidate: str
    variants: tuple[VariantProfile, ...]
    failed: str | None = None
    time_up: bool = False
    span: Span


class ScoredCandidate(Record, frozen=True, kw_only=True):
    """A candidate of a committed round with what became of it.

    Fields:
        reason: why it was rejected; None where it was scored.
        variants: names of those that count; where some differ in nothing but the learning rate, the best of them.
        fitness: validation accuracy, or for regression R², of each of these, in the plan's order; empty where rejected.
        quality: its mean.
        latency: geometric mean of the latencies in ms that scoring used (measured, or estimated).
        reward: weighted product; None where rejected.
        log_probability: of one judged with shared weights, as in Child; None for others.
    """

    id: str
    round: str
    role: Literal["searched", "baseline", "shared"] = "searched"
    spec: Any
    reason: Reason | None
    detail: str = ""
    variants: tuple[str, ...] = ()
    fitness: tuple[float, ...] = ()
    quality: float | None = None
    latency_ms: float | None = None
    reward: float | None = None
    log_probability: float | None = None


class Scores(Record, frozen=True, kw_only=True):
    """`scores.json`: commits a round.

    Fields:
        scored: the round's candidates in the plan's order.
        front: ids of the search's Pareto front over (quality, latency) so far.
        best: the best few of the search so far by reward, best first.
        candidates: candidates of the search so far.
        active_seconds: active seconds of the search so far.
        latency_target_ms: the target in force from here on; None before there is one.
        hypervolume: of the front, against quality 0 and ten times the latency target.
        predicted_saved_seconds, screening_seconds: training that this round's rejections saved, and what they cost, the
            profiles of what was rejected included.
        another_round: whether a further search round follows, and `why` not.
    """

    kind: Kind
    round: str
    scored: tuple[ScoredCandidate, ...]
    front: tuple[ScoredCandidate, ...] = ()
    best: tuple[ScoredCandidate, ...] = ()
    candidates: int = 0
    active_seconds: float = 0.0
    latency_target_ms: float | None = None
    hypervolume: float | None = None
    predicted_saved_seconds: float = 0.0
    screening_seconds: float = 0.0
    another_round: bool = False
    why: str = ""
