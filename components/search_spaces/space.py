"""The SearchSpace protocol: what can be searched, as data that is sampled, mutated, costed and printed without Keras.

A spec is frozen, hashable data. A space is an object built from its settings (the `space.settings` of the search file);
`components.search_spaces.registry` names the spaces. A stage never names one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from components.records.results import Variant
from components.search_spaces.layer_index import LayerIndex

Spec = Any  # frozen and hashable; each space has its own type


class Categorical(NamedTuple):
    """A decision among `choices` unordered values, encoded as an index in [0, choices)."""

    name: str
    choices: int


class Integer(NamedTuple):
    """A decision for a whole number in [low, high], encoded as itself."""

    name: str
    low: int
    high: int


class LogUniform(NamedTuple):
    """A decision for a number in [low, high] on a logarithmic scale; only policies use its `bins`."""

    name: str
    low: float
    high: float
    bins: int


Decision = Categorical | Integer | LogUniform


class Change(NamedTuple):
    """What a mutation changed: its kind (one of the space's `mutation_kinds`) and a sentence for people."""

    kind: str
    text: str


class Box(NamedTuple):
    """A node of a drawing: its label, the indices of its inputs, and whether the output depends on it."""

    label: str
    inputs: tuple[int, ...]
    active: bool


class SearchSpace(Protocol):
    """What every space gives. Sizes: `decisions` is the length of an encoding.

    Attributes:
        name: its name in the registry.
        mutation_kinds: the kinds that `mutate` reports.
        known: published designs as literal specs, by name; baselines of the report.
        lengths: numbers of decisions that make a whole encoding, ascending; one where all specs have one length.
        independent: whether always every choice of every decision is allowed, whatever was chosen before.
        continues_probe: whether the full phase continues the probe's weights (else it starts again).
        brings_optimizer: whether a spec is, or brings, the optimizer that its trials use (see `optimizer`).
        networks: names of the networks that a spec is tried in, cheapest first; the first is scaled by default.
        largest: the design whose weights hold those of every other one; None where designs can't share weights.
        layered: whether designs are sequences of layers, each of which can be timed alone (see `layers`).
    """

    name: str
    mutation_kinds: tuple[str, ...]
    known: Mapping[str, Spec]
    lengths: tuple[int, ...]
    independent: bool
    continues_probe: bool
    brings_optimizer: bool
    networks: tuple[str, ...]
    largest: Spec | None
    layered: bool

    def sample(self, rng: np.random.Generator) -> Spec:
        """Draws a spec as the published system does."""

    def mutate(self, spec: Spec, rng: np.random.Generator) -> tuple[Spec, Change]:
        """Returns a changed copy and what was changed; `spec` stays as it is."""

    def decisions(self) -> tuple[Decision, ...]:
        """The decisions of the longest encoding, in order; a shorter one is filled up with -1 at its end."""

    def encode(self, spec: Spec) -> np.ndarray:
        """Returns the spec's decisions, `[decisions]`."""

    def decode(self, encoded: np.ndarray) -> Spec:
        """Returns the spec of an encoding. Raises ValueError, naming the decision, where it is none."""

    def allowed(self, prefix: Sequence[int], length: int | None = None) -> np.ndarray:
        """Mask over the choices of the decision that follows the prefix, `[choices]`; never empty.

        Args:
            prefix: the decisions before it, as they are encoded.
            length: number of decisions that the whole encoding will have, one of `lengths`; None: the longest.
        """

    def to_json(self, spec: Spec) -> Any:
        """The spec as JSON data, as records hold it."""

    def from_json(self, data: Any) -> Spec:
        """The spec of JSON data. Raises ValueError, naming the node or field, where it is none."""

    def canonical(self, spec: Spec) -> str:
        """An id that specs of equal behaviour share (dead parts pruned): 12 hexadecimal digits."""

    def formula(self, spec: Spec) -> str:
        """The spec as a formula for people."""

    def drawing(self, spec: Spec) -> tuple[Box, ...]:
        """What `formula` says as boxes in topological order, the last one the output."""

    def static_screen(self, spec: Spec) -> str | None:
        """A reason to drop the spec without computing anything, such as `ignores_input`; None where there is none."""

    def numerical_screen(self, spec: Spec, rng: np.random.Generator) -> str | None:
        """A reason to drop the spec after a forward pass in NumPy, such as `non_finite`; None where there is none."""

    def variants(self) -> tuple[Variant, ...]:
        """The trials of a spec in a search round, cheapest first."""

    def costs(
        self, encoded: np.ndarray, variant: Variant, input_shape: Sequence[int], classes: int
    ) -> dict[str, np.ndarray]:
        """Predicted costs of encoded specs in a variant; vectorised, without Keras, equal to the built model's.

        Args:
            encoded: `[n, decisions]`.
            variant: network, width and depth, and the vocabulary of texts.
            input_shape: shape of one row, `[height, width, channels]`, `[features]` or, of texts, `[length]`.
            classes: number of classes.

        Returns:
            `parameters` (trainable), `multiply_adds` (of one row's forward pass), `activation_bytes` (kept by a
            training step for one row, float32) and `traffic_bytes` (memory traffic of one row's forward pass,
            weights apart), each `[n]`.
        """

    def build(self, spec: Spec, variant: Variant, input_shape: Sequence[int], classes: int) -> Any:
        """The `keras.Model` of a spec in a variant, from rows `[batch, *input_shape]` to logits `[batch, classes]`."""

    def shared_network(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> Any:
        """The network that holds the weights of all designs: a `components.search_spaces.shared_network.SharedNetwork`.

        Raises TypeError where `largest` is None.
        """

    def layers(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> LayerIndex | None:
        """The layers that designs can hold in a variant, without Keras before one is built.

        None where the space isn't `layered`, and where the variant's designs have no such layers.
        """

    def optimizer(self, spec: Spec, learning_rate: float, total_steps: int) -> Any:
        """A new Keras optimizer, for a training of `total_steps`. Raises TypeError where specs bring none."""

    def parts(self, spec: Spec) -> Mapping[str, Any]:
        """What of a spec is of use in anyone's model, by name: new Keras objects, untrained, that Keras serializes."""
