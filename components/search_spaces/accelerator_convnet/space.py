"""The search space of convolutional networks for accelerators (EfficientNet-X)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any

import msgspec
import numpy as np

from components.records.results import Variant
from components.records.section import Multiplier, Section
from components.search_spaces.accelerator_convnet.choices import Choices, boxes
from components.search_spaces.accelerator_convnet.costs import PartCosts
from components.search_spaces.accelerator_convnet.known import B0, KNOWN
from components.search_spaces.accelerator_convnet.network import Assembly
from components.search_spaces.accelerator_convnet.skeleton import Skeleton
from components.search_spaces.accelerator_convnet.spec import (
    Activation,
    ConvnetSpec,
    Expansion,
    Kernel,
    Operation,
    Ratio,
    SpaceToDepth,
    spec_of,
    text,
)
from components.search_spaces.networks.blocks import divisible_channels
from components.search_spaces.networks.row import SHAPES, Row
from components.search_spaces.space import Box, Categorical, Change

NETWORK = "accelerator_convnet"
SOME = msgspec.Meta(min_length=1)
Step = Annotated[int, msgspec.Meta(ge=-255, le=255)]
LISTS = ("space_to_depth", "operations", "kernels", "expansions", "squeezes", "activations")


class AcceleratorConvnetSettings(Section, frozen=True, kw_only=True):
    """Settings of the space `accelerator_convnet`.

    Fields:
        skeleton: stem, head and stages that all designs have; by default those of EfficientNet-B0.
        space_to_depth: what may stand after the stem; each once, like all choices.
        operations: of a stage.
        kernels: sides of its convolution, each in [1, 15].
        expansions: each in [1, 32].
        squeezes: of squeeze-and-excitation, each in [0, 16]; 0 is none.
        activations: of a stage.
        channel_factors: multiply a stage's channels, each in [0.1, 16]; the products become multiples of 8, and equal
            ones are one choice.
        block_steps: are added to a stage's blocks; it has at least one, and equal sums are one choice.
        width, depth: multipliers of the channels and blocks of every design as it is tried, in [0.1, 16].
    """

    skeleton: Skeleton = B0
    space_to_depth: Annotated[tuple[SpaceToDepth, ...], SOME] = ("none", "convolution", "memory")
    operations: Annotated[tuple[Operation, ...], SOME] = ("mbconv", "fused")
    kernels: Annotated[tuple[Kernel, ...], SOME] = (3, 5)
    expansions: Annotated[tuple[Expansion, ...], SOME] = (1, 4, 6)
    squeezes: Annotated[tuple[Ratio, ...], SOME] = (0.0, 0.25, 0.5, 1.0)
    activations: Annotated[tuple[Activation, ...], SOME] = ("relu", "swish")
    channel_factors: Annotated[tuple[Multiplier, ...], SOME] = (0.75, 1.0, 1.25)
    block_steps: Annotated[tuple[Step, ...], SOME] = (-1, 0, 1)
    width: Multiplier = 1.0
    depth: Multiplier = 1.0

    def __post_init__(self):
        for name in (*LISTS, "channel_factors", "block_steps"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"`{name}` must name each choice once. Received: {name}={list(values)}.")

    def choices(self) -> Choices:
        """The values of every decision."""
        own = [getattr(self, name) for name in LISTS[1:]]
        stages = []
        for stage in self.skeleton.stages:
            channels = dict.fromkeys(divisible_channels(stage.channels, factor) for factor in self.channel_factors)
            blocks = dict.fromkeys(max(1, stage.blocks + step) for step in self.block_steps)
            stages.append([*own, tuple(channels), tuple(blocks)])
        return Choices(self.space_to_depth, stages)


class AcceleratorConvnetSpace:
    """Convolutional networks; see `components.search_spaces.space.SearchSpace` for what each method promises."""

    name = NETWORK
    mutation_kinds: tuple[str, ...] = ("choice",)
    independent = True
    continues_probe = True
    brings_optimizer = False
    networks: tuple[str, ...] = (NETWORK,)
    largest = None
    layered = False

    def __init__(self, settings: AcceleratorConvnetSettings):
        self.settings = settings
        self._choices = settings.choices()
        self.lengths: tuple[int, ...] = (len(self._choices.decisions),)
        self.known: Mapping[str, Any] = {name: spec for name, spec in KNOWN.items() if self._choices.holds(spec)}
        self._costs = lru_cache(maxsize=32)(self._part_costs)

    def sample(self, rng: np.random.Generator) -> ConvnetSpec:
        """Draws each choice uniformly."""
        return self.decode(np.array([rng.integers(one.choices) for one in self.decisions()]))

    def mutate(self, spec: ConvnetSpec, rng: np.random.Generator) -> tuple[ConvnetSpec, Change]:
        """Changes one decision."""
        changed, what = self._choices.mutated(spec, rng)
        return changed, Change("choice", what)

    def decisions(self) -> tuple[Categorical, ...]:
        """Space-to-depth, and for each stage the fields of a `StageSpec` in their order."""
        return self._choices.decisions

    def encode(self, spec: ConvnetSpec) -> np.ndarray:
        """Returns the decisions, `[decisions]`. Raises ValueError where a value is none of the settings' choices."""
        return self._choices.encode(spec)

    def decode(self, encoded: np.ndarray) -> ConvnetSpec:
        """Returns the spec. Raises ValueError, naming the decision, where it is none."""
        return self._choices.decode(encoded)

    def allowed(self, prefix: Sequence[int], length: int | None = None) -> np.ndarray:
        """Returns the mask of the next decision's choices: all."""
        return np.ones(self.decisions()[len(prefix)].choices, bool)

    def to_json(self, spec: ConvnetSpec) -> dict[str, Any]:
        """Returns `{"space_to_depth": ..., "stages": [{"operation": ..., ...}, ...]}`."""
        return msgspec.to_builtins(spec)

    def from_json(self, data: Any) -> ConvnetSpec:
        """Returns the spec. Raises ValueError, naming field or decision, where it is none of this space."""
        spec = spec_of(data)
        self.encode(spec)
        return spec

    def canonical(self, spec: ConvnetSpec) -> str:
        """Returns the id of the choices; no two designs behave alike."""
        return sha256(msgspec.json.encode(spec)).hexdigest()[:12]

    def formula(self, spec: ConvnetSpec) -> str:
        """Returns the stages in one line."""
        return text(spec)

    def drawing(self, spec: ConvnetSpec) -> tuple[Box, ...]:
        """Returns a box for each part, one after the other."""
        return tuple(Box(label, (at - 1,) if at else (), active=True) for at, label in enumerate(boxes(spec)))

    def static_screen(self, spec: ConvnetSpec) -> str | None:
        """Returns None: every design is worth training."""
        return None

    def numerical_screen(self, spec: ConvnetSpec, rng: np.random.Generator) -> str | None:
        """Returns None: every design computes."""
        return None

    def variants(self) -> tuple[Variant, ...]:
        """Returns one trial."""
        return (Variant(name=NETWORK, network=NETWORK, width=self.settings.width, depth=self.settings.depth),)

    def costs(
        self, encoded: np.ndarray, variant: Variant, input_shape: Sequence[int], classes: int
    ) -> dict[str, np.ndarray]:
        """Returns the costs of designs `[n, decisions]`. Raises ValueError where rows aren't images."""
        return self._costs(*_trial(variant, input_shape, classes)).of(self.decode(one) for one in encoded)

    def build(self, spec: ConvnetSpec, variant: Variant, input_shape: Sequence[int], classes: int) -> Any:
        """Returns the `keras.Model`. Raises ValueError where rows aren't images."""
        from components.search_spaces.networks.build import build_network

        return build_network(Assembly(self.settings.skeleton, *_trial(variant, input_shape, classes)).network(spec))

    def shared_network(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> Any:
        """Raises TypeError: designs share no weights."""
        raise TypeError(f"`variant` must be of a space whose designs share weights. Received: one of {self.name}.")

    def layers(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> None:
        """Returns None: a stage's input has sizes that other stages choose."""

    def optimizer(self, spec: ConvnetSpec, learning_rate: float, total_steps: int) -> Any:
        """Raises TypeError: networks are trained by the search file's own optimizer."""
        raise TypeError(f"`spec` must bring an optimizer. Received: a spec of {self.name}.")

    def parts(self, spec: ConvnetSpec) -> Mapping[str, Any]:
        """Returns the `backbone`, a `keras.layers.Layer` from images to the last stage's features, not built."""
        from components.search_spaces.accelerator_convnet.build import ConvnetBackbone

        settings = self.settings
        return {"backbone": ConvnetBackbone(spec, settings.skeleton, settings.width, settings.depth)}

    def _part_costs(self, row: Row, outputs: int, width: float, depth: float) -> PartCosts:
        skeleton = self.settings.skeleton
        return PartCosts(skeleton, row, Assembly(skeleton, row, outputs, width, depth))


def _trial(variant: Variant, input_shape: Sequence[int], outputs: int) -> tuple[Row, int, float, float]:
    """What an `Assembly` takes beside the skeleton. Raises ValueError where rows aren't images."""
    row = Row(tuple(input_shape), variant.vocabulary)
    if row.kind != "image":
        raise ValueError(f"`input_shape` must be {SHAPES['image']} (image). Received: {row}.")
    return row, outputs, variant.width, variant.depth
