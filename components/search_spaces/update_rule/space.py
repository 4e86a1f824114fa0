"""The search space of optimizer update rules (Neural Optimizer Search), each tried with several learning rates."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec
import numpy as np

from components.records.results import Variant
from components.records.search import Multiplier, PositiveFloat, Section
from components.search_spaces.networks.costs import network_costs
from components.search_spaces.networks.table import network_ops
from components.search_spaces.space import Box, Categorical, Change
from components.search_spaces.update_rule import formula, screen
from components.search_spaces.update_rule.costs import SLOT_LAYER, own_costs, rule_counts, total_costs
from components.search_spaces.update_rule.encoding import SIZE, Grammar
from components.search_spaces.update_rule.known import KNOWN
from components.search_spaces.update_rule.primitives import OPERANDS, decay
from components.search_spaces.update_rule.sampling import MUTATION_KINDS, Sampler
from components.search_spaces.update_rule.simplification import canonical
from components.search_spaces.update_rule.spec import MAX_GROUPS, RuleBehaviour, RuleSpec, used_operands

NetworkName = Literal[
    "convnet", "mlp", "text_rnn",
    "preact_resnet", "mobilenet_v2", "efficientnet", "mobilenet_v2_full", "efficientnet_b0", "preact_resnet50",
]  # fmt: skip
OperandName = Literal[
    "g", "g^2", "g^3", "m", "v", "gamma", "sign(g)", "sign(m)", "1", "2", "noise",
    "1e-4w", "1e-3w", "1e-2w", "1e-1w", "adam", "rmsprop",
]  # fmt: skip
DecayName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(ld|noise_t|cd|(cd|rd)_([1-9][0-9]{0,2}|1000))\Z",
        description="`ld`, `cd`, `cd_N`, `rd_N` or `noise_t`, N in [1, 1000]",
    ),
]
DELIVERED_STEPS = 10_000  # of a training that isn't known yet
NO_GRADIENT = "[never uses the gradient]"


class UpdateRuleSettings(Section, frozen=True, kw_only=True):
    """Settings of the space `update_rule`.

    Fields:
        groups: groups of five tokens in a rule, [1, 4]; a policy may begin with fewer.
        operands: operands that are drawn, each once.
        decays: decays that are drawn as operands, each once: linear `ld`, cosine `cd` (half a period) and `cd_N` (N
            periods), restarted cosine `rd_N`, annealed noise `noise_t`.
        distinct_operands: whether the two operands of a group differ.
        reuse_results: whether a group after the first uses the result of an earlier one; else most groups are idle.
        final_not_add: whether the last binary function may not be an addition.
        behaviour: what tokens mean where the sources are silent.
        networks: where a rule is tried, cheapest first; each once. Those that layers are searched for have BN-ReLU.
        learning_rates: tried with each network in the probe, each once; the best goes on.
        width, depth: channel and layer multipliers of these networks, each in [0.1, 16].
    """

    groups: Annotated[int, msgspec.Meta(ge=1, le=MAX_GROUPS)] = 2
    operands: Annotated[tuple[OperandName, ...], msgspec.Meta(min_length=1)] = get_args(OperandName)
    decays: tuple[DecayName, ...] = ("ld", "cd", "rd_10", "rd_20", "noise_t")
    distinct_operands: bool = False
    reuse_results: bool = True
    final_not_add: bool = False
    behaviour: RuleBehaviour = RuleBehaviour()
    networks: Annotated[tuple[NetworkName, ...], msgspec.Meta(min_length=1)] = ("convnet",)
    learning_rates: Annotated[tuple[PositiveFloat, ...], msgspec.Meta(min_length=1, max_length=32)] = (
        1e-5,
        1e-4,
        1e-3,
        1e-2,
        1e-1,
        1.0,
        10.0,
    )
    width: Multiplier = 1.0
    depth: Multiplier = 1.0

    def __post_init__(self):
        for name in ("operands", "decays", "networks", "learning_rates"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"`{name}` must name each once. Received: {name}={list(values)}.")
        if self.distinct_operands and len(self.operands) + len(self.decays) < 2:
            raise ValueError(
                "`operands` must have two or more with `decays` where operands are distinct."
                f" Received: operands={list(self.operands)}."
            )
        if set(self.operands) <= {"1", "2"} and "noise_t" not in self.decays:
            raise ValueError(
                "`operands` must have one that depends on the gradient, the weights or noise, or `decays` `noise_t`."
                f" Received: operands={list(self.operands)}."
            )
        if len({f"{rate:.3e}" for rate in self.learning_rates}) < len(self.learning_rates):
            raise ValueError(
                "`learning_rates` must differ in their first 4 digits."
                f" Received: learning_rates={list(self.learning_rates)}."
            )


class UpdateRuleSpace:
    """Update rules; see `components.search_spaces.space.SearchSpace` for what each method promises."""

    name = "update_rule"
    mutation_kinds: tuple[str, ...] = MUTATION_KINDS
    known: Mapping[str, Any] = KNOWN
    independent = False
    continues_probe = False  # the found rate starts again, as published
    brings_optimizer = True
    largest = None
    layered = False

    def __init__(self, settings: UpdateRuleSettings):
        self.settings = settings
        self.networks: tuple[str, ...] = settings.networks
        self.lengths: tuple[int, ...] = tuple(SIZE * groups for groups in range(1, settings.groups + 1))
        self.grammar = Grammar(
            _alphabet(settings),
            settings.operands + settings.decays,
            settings.groups,
            settings.distinct_operands,
            settings.reuse_results,
            settings.final_not_add,
        )
        self._sampler = Sampler(self.grammar)
        self._absolute = settings.behaviour.power_base == "absolute"

    def sample(self, rng: np.random.Generator) -> RuleSpec:
        """Draws a rule of `groups` groups, each token uniformly from those that the grammar allows."""
        return self._sampler.sample(rng)

    def mutate(self, spec: RuleSpec, rng: np.random.Generator) -> tuple[RuleSpec, Change]:
        """Redraws one token under the grammar."""
        return self._sampler.mutate(spec, rng)

    def decisions(self) -> tuple[Categorical, ...]:
        """The five parts of each of 4 groups, which known rules need; drawn are those of `lengths`."""
        return self.grammar.decisions()

    def encode(self, spec: RuleSpec) -> np.ndarray:
        """Returns the decisions, `[20]`. Raises ValueError where an operand can't be encoded."""
        return self.grammar.encode(spec)

    def decode(self, encoded: np.ndarray) -> RuleSpec:
        """Returns the rule. Raises ValueError, naming the decision, where it is none."""
        return self.grammar.decode(encoded)

    def allowed(self, prefix: Sequence[int], length: int | None = None) -> np.ndarray:
        """Mask over the next decision's choices. Raises ValueError past the length."""
        return self.grammar.allowed(prefix, self.lengths[-1] if length is None else length)

    def to_json(self, spec: RuleSpec) -> list:
        """Returns `[[left, right, left_unary, right_unary, binary], ...]`."""
        return spec.to_json()

    def from_json(self, data: Any) -> RuleSpec:
        """Returns the rule. Raises ValueError, naming group and part, where it is none."""
        spec = RuleSpec.from_json(data)
        self.grammar.encode(spec)
        return spec

    def canonical(self, spec: RuleSpec) -> str:
        """Returns the id that rules of one normal form share."""
        return canonical(spec, self._absolute)

    def formula(self, spec: RuleSpec) -> str:
        """Returns the rule as a formula; one that doesn't depend on the gradient is marked so."""
        text = formula.formula(spec)
        return text if screen.uses_gradient(spec, self._absolute) else f"{text} {NO_GRADIENT}"

    def drawing(self, spec: RuleSpec) -> tuple[Box, ...]:
        """Returns all operands and functions as boxes."""
        return formula.drawing(spec)

    def static_screen(self, spec: RuleSpec) -> str | None:
        """Returns `constant` or None."""
        return screen.static_screen(spec, self._absolute)

    def numerical_screen(self, spec: RuleSpec, rng: np.random.Generator) -> str | None:
        """Returns `non_finite`, `exploding`, `vanishing`, or None."""
        rates = self.settings.learning_rates
        return screen.numerical_screen(spec, rng, self.settings.behaviour, min(rates), max(rates))

    def variants(self) -> tuple[Variant, ...]:
        """Returns one trial for each network and learning rate."""
        return tuple(
            Variant(
                name=f"{network}-{_rate_name(rate)}",
                network=network,
                width=self.settings.width,
                depth=self.settings.depth,
                learning_rate=rate,
            )
            for network in self.networks
            for rate in self.settings.learning_rates
        )

    def costs(
        self, encoded: np.ndarray, variant: Variant, input_shape: Sequence[int], classes: int
    ) -> dict[str, np.ndarray]:
        """Returns the network's costs, and `update_operations` and `slot_bytes` of rules `[n, decisions]`.

        Raises:
            ValueError: where rows aren't what the network takes.
        """
        network = own_costs(network_costs(network_ops(variant, input_shape, classes)))
        return total_costs(network, rule_counts(self.grammar.specs(encoded), self._absolute))

    def build(self, spec: RuleSpec, variant: Variant, input_shape: Sequence[int], classes: int) -> Any:
        """Returns the network as `keras.Model`, the same for every rule. Raises ValueError where rows don't fit it."""
        from components.search_spaces.networks.build import build_network
        from components.search_spaces.norm_act_layer.build import NormActLayer

        return build_network(network_ops(variant, input_shape, classes), lambda: NormActLayer.known(SLOT_LAYER))

    def shared_network(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> Any:
        """Raises TypeError: rules share no weights."""
        raise TypeError(f"`variant` must be of a space whose designs share weights. Received: one of {self.name}.")

    def layers(self, variant: Variant, input_shape: Sequence[int], outputs: int) -> None:
        """Returns None: a rule changes no layer of the networks that it trains."""

    def optimizer(self, spec: RuleSpec, learning_rate: float, total_steps: int) -> Any:
        """Returns the rule as `keras.optimizers.Optimizer`."""
        from components.search_spaces.update_rule.build import UpdateRule

        return UpdateRule(spec, learning_rate, total_steps, self.settings.behaviour, fused=True)

    def parts(self, spec: RuleSpec) -> Mapping[str, Any]:
        """Returns the `optimizer`; set its `learning_rate`, and `total_steps` where the rule has decays, to yours."""
        from components.search_spaces.update_rule.build import UpdateRule

        return {"optimizer": UpdateRule(spec, total_steps=DELIVERED_STEPS, behaviour=self.settings.behaviour, seed=0)}


def _rate_name(rate: float) -> str:
    short = f"{rate:.0e}"
    return (short if float(short) == rate else f"{rate:.3e}").replace("+", "")


def _alphabet(settings: UpdateRuleSettings) -> tuple[str, ...]:
    """All operands, and the decays that are drawn or that a known rule has: known rules can always be encoded."""
    known = [token for spec in KNOWN.values() for token in used_operands(spec) if decay(token)]
    return tuple(dict.fromkeys([*OPERANDS, *settings.decays, *known]))
