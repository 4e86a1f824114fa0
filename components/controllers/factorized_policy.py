"""A factorized policy under hard limits: independent logits, REINFORCE, and rejection with a corrected gradient.

Source: TabNAS (arXiv 2204.07615), algorithms 1 and 2; TuNAS (arXiv 2008.06120) for the rivals' rewards.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from components.controllers.adam import adam_step
from components.controllers.controller import EncodedState, Proposal
from components.controllers.factorized_distribution import Designs, FactorizedDistribution
from components.controllers.factorized_feasible import FeasibleSet, log_sum
from components.controllers.factorized_rewards import Reward, shaped_reward
from components.controllers.factorized_state import FactorizedState, pack, unpack
from components.controllers.limits import CostLimits
from components.records.results import Record, ScoredCandidate
from components.records.search import PositiveFloat, Section
from components.search_spaces.space import SearchSpace

Decay = Annotated[float, msgspec.Meta(ge=0, lt=1)]
EPSILON = 1e-8  # of Adam, as in the published toy example
RANKED_UP_TO = 10_000_000  # designs of a space that are put into the exact order of their probability
RANKING_DRAWS = 100  # blocks of `samples` draws in which the most probable designs of larger spaces are looked for
RANKING_MASKED_DRAWS = 4  # the same under a grammar, whose draws are slow
RANKING = 1  # purpose of those draws, part of their seed


class FactorizedSettings(Section, frozen=True, kw_only=True):
    """Settings of the factorized policy.

    Fields:
        reward: `rejection` learns from the quality alone, and from designs within `$.rejection.size` alone; its rivals
            learn from all, from a reward of quality Q and cost over limit r (the largest over the limits):
            `mnasnet` Q r^w, `mnasnet_hard` Q min(1, r^w), `absolute` Q + w |r - 1|, `one_sided` Q + w max(0, r - 1).
            No candidate is over a limit under any of them. Without limits r is 1.
        weight: w, [-100, 0]; not used by `rejection`.
        corrected: whether `rejection` follows the gradient of log(P(y) / P(V)) of a design y among those within the
            limits, V; else that of log P(y).
        samples: designs from which P(V) is estimated, [1, 1000000].
        enumerate_up_to: designs of a space up to which P(V) is exact, [0, 1000000].
        learning_rate: of Adam, > 0. 0.05 settles within some hundred candidates, or some thousand steps where a tenth
            of the designs is within the limits; the published toy example has 0.1.
        beta_1, beta_2: decays of Adam's moments, [0, 1).
        baseline_decay: of the moving average of rewards, [0, 1).
        rejected: the quality that a candidate counts as that a screening rejected for anything but its size, [0, 1];
            null teaches nothing.
    """

    reward: Reward = "rejection"
    weight: Annotated[float, msgspec.Meta(ge=-100, le=0)] = -1.0
    corrected: bool = True
    samples: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 3072
    enumerate_up_to: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10_000
    learning_rate: PositiveFloat = 0.05
    beta_1: Decay = 0.9
    beta_2: Decay = 0.999
    baseline_decay: Decay = 0.9
    rejected: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = 0.0


class FactorizedProgress(Record, frozen=True, kw_only=True):
    """What a plan says of the policy: how many searched candidates were scored or rejected before it."""

    judged: int = 0


class FactorizedPolicy:
    """The factorized policy over a space of discrete decisions.

    One step learns from one design y and its quality: reward = quality for `rejection`; the moving average takes the
    reward in, then the advantage is the reward less it (so the first one is 0); Adam ascends along the advantage times
    the gradient of log(P(y) / P(V)), or of log P(y) for the rivals. Under `rejection`, a design over a limit, and one
    for which no drawn design is within the limits, leave logits, moments and moving average as they are; both are
    counted.

    In rounds every judged candidate is a step, in order: a scored one with its mean fitness, a rejected one with
    `rejected`, one that time cut off none. Only designs within the limits are proposed, whatever the reward.

    NOTE: the sources sample in training steps; here rounds of candidates that are trained alone teach too. What was
    tried before, or is screened for another reason than its size, is drawn again and corrected by nothing.
    NOTE: the final choice of the source is among some hundred draws; here the most probable designs within the limits,
    in exact order for up to 10 million designs.

    Args:
        settings: of it.
        space: that it drives.
        limits: on designs; None lets all of them in.

    Raises:
        ValueError: the space has decisions that aren't discrete.
    """

    name = "factorized"

    def __init__(self, settings: FactorizedSettings, space: SearchSpace, limits: CostLimits | None = None):
        self._settings = settings
        self._space = space
        self._distribution = FactorizedDistribution(space)
        self._set = FeasibleSet(self._distribution, limits, settings.samples, settings.enumerate_up_to)

    def initial(self, rng: np.random.Generator) -> FactorizedState:
        """Uniform: all logits are 0."""
        zeros = np.zeros(self._distribution.shape)
        return FactorizedState(zeros, zeros, zeros, seed=int(rng.integers(2**32)))

    def update(self, state: FactorizedState, scored: Sequence[ScoredCandidate]) -> FactorizedState:
        """Takes one step for each judged candidate, in order."""
        for one in scored:
            if one.role != "searched" or one.reason == "time_up":
                continue
            rng = np.random.default_rng([state.seed, 0, state.judged])
            state = state._replace(judged=state.judged + 1)
            quality = sum(one.fitness) / len(one.fitness) if one.reason is None else self._settings.rejected
            designs = None if quality is None else self._distribution.design(one.spec)
            if quality is not None and designs is not None:
                state = self._step(state, designs, quality, rng)
        return state

    def learn(
        self,
        state: FactorizedState,
        encoded: np.ndarray,
        quality: float,
        rng: np.random.Generator,
        passed_over: int = 0,
    ) -> FactorizedState:
        """Returns the state after one step.

        Args:
            state: before it; stays as it is.
            encoded: the design, `[decisions]`, one that `draw` may give.
            quality: how good it is, such as 1 - loss; the higher, the better.
            rng: source of the estimate's draws.
            passed_over: designs over a limit that were drawn before it, to be counted.

        Raises:
            ValueError: `quality` is not finite.
        """
        if not np.isfinite(quality):
            raise ValueError(f"`quality` must be finite. Received: quality={quality}.")
        state = state._replace(infeasible=state.infeasible + passed_over)
        return self._step(state, self._distribution.designs(np.asarray(encoded)[None]), float(quality), rng)

    def draw(self, state: FactorizedState, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draws encodings from P, `[count, decisions]` int64; nothing is rejected."""
        return self._distribution.encoded(self._distribution.draw(state.logits, count, rng))

    def feasible(self, encoded: np.ndarray) -> np.ndarray:
        """Whether encodings `[n, decisions]` are designs within the limits, bool `[n]`."""
        inside = self._distribution.is_design(encoded)
        if inside.any():
            inside[inside] = self._set.within(self._distribution.designs(np.asarray(encoded)[inside]))
        return inside

    def judges(self, encoded: np.ndarray) -> np.ndarray:
        """Whether `learn` looks at the quality of designs `[n, decisions]`, bool `[n]`; else that teaches nothing."""
        return self.feasible(encoded) if self._settings.reward == "rejection" else np.ones(len(encoded), bool)

    def most_probable(self, state: FactorizedState, count: int) -> list[tuple[np.ndarray, float]]:
        """Returns the most probable designs within the limits, the most probable first.

        Exactly those for up to 10 million designs without a grammar, or where the space is enumerated; else the most
        probable among 100 times `samples` draws, 4 times under a grammar. Equal ones stand in the order of their
        encodings.

        Args:
            state: the policy.
            count: how many; fewer where there are fewer.

        Returns:
            Each encoding, `[decisions]`, with log(P(y) / P(V)), <= 0; P(V) may be an estimate.
        """
        found: list[np.ndarray] = []
        logarithms: list[float] = []
        for block in self._ranked(state):
            inside = block.rows(np.flatnonzero(self._set.within(block))[: count - len(found)])
            found += list(self._distribution.encoded(inside))
            logarithms += self._distribution.log_probabilities(state.logits, inside).tolist()
            if len(found) >= count:
                break
        mass = self._set.log_mass(state.logits, np.random.default_rng([state.seed, RANKING, 0]))
        mass = max(mass, log_sum(np.array(logarithms)))  # an estimate may miss what was found
        return [(row, min(one - mass, 0.0)) for row, one in zip(found, logarithms, strict=True)]

    def log_mass(self, state: FactorizedState) -> float:
        """Returns log P(V), exact or estimated from `samples` draws; -inf where none of them is within the limits."""
        return self._set.log_mass(state.logits, np.random.default_rng([state.seed, RANKING, 0]))

    def counts(self, state: FactorizedState) -> dict[str, int]:
        """How many steps taught something, how many drawn designs were over a limit, and what else taught nothing."""
        return {"learnt": state.updates, "infeasible": state.infeasible, "unsampled": state.unsampled}

    def propose(self, state: FactorizedState, rng: np.random.Generator, instead_of: Proposal | None = None) -> Proposal:
        """Draws a design within the limits."""
        return self.propose_several(state, rng, 1)[0]

    def propose_several(
        self, state: FactorizedState, rng: np.random.Generator, count: int, instead_of: Proposal | None = None
    ) -> list[Proposal]:
        """Draws `count` designs within the limits; each says how many were drawn before it that aren't."""
        designs, over = self._set.draw(state.logits, count, rng)
        rows = self._distribution.encoded(designs)
        return [
            Proposal(self._space.decode(row), "policy", over_limit=before)
            for row, before in zip(rows, over.tolist(), strict=True)
        ]

    def encode_state(self, state: FactorizedState) -> EncodedState:
        """What was judged as JSON data; everything as safetensors."""
        return EncodedState(msgspec.to_builtins(FactorizedProgress(judged=state.judged)), pack(state))

    def decode_state(self, data: Any, tensors: bytes | None = None) -> FactorizedState:
        """The state of its two parts. Raises ValueError where they are none of this controller's."""
        progress = msgspec.convert(data, FactorizedProgress)
        if tensors is None:
            raise ValueError("`tensors` must be the policy's arrays. Received: tensors=None.")
        state = unpack(tensors, self._distribution.shape)
        if state.judged != progress.judged:
            raise ValueError(f"`tensors` must be of {progress.judged} candidates. Received: of {state.judged}.")
        return state

    def _step(
        self, state: FactorizedState, designs: Designs, quality: float, rng: np.random.Generator
    ) -> FactorizedState:
        settings = self._settings
        gradient = self._distribution.mean_score(state.logits, designs)
        if settings.reward == "rejection":
            if not self._set.within(designs)[0]:
                return state._replace(infeasible=state.infeasible + 1)
            correction = self._set.mean_score(state.logits, rng) if settings.corrected else np.zeros_like(gradient)
            if correction is None:
                return state._replace(unsampled=state.unsampled + 1)
            gradient = gradient - correction
        ratio = self._set.ratio(designs) if settings.reward != "rejection" else np.ones(1)
        reward = float(shaped_reward(settings.reward, np.array([quality]), ratio, settings.weight)[0])
        return self._ascend(state, gradient, reward)

    def _ascend(self, state: FactorizedState, gradient: np.ndarray, reward: float) -> FactorizedState:
        settings = self._settings
        kept, taken = settings.baseline_decay, 1 - settings.baseline_decay
        state = state._replace(
            baseline_sum=kept * state.baseline_sum + taken * reward,
            baseline_weight=kept * state.baseline_weight + taken,
            updates=state.updates + 1,
        )
        advantage = reward - state.baseline_sum / state.baseline_weight
        logits, first, second = adam_step(
            {"logits": state.logits},
            {"logits": -advantage * gradient},
            {"logits": state.first},
            {"logits": state.second},
            state.updates,
            settings.learning_rate,
            beta_1=settings.beta_1,
            beta_2=settings.beta_2,
            epsilon=EPSILON,
        )
        return state._replace(logits=logits["logits"], first=first["logits"], second=second["logits"])

    def _ranked(self, state: FactorizedState) -> Iterator[Designs]:
        """Blocks of designs, the most probable first."""
        distribution, block = self._distribution, self._settings.samples
        order = distribution.by_probability(state.logits, RANKED_UP_TO)
        if order is not None:
            for start in range(0, len(order), block):
                yield distribution.numbered(order[start : start + block])
            return
        every = distribution.every(self._settings.enumerate_up_to)
        if every is None:
            rng = np.random.default_rng([state.seed, RANKING, 1])
            blocks = RANKING_DRAWS if distribution.independent else RANKING_MASKED_DRAWS
            drawn = [distribution.draw(state.logits, block, rng).tokens for _ in range(blocks)]
            every = distribution.of_tokens(np.unique(np.concatenate(drawn), axis=0))
        yield every.rows(np.argsort(-distribution.log_probabilities(state.logits, every), kind="stable"))
