"""The search description as typed, frozen data: what `search.yaml` may say, with units, ranges and defaults.

Only shapes and ranges of single fields stand here. What depends on the space, on the controller or on two fields at
once is checked by `components.search_file.validate`.
"""

from typing import Annotated, Any, Literal

import msgspec

from components.records.data_section import Data
from components.records.section import (
    Accuracy,
    Count,
    Multiplier,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Section,
)
from components.records.training_section import Training

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9-]{0,39}\Z",
        description="text of 1 to 40 lower-case letters, digits and hyphens, a letter first",
    ),
]


class Choice(Section, frozen=True, kw_only=True):
    """A named space or controller and its own settings, which the named one validates.

    Fields:
        name: its name in the registry.
        settings: its settings; each has a default.
    """

    name: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Rounds(Section, frozen=True, kw_only=True):
    """How a round is cut.

    Fields:
        candidates_per_round: candidates proposed in a round, [1, 10000].
        shards_per_round: shards that a round's candidates are shared by, each of which claims the next one when it is
            free, [1, 24] and at most candidates_per_round; at most 3 where a pipeline run nests 4 rounds, the
            default. As many as there are workers keep all of them busy; the result is the same with any number.
    """

    candidates_per_round: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    shards_per_round: Annotated[int, msgspec.Meta(ge=1, le=24)] = 2


class Stability(Section, frozen=True, kw_only=True):
    """The numerical stability test: gradient ascent on the norm of the gradient. Not made in spaces of optimizers.

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

    Limits are hard: no design over one becomes a trained candidate of a search round. In a space whose designs are not
    scaled that holds for all that follows, too; elsewhere final scaling makes networks larger than these. Baselines
    that the search names are trained whatever they cost, and so is the network that holds shared weights. A limit that
    no design meets is refused before anything is trained.

    Fields:
        parameters: trainable parameters.
        multiply_adds: multiply-adds of one forward pass of one example.
        activation_bytes: bytes of activations that training keeps for one example.
        memory_bytes: bytes of the weights (float32) and of the activations of `$.scoring.batch_size` examples, all
            kept as in training; gradients and the optimizer's averages come on top there.
        latency_ms: of a forward pass of `$.scoring.batch_size` examples by the roofline of `$.scoring.device`, which
            must be a device of the table: the least that it can take.
        layers_latency_ms: of a forward pass of `$.scoring.batch_size` examples, predicted as what a call takes and the
            sum of the design's layers, each of which is measured once on `$.scoring.device`, which may be the host,
            before the first round. In spaces whose designs are sequences of layers: tabular_mlp. It isn't known on a
            target with rows of its own.
    """

    parameters: Count | None = None
    multiply_adds: Count | None = None
    activation_bytes: Count | None = None
    memory_bytes: Count | None = None
    latency_ms: PositiveFloat | None = None
    layers_latency_ms: PositiveFloat | None = None


class Rejection(Section, frozen=True, kw_only=True):
    """What ends a candidate early.

    Fields:
        quality_threshold: validation accuracy, or for regression R², that the probe must reach, [0, 1]; 0.2 is twice
            chance with ten classes.
        rule: `any` rejects where one network fails, by its quality, stability or a loss that is not finite, in the
            probe or later; `none` where no network passes, and a network that fails counts 0 in the fitness.
        stability: the numerical stability test.
        size: limits on the predicted size.
        measured_latency_ms: limit in milliseconds on the latency that `scoring` measures, of the slowest network of a
            candidate, > 0; null means no limit. What exceeds it after the probe is not trained in full; what seems to
            is timed twice more, and the fastest of the three counts. Where designs are not scaled, it holds for what
            re-ranking times for the first time, too: the controller's new designs, those of shared weights, and all
            of them on a target's own task.
    """

    quality_threshold: Accuracy = 0.2
    rule: Literal["any", "none"] = "any"
    stability: Stability = Stability()
    size: SizeLimits = SizeLimits()
    measured_latency_ms: PositiveFloat | None = None


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
        fitness: the search ends once a candidate's mean validation accuracy, or for regression R², reaches it, (0, 1];
            null means never.
    """

    candidates: PositiveInt = 24
    hours: PositiveFloat | None = None
    finishing_hours: PositiveFloat | None = None
    fitness: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None


class TargetTraining(Section, frozen=True, kw_only=True):
    """How the best few are trained on the target task; null takes what `training` says. The steps stand above.

    Fields:
        batch_size: rows a step, >= 1.
        optimizer: `sgd` or `adam`.
        learning_rate: peak rate, > 0.
        momentum: Nesterov momentum, [0, 1); 0 is plain SGD.
        weight_decay: L2 coefficient on kernels (added to the gradient), >= 0.
        schedule: `cosine` decays to 0 over the steps, `constant` does not.
        warmup_steps: steps of linear warm-up, >= 0, fewer than any training on the target has.
        shift_pixels: images are shifted by up to this many pixels in each direction while training, [0, 64].
    """

    batch_size: PositiveInt | None = None
    optimizer: Literal["sgd", "adam"] | None = None
    learning_rate: PositiveFloat | None = None
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None
    weight_decay: NonNegativeFloat | None = None
    schedule: Literal["cosine", "constant"] | None = None
    warmup_steps: NonNegativeInt | None = None
    shift_pixels: Annotated[int, msgspec.Meta(ge=0, le=64)] | None = None


class Target(Section, frozen=True, kw_only=True):
    """The task that the search is for, where it is another, more expensive one than that of the search rounds.

    Re-ranking, the grid, the winner, its initialisations and the ensemble are trained, chosen, timed and tested on it,
    and so are the baselines; the search rounds never see it. Rewards keep the search's targets of latency, intensity
    and efficiency, which scale all of them alike.

    Fields:
        data: the target's rows, with fields as in `data`; null takes those of the search. Where the source is that of
            the search, so must label, validation and test be: then the same rows are held out, and no row that the
            target is validated or tested on has trained a candidate. Two sources are taken to share no row.
        space_settings: settings of the space that the target changes, of those that say how a design is tried and not
            which designs there are: networks, width and depth; of norm_act_layer groups and decay, too, and of
            update_rule learning_rates.
        training: how the target's models are trained, where that differs.
    """

    data: Data | None = None
    space_settings: dict[str, Any] = msgspec.field(default_factory=dict)
    training: TargetTraining = TargetTraining()


class FinalScaling(Section, frozen=True, kw_only=True):
    """What happens to the best few.

    Fields:
        rerank: candidates that are trained longer and ranked again, [1, 100], at most budget.candidates.
        rerank_steps: steps of that training, >= 1.
        sampled: new designs from the controller as the search left it that are ranked beside them, [0, 100].
        initialisations: how often each design is trained in re-ranking, from other weights, [1, 100]; the first one
            finds the learning rate where the space has several.
        baselines: names of published designs that are trained beside them, each one of the space's; null takes all
            that are within `rejection.size`.
        network: the network that is scaled, one of the networks of the target; null takes the first of them.
        widths: channel multipliers of the grid, each in [0.1, 16], none twice; null takes 1 and 1.5, or 1 alone in a
            space whose designs say their widths themselves.
        depths: block multipliers of the grid, each in [0.1, 16], none twice; null takes 1 and 2, or 1 alone there.
        grid_steps: training steps of a point of the grid, >= 1.
        winner_steps: training steps of the winner, >= 1.
        target: the task that all of this is done on; left out, that of the search.
    """

    rerank: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    rerank_steps: PositiveInt = 600
    sampled: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    initialisations: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    baselines: tuple[str, ...] | None = None
    network: str | None = None
    widths: Annotated[tuple[Multiplier, ...], msgspec.Meta(min_length=1, max_length=16)] | None = None
    depths: Annotated[tuple[Multiplier, ...], msgspec.Meta(min_length=1, max_length=16)] | None = None
    grid_steps: PositiveInt = 300
    winner_steps: PositiveInt = 1000
    target: Target = Target()


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
