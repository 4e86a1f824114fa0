"""The section `training` of a search file: how candidates are trained, each alone or all with shared weights."""

from typing import Annotated, Literal

import msgspec

from components.records.section import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Section


class WeightSharing(Section, frozen=True, kw_only=True):
    """One network holds the weights of all candidates, each of which trains and is judged with a part of them.

    A round takes `full_steps` steps of the shared network; a step is a weight step on training rows and, after the
    warm-up, a step of the controller on validation rows. There are as many rounds as `budget.candidates` holds whole
    or begun rounds of `rounds.candidates_per_round`, each of which reports so many candidates. No candidate is probed
    or screened but for its size, and nothing is timed before the finish.

    Fields:
        warmup: share of all steps in which the largest choices are trained often, and the controller learns nothing,
            [0, 1); how often falls linearly from always to never.
        warmup_of: whether each `layer` is at its largest by a draw of its own, or the whole `network` by one.
        policy_batch_size: validation rows of the controller's step, >= 1; null takes batch_size.
        draws: designs that a step of the controller draws at most, until it has one that it can learn from, [1, 10000]:
            under `rejection` one within the limits. 1 is as published; where few designs are, it learns seldom.
        reward_of: what the controller is taught by on these rows: 1 minus the `loss`, or the `accuracy` (of
            regression R^2, at least 0).
        choice: which candidates of the last round are the best few: the `most_probable` under the controller, or
            those of the highest `reward` with the shared weights.
    """

    warmup: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.25
    warmup_of: Literal["layer", "network"] = "layer"
    policy_batch_size: PositiveInt | None = None
    draws: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    reward_of: Literal["loss", "accuracy"] = "loss"
    choice: Literal["most_probable", "reward"] = "most_probable"


class Training(Section, frozen=True, kw_only=True):
    """How a candidate is trained.

    Fields:
        batch_size: rows a step, >= 1.
        optimizer: `sgd` with Nesterov momentum, or `adam` (decays 0.9 and 0.999), for which 0.001 is a usual rate; in
            spaces of optimizers a design takes its place.
        learning_rate: peak rate, > 0.
        momentum: Nesterov momentum of SGD, [0, 1); 0 is plain SGD.
        weight_decay: L2 coefficient on kernels (added to the gradient, whatever the optimizer), >= 0.
        probe_steps: steps before the screening, >= 1.
        full_steps: steps of a candidate that survives, the probe's included, >= probe_steps.
        schedule: `cosine` decays to 0 over full_steps, `constant` does not.
        warmup_steps: steps of linear warm-up, >= 0, fewer than any training of the search has.
        shift_pixels: images are shifted by up to this many pixels in each direction while training, [0, 64].
        accuracy: what a training's validation accuracy is, or for regression its R²: `final` that of its last step;
            `mean` or `best` of those at the ends of its last epochs, counted back from the last step.
        last_epochs: how many epochs `mean` and `best` look at, [1, 100]; an epoch is as many steps as see the training
            rows once.
        weight_sharing: null where each candidate is trained alone.
    """

    batch_size: PositiveInt = 64
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: PositiveFloat = 0.1
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    probe_steps: PositiveInt = 100
    full_steps: PositiveInt = 300
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: NonNegativeInt = 0
    shift_pixels: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    accuracy: Literal["final", "mean", "best"] = "final"
    last_epochs: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    weight_sharing: WeightSharing | None = None
