"""The search description as typed, frozen data: what `search.yaml` may say, with units, ranges and defaults.

Only shapes and ranges of single fields stand here. What depends on the space, on the controller or on two fields at
once is checked by `components.search_file.validate`.
"""

from typing import Annotated, Any, Literal

import msgspec

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9-]{0,39}\Z",
        description="text of 1 to 40 lower-case letters, digits and hyphens, a letter first",
    ),
]
Source = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(sklearn|tfds|csv|images):\S([^\x00-\x1f]*\S)?\Z",
        description="`sklearn:NAME`, `tfds:NAME`, `csv:PATH` or `images:FOLDER`",
    ),
]
Label = Annotated[str, msgspec.Meta(min_length=1)]
Pixels = Annotated[int, msgspec.Meta(ge=1, le=4096)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
NonNegativeInt = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0, le=1e18)]
NonNegativeFloat = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=1)]
Multiplier = Annotated[float, msgspec.Meta(ge=0.1, le=16)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section of the search file: frozen, and an unknown field is an error."""


class Data(Section, frozen=True, kw_only=True):
    """Where the rows come from and how they are split.

    Fields:
        source: `sklearn:NAME`, `tfds:NAME`, `csv:PATH` or `images:FOLDER`.
        label: name of the label column; needed by csv:, refused by the others.
        image_size: [height, width] in pixels to which images are resized, each in [1, 4096]; needed by images:,
            optional for tfds:, refused by the others.
        validation: share of the rows that guides the search, in (0, 1).
        test: share of the rows that is read once, at the end, in (0, 1). validation + test < 1.
        memory_limit_mib: training rows above this many MiB are streamed from the split file, [1, 1e8].
    """

    source: Source
    label: Label | None = None
    image_size: tuple[Pixels, Pixels] | None = None
    validation: Share = 0.2
    test: Share = 0.2
    memory_limit_mib: PositiveInt = 2048


class Choice(Section, frozen=True, kw_only=True):
    """A named space or controller and its own settings, which the named one validates.

    Fields:
        name: its name in the registry.
        settings: its settings; each has a default.
    """

    name: str
    settings: dict[str, Any] = {}


class Rounds(Section, frozen=True, kw_only=True):
    """How a round is cut.

    Fields:
        candidates_per_round: candidates proposed in a round, [1, 10000].
        shards_per_round: shards that a round's candidates are dealt to, [1, 24] and at most candidates_per_round; at
            most 3 where a pipeline run nests 4 rounds, the default. Part of the search, so that the same search gives
            the same result with any number of workers.
    """

    candidates_per_round: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    shards_per_round: Annotated[int, msgspec.Meta(ge=1, le=24)] = 2


class Training(Section, frozen=True, kw_only=True):
    """How a candidate is trained; SGD with Nesterov momentum.

    Fields:
        batch_size: rows a step, >= 1.
        learning_rate: peak rate, > 0.
        momentum: Nesterov momentum, [0, 1); 0 is plain SGD.
        weight_decay: L2 coefficient on kernels (added to the gradient), >= 0.
        probe_steps: steps before the screening, >= 1.
        full_steps: steps of a candidate that survives, the probe's included, >= probe_steps.
        schedule: `cosine` decays to 0 over full_steps, `constant` does not.
        warmup_steps: steps of linear warm-up, >= 0, fewer than any training of the search has.
        shift_pixels: images are shifted by up to this many pixels in each direction while training, [0, 64].
    """

    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 0.1
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    probe_steps: PositiveInt = 100
    full_steps: PositiveInt = 300
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: NonNegativeInt = 0
    shift_pixels: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0


class Stability(Section, frozen=True, kw_only=True):
    """The numerical stability test: gradient ascent on the norm of the gradient.

    Fields:
        enabled: whether it runs.
        checkpoints: from which weights it starts, one test for each: `initial` before training, `probe` after it.
        steps: ascent steps, [1, 1000].
        rate: length of an ascent step in weight space, > 0; at 1.0 layers without any normalisation pass the threshold
            within a dozen steps, and normalised ones (BN-ReLU, EvoNorm) stay below a millionth of it.
        batch_size: rows of the fixed batch, >= 1.
        threshold: a gradient norm above it rejects, > 0.
        networks: `all` tests every network that goes on, `cheapest` only the cheapest of them.
    """

    enabled: bool = True
    checkpoints: Annotated[tuple[Literal["initial", "probe"], ...], msgspec.Meta(min_length=1, max_length=2)] = (
        "probe",
    )
    steps: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 30
    rate: PositiveFloat = 1.0
    batch_size: PositiveInt = 16
    threshold: PositiveFloat = 1e8
    networks: Literal["all", "cheapest"] = "all"


class SizeLimits(Section, frozen=True, kw_only=True):
    """Limits on a candidate's predicted size, the largest over its networks; null means no limit.

    Fields:
        parameters: trainable parameters.
        multiply_adds: multiply-adds of one forward pass of one example.
        activation_bytes: bytes of activations that training keeps for one example.
    """

    parameters: Count | None = None
    multiply_adds: Count | None = None
    activation_bytes: Count | None = None


class Rejection(Section, frozen=True, kw_only=True):
    """What ends a candidate early.

    Fields:
        quality_threshold: validation accuracy that the probe must reach, [0, 1]; 0.2 is twice chance with ten classes.
        rule: `any` rejects where one network fails, by its quality, stability or a loss that is not finite, in the
            probe or later; `none` where no network passes, and a network that fails counts 0 in the fitness.
        stability: the numerical stability test.
        size: limits on the predicted size.
    """

    quality_threshold: Accuracy = 0.2
    rule: Literal["any", "none"] = "any"
    stability: Stability = Stability()
    size: SizeLimits = SizeLimits()


class Scoring(Section, frozen=True, kw_only=True):
    """The weighted-product reward: accuracy * (latency/target)^a * (intensity/target)^b * (efficiency/target)^c.

    Fields:
        latency: `measured` on the benchmarking device, or `estimated` by the roofline of `device`, which does not
            depend on the machine.
        device: row of the device table that latency is measured on or estimated for (`archloom pools` shows which node
            pool is which device); `host` is the CPU, which a micro-benchmark measures first.
        batch_size: rows of the timed batch, >= 1.
        latency_target_ms: > 0; null takes the median of the first round that has survivors.
        latency_weight: exponent of the latency term, <= 0; 0 drops it.
        intensity_weight: exponent of the operational intensity term, >= 0; 0 drops it.
        intensity_target: FLOP per byte, > 0.
        efficiency_weight: exponent of the execution efficiency term, >= 0; 0 drops it; needs `latency: measured`.
        efficiency_target: in (0, 1].
    """

    latency: Literal["measured", "estimated"] = "measured"
    device: str = "host"
    batch_size: PositiveInt = 64
    latency_target_ms: PositiveFloat | None = None
    latency_weight: Annotated[float, msgspec.Meta(ge=-10, le=0)] = -0.07
    intensity_weight: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    intensity_target: PositiveFloat = 10.0
    efficiency_weight: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    efficiency_target: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5


class Budget(Section, frozen=True, kw_only=True):
    """What ends the search: the first of these that is exhausted.

    Fields:
        candidates: candidates that enter training or are rejected by size, >= 1.
        hours: active hours of the search rounds, > 0; null means no limit.
        finishing_hours: active hours of final scaling and the ensemble, > 0; null means no limit.
        fitness: the search ends once a candidate's mean validation accuracy reaches it, (0, 1]; null means never.
    """

    candidates: PositiveInt = 24
    hours: PositiveFloat | None = None
    finishing_hours: PositiveFloat | None = None
    fitness: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None


class FinalScaling(Section, frozen=True, kw_only=True):
    """What happens to the best few.

    Fields:
        rerank: candidates that are trained longer and ranked again, [1, 100], at most budget.candidates.
        rerank_steps: steps of that training, >= 1.
        baselines: names of published designs that are trained beside them, each one of the space's; null takes all.
        network: the network that is scaled, one of the space's networks; null takes the space's first.
        widths: channel multipliers of the grid, each in [0.1, 16], none twice.
        depths: block multipliers of the grid, each in [0.1, 16], none twice.
        grid_steps: training steps of a point of the grid, >= 1.
        winner_steps: training steps of the winner, >= 1.
    """

    rerank: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    rerank_steps: PositiveInt = 600
    baselines: tuple[str, ...] | None = None
    network: str | None = None
    widths: Annotated[tuple[Multiplier, ...], msgspec.Meta(min_length=1, max_length=16)] = (1.0, 1.5)
    depths: Annotated[tuple[Multiplier, ...], msgspec.Meta(min_length=1, max_length=16)] = (1.0, 2.0)
    grid_steps: PositiveInt = 300
    winner_steps: PositiveInt = 1000


class Ensemble(Section, frozen=True, kw_only=True):
    """The ensemble of the winner's initialisations.

    Fields:
        initialisations: trained initialisations, the winner's own included, [1, 100].
        members: distinct members that the greedy selection takes at most, [1, initialisations].
    """

    initialisations: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    members: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3


class Search(Section, frozen=True, kw_only=True):
    """A search description.

    Fields:
        name: lower-case letters, digits and hyphens, at most 40.
        seed: seeds every draw of the search, [0, 2**31).
        seed_known: whether the space's published designs enter the first population; else they are baselines only.
        data, space, controller, rounds, training, rejection, scoring, budget, final_scaling, ensemble: the sections.
    """

    name: Name
    data: Data
    space: Choice
    seed: NonNegativeInt = 0
    seed_known: bool = False
    controller: Choice = Choice(name="evolution")
    rounds: Rounds = Rounds()
    training: Training = Training()
    rejection: Rejection = Rejection()
    scoring: Scoring = Scoring()
    budget: Budget = Budget()
    final_scaling: FinalScaling = FinalScaling()
    ensemble: Ensemble = Ensemble()
