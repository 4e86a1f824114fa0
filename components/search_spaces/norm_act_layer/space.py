"""The search space of normalization-activation layers (EvoNorm), each tried in several networks at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from components.records.results import Variant
from components.records.search import Section
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.multipliers import Multipliers, check_multipliers, multiplier
from components.search_spaces.networks.table import network_ops
from components.search_spaces.norm_act_layer import encoding, formula, graph, screen
from components.search_spaces.norm_act_layer.costs import layer_counts, total_costs
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.primitives import INDEX_SETS, NAMES
from components.search_spaces.norm_act_layer.sampling import MUTATION_KINDS, Sampler
from components.search_spaces.norm_act_layer.spec import MAX_NODES, LayerSpec
from components.search_spaces.space import Box, Categorical, Change

NetworkName = Literal[
    "preact_resnet", "mobilenet_v2", "efficientnet", "mobilenet_v2_full", "efficientnet_b0", "preact_resnet50"
]


class NormActLayerSettings(Section, frozen=True, kw_only=True):
    """Settings of the space `norm_act_layer`.

    Fields:
        nodes: intermediate nodes of a graph, [1, 30].
        min_active_ops: operations that simplification must leave of those that depend on the input, [1, 30].
        batch_independent: `no`; `active` drops graphs that aggregate over the batch once they are simplified; `op_set`
            never draws such an aggregation.
        op_sampling: how a primitive is drawn: `concrete` uniformly from the 24 (operation, index set) pairs, `table`
            uniformly from the 15 rows of the table and then its index set.
        groups: group limit of the index set whcg, [1, 4096]; lowered until it divides a layer's channels.
        decay: of the moving averages that inference takes for aggregations over the batch, [0, 1).
        networks: where a layer is tried, cheapest first; each once.
        width, depth: channel and block multipliers of these networks, each in [0.1, 16]: one for all of them, or a
            mapping with one for each. The published search has `networks: [preact_resnet50, mobilenet_v2_full,
            efficientnet_b0]` at `width: {preact_resnet50: 0.25, mobilenet_v2_full: 0.5, efficientnet_b0: 0.5}`.
    """

    nodes: Annotated[int, msgspec.Meta(ge=1, le=MAX_NODES)] = 10
    min_active_ops: Annotated[int, msgspec.Meta(ge=1, le=MAX_NODES)] = 2
    batch_independent: Literal["no", "active", "op_set"] = "no"
    op_sampling: Literal["concrete", "table"] = "concrete"
    groups: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 32
    decay: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.9
    networks: Annotated[tuple[NetworkName, ...], msgspec.Meta(min_length=1)] = (
        "preact_resnet",
        "mobilenet_v2",
        "efficientnet",
    )
    width: Multipliers = 1.0
    depth: Multipliers = 1.0

    def __post_init__(self):
        if len(set(self.networks)) < len(self.networks):
            raise ValueError(f"`networks` must name each network once. Received: networks={list(self.networks)}.")
        check_multipliers("width", self.width, self.networks)
        check_multipliers("depth", self.depth, self.networks)
        if self.min_active_ops > self.nodes:
            raise ValueError(
                f"`min_active_ops` must be at most `nodes` ({self.nodes})."
                f" Received: min_active_ops={self.min_active_ops}."
            )


class NormActLayerSpace:
    """Layer graphs; see `components.search_spaces.space.SearchSpace` for what each method promises."""

    name = "norm_act_layer"
    mutation_kinds: tuple[str, ...] = MUTATION_KINDS
    known: Mapping[str, Any] = KNOWN
    independent = False
    continues_probe = True
    brings_optimizer = False
    largest = None
    layered = False

    def __init__(self, settings: NormActLayerSettings):
        self.settings = settings
        self.networks: tuple[str, ...] = settings.networks
        drawn_sets = tuple(name for name in INDEX_SETS if settings.batch_independent != "op_set" or name != "bwh")
        self._sampler = Sampler(settings.nodes, drawn_sets, settings.op_sampling)
        self._drawn_ops = [NAMES.index(name) + 1 for name in self._sampler.ops]
        # Published layers must be encodable whatever the settings.
        self._places = max(settings.nodes, *(len(spec.nodes) for spec in KNOWN.values()))
        self.lengths: tuple[int, ...] = (len(self.decisions()),)

    def sample(self, rng: np.random.Generator) -> LayerSpec:
        """Draws a graph of `nodes` nodes."""
        return self._sampler.sample(rng)

    def mutate(self, spec: LayerSpec, rng: np.random.Generator) -> tuple[LayerSpec, Change]:
        """Redraws one node."""
        return self._sampler.mutate(spec, rng)

    def decisions(self) -> tuple[Categorical, ...]:
        """Operation and two input slots of each node."""
        return encoding.decisions(self._places)

    def encode(self, spec: LayerSpec) -> np.ndarray:
        """Returns the decisions, `[decisions]`. Raises ValueError where the graph has too many nodes."""
        return encoding.encode(spec, self._places)

    def decode(self, encoded: np.ndarray) -> LayerSpec:
        """Returns the graph. Raises ValueError, naming the decision, where it is none."""
        return encoding.decode(encoded, self._places)

    def allowed(self, prefix: Sequence[int], length: int | None = None) -> np.ndarray:
        """Mask over the next decision's choices; what the settings exclude is not allowed."""
        return encoding.allowed(prefix, self.settings.nodes, self._drawn_ops)

    def to_json(self, spec: LayerSpec) -> list:
        """Returns `[[op, [input, ...]], ...]`."""
        return spec.to_json()

    def from_json(self, data: Any) -> LayerSpec:
        """Returns the graph. Raises ValueError, naming the node, where it is none."""
        spec = LayerSpec.from_json(data)
        if len(spec.nodes) > self._places:
            raise ValueError(f"`spec` must have at most {self._places} nodes. Received: {len(spec.nodes)} nodes.")
        return spec

    def canonical(self, spec: LayerSpec) -> str:
        """Returns the id that specs of one simplified graph share."""
        return graph.canonical(spec)

    def formula(self, spec: LayerSpec) -> str:
        """Returns the simplified graph as a formula, without the affine."""
        return formula.formula(spec)

    def drawing(self, spec: LayerSpec) -> tuple[Box, ...]:
        """Returns the nodes of the simplified graph as boxes."""
        return formula.drawing(spec)

    def static_screen(self, spec: LayerSpec) -> str | None:
        """Returns `ignores_input`, `too_few_ops`, `uses_batch` (where that is excluded), or None."""
        if self.settings.batch_independent != "no" and graph.uses_batch(spec):
            return "uses_batch"
        return screen.static_screen(spec, self.settings.min_active_ops)

    def numerical_screen(self, spec: LayerSpec, rng: np.random.Generator) -> str | None:
        """Returns `non_finite`, `constant`, `exploding`, `vanishing`, or None."""
        return screen.numerical_screen(spec, rng, self.settings.groups)

    def variants(self) -> tuple[Variant, ...]:
        """Returns one trial for each network."""
        width, depth = self.settings.width, self.settings.depth
        return tuple(
            Variant(name=one, network=one, width=multiplier(width, one), depth=multiplier(depth, one))
            for one in self.networks
        )

    def costs(
        self, encoded: np.ndarray, variant: Variant, input_shape: Sequence[int], classes: int
    ) -> dict[str, np.ndarray]:
        """Returns the costs of graphs `[n, decisions]`. Raises ValueError where rows aren't images."""
        return total_costs(network_costs(network_ops(variant, input_shape, classes)), layer_counts(encoded))

    def build(self, spec: LayerSpec, variant: Variant, input_shape: Sequence[int], classes: int) -> Any:
        """Returns the `keras.Model` that gives logits. Raises ValueError where rows aren't images."""
        from components.search_spaces.networks.build import build_network

        return build_network(network_ops(variant, input_shape, classes), lambda: self.parts(spec)["layer"])

    def shared_network(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> Any:
        """Raises TypeError: layers share no weights."""
        raise TypeError(f"`variant` must be of a space whose designs share weights. Received: one of {self.name}.")

    def layers(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> None:
        """Returns None: a layer is tried in networks that are no sequences of layers of its own."""

    def optimizer(self, spec: LayerSpec, learning_rate: float, total_steps: int) -> Any:
        """Raises TypeError: layers are tried under the search file's own SGD."""
        raise TypeError(f"`spec` must bring an optimizer. Received: a spec of {self.name}.")

    def parts(self, spec: LayerSpec) -> Mapping[str, Any]:
        """Returns the `layer`, a `keras.layers.Layer`."""
        from components.search_spaces.norm_act_layer.build import NormActLayer

        return {"layer": NormActLayer(spec.to_json(), self.settings.groups, self.settings.decay)}
