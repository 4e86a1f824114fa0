"""The search space of multi-layer perceptrons for tables (TabNAS): the width of each hidden layer."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from components.records.results import Variant
from components.records.section import Section
from components.search_spaces.space import Box, Categorical, Change
from components.search_spaces.tabular_mlp.costs import features_of, mlp_costs
from components.search_spaces.tabular_mlp.known import REFERENCES
from components.search_spaces.tabular_mlp.layers import MlpLayers
from components.search_spaces.tabular_mlp.spec import MlpSpec, text

MOST_LAYERS, MOST_UNITS = 32, 65_536
PUBLISHED_WIDTHS = (8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 384, 512)
NETWORK = "tabular_mlp"

Width = Annotated[int, msgspec.Meta(ge=1, le=MOST_UNITS)]
OfOneLayer = Annotated[tuple[Width, ...], msgspec.Meta(min_length=1)]


class TabularMlpSettings(Section, frozen=True, kw_only=True):
    """Settings of the space `tabular_mlp`.

    Fields:
        layers: hidden layers, [1, 32].
        widths: units that a layer may have, each in [1, 65536] and none twice: one list for all layers, or a list for
            each, first layer first.
        activation: of the hidden layers.
    """

    layers: Annotated[int, msgspec.Meta(ge=1, le=MOST_LAYERS)] = 3
    widths: Annotated[tuple[Width | OfOneLayer, ...], msgspec.Meta(min_length=1)] = PUBLISHED_WIDTHS
    activation: Literal["relu", "silu", "gelu", "tanh"] = "relu"

    def __post_init__(self):
        lists = [one for one in self.widths if isinstance(one, tuple)]
        numbers = [one for one in self.widths if not isinstance(one, tuple)]
        if lists and numbers:
            raise ValueError(f"`widths` must be numbers, or a list for each layer. Received: {_received(self.widths)}.")
        if lists and len(lists) != self.layers:
            raise ValueError(
                f"`widths` must be one list for all layers, or one for each of `layers` ({self.layers})."
                f" Received: {len(lists)} lists."
            )
        for choices in [*lists, numbers]:
            if len(set(choices)) < len(choices):
                raise ValueError(f"`widths` must name each width of a layer once. Received: {_received(choices)}.")

    @property
    def choices(self) -> tuple[tuple[int, ...], ...]:
        """The widths of each layer."""
        if isinstance(self.widths[0], tuple):
            return self.widths  # type: ignore[return-value]
        return (self.widths,) * self.layers  # type: ignore[return-value]


class TabularMlpSpace:
    """Widths of hidden layers; see `components.search_spaces.space.SearchSpace` for what each method promises."""

    name = "tabular_mlp"
    mutation_kinds: tuple[str, ...] = ("width",)
    independent = True
    continues_probe = True
    brings_optimizer = False
    networks: tuple[str, ...] = (NETWORK,)
    layered = True

    def __init__(self, settings: TabularMlpSettings):
        self.settings = settings
        self._choices = settings.choices
        self.lengths: tuple[int, ...] = (settings.layers,)
        self.largest: Any = MlpSpec(tuple(max(widths) for widths in self._choices))
        references = {name: reference.spec for name, reference in REFERENCES.items()}
        self.known: Mapping[str, Any] = {name: spec for name, spec in references.items() if self._holds(spec)}

    def sample(self, rng: np.random.Generator) -> MlpSpec:
        """Draws each width uniformly."""
        return MlpSpec(tuple(widths[rng.integers(len(widths))] for widths in self._choices))

    def mutate(self, spec: MlpSpec, rng: np.random.Generator) -> tuple[MlpSpec, Change]:
        """Gives one layer, of those that have a choice, another width."""
        free = [layer for layer, widths in enumerate(self._choices) if len(widths) > 1]
        if not free:
            return spec, Change("width", "no layer has another width")
        layer = free[rng.integers(len(free))]
        others = [width for width in self._choices[layer] if width != spec.widths[layer]]
        width = others[rng.integers(len(others))]
        widths = (*spec.widths[:layer], width, *spec.widths[layer + 1 :])
        return MlpSpec(widths), Change("width", f"layer {layer + 1}: {spec.widths[layer]} -> {width} units")

    def decisions(self) -> tuple[Categorical, ...]:
        """The width of each layer."""
        return tuple(Categorical(f"layer {at} width", len(widths)) for at, widths in enumerate(self._choices, 1))

    def encode(self, spec: MlpSpec) -> np.ndarray:
        """Returns which of its layer's widths each one is, `[layers]`. Raises ValueError where it is none of them."""
        self._check(spec)
        return np.array([widths.index(one) for one, widths in zip(spec.widths, self._choices, strict=True)], np.int64)

    def decode(self, encoded: np.ndarray) -> MlpSpec:
        """Returns the spec. Raises ValueError, naming the decision, where it is none."""
        values = np.asarray(encoded)
        if values.shape != self.lengths or not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"`encoded` must be {self.lengths[0]} integers. Received: {values.dtype} {values.shape}.")
        for decision, value in zip(self.decisions(), values.tolist(), strict=True):
            if not 0 <= value < decision.choices:
                raise ValueError(
                    f"`encoded` must hold a choice for {decision.name} in [0, {decision.choices}). Received: {value}."
                )
        return MlpSpec(tuple(widths[value] for widths, value in zip(self._choices, values.tolist(), strict=True)))

    def allowed(self, prefix: Sequence[int], length: int | None = None) -> np.ndarray:
        """Returns the mask of a layer's widths: all."""
        return np.ones(len(self._choices[len(prefix)]), bool)

    def to_json(self, spec: MlpSpec) -> list[int]:
        """Returns `[width, ...]`."""
        return spec.to_json()

    def from_json(self, data: Any) -> MlpSpec:
        """Returns the spec. Raises ValueError, naming the layer, where it is none of this space."""
        spec = MlpSpec.from_json(data)
        self._check(spec)
        return spec

    def canonical(self, spec: MlpSpec) -> str:
        """Returns the id of the widths; no two designs behave alike."""
        return sha256(text(spec).encode()).hexdigest()[:12]

    def formula(self, spec: MlpSpec) -> str:
        """Returns the widths, such as `32-144-24`."""
        return text(spec)

    def drawing(self, spec: MlpSpec) -> tuple[Box, ...]:
        """Returns the row, a box for each hidden layer, and the outputs."""
        labels = ["row", *(f"{width} {self.settings.activation}" for width in spec.widths), "outputs"]
        return tuple(Box(label, (at - 1,) if at else (), active=True) for at, label in enumerate(labels))

    def static_screen(self, spec: MlpSpec) -> str | None:
        """Returns None: every design is worth training."""
        return None

    def numerical_screen(self, spec: MlpSpec, rng: np.random.Generator) -> str | None:
        """Returns None: every design computes."""
        return None

    def variants(self) -> tuple[Variant, ...]:
        """Returns one trial."""
        return (Variant(name=NETWORK, network=NETWORK),)

    def costs(
        self, encoded: np.ndarray, variant: Variant, input_shape: Sequence[int], classes: int
    ) -> dict[str, np.ndarray]:
        """Returns the costs of designs `[n, layers]`. Raises ValueError for texts, and for a scaled variant."""
        features = features_of(variant, input_shape)
        columns = [np.array(widths)[encoded[:, layer]] for layer, widths in enumerate(self._choices)]
        return mlp_costs(np.stack(columns, axis=1), features, classes)

    def build(self, spec: MlpSpec, variant: Variant, input_shape: Sequence[int], classes: int) -> Any:
        """Returns the `keras.Model`. Raises ValueError where `costs` does."""
        from components.search_spaces.tabular_mlp.build import build_mlp

        features_of(variant, input_shape)
        return build_mlp(spec.widths, self.settings.activation, input_shape, classes)

    def shared_network(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> Any:
        """Returns the `SharedMlp`. Raises ValueError where `costs` does."""
        from components.search_spaces.tabular_mlp.build import SharedMlp

        features_of(variant, input_shape)
        return SharedMlp(self._choices, self.settings.activation, input_shape, outputs)

    def layers(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> MlpLayers:
        """Returns the dense layers of every pair of consecutive widths. Raises ValueError where `costs` does."""
        features_of(variant, input_shape)
        return MlpLayers(self._choices, self.settings.activation, input_shape, outputs)

    def optimizer(self, spec: MlpSpec, learning_rate: float, total_steps: int) -> Any:
        """Raises TypeError: networks are trained by the search file's own optimizer."""
        raise TypeError(f"`spec` must bring an optimizer. Received: a spec of {self.name}.")

    def parts(self, spec: MlpSpec) -> Mapping[str, Any]:
        """Returns the `backbone`: the hidden layers as `keras.Sequential`, not built, for rows `[batch, features]`."""
        from components.search_spaces.tabular_mlp.build import build_backbone

        return {"backbone": build_backbone(spec.widths, self.settings.activation)}

    def _holds(self, spec: MlpSpec) -> bool:
        pairs = zip(spec.widths, self._choices)
        return len(spec.widths) == len(self._choices) and all(width in widths for width, widths in pairs)

    def _check(self, spec: MlpSpec) -> None:
        if not self._holds(spec):
            choices = "; ".join(f"layer {at}: {', '.join(map(str, one))}" for at, one in enumerate(self._choices, 1))
            raise ValueError(f"`widths` must be of the space ({choices}). Received: widths={list(spec.widths)}.")


def _received(widths: Sequence[Any]) -> str:
    return f"widths={[list(one) if isinstance(one, tuple) else one for one in widths]}"
