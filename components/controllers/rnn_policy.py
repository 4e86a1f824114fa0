"""A learned controller: a recurrent policy over a space's decisions, trained by policy gradients.

Source: Neural Optimizer Search (arXiv 1709.07417), section on the controller: an RNN samples one token a step; a batch
of rules is scored, and REINFORCE or PPO raises the expected reward, with a moving average of rewards as baseline.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from components.controllers.controller import EncodedState, Proposal
from components.controllers.discrete_decisions import DiscreteDecisions
from components.controllers.policy_gradient import Algorithm, Batch, chosen_log_probabilities
from components.controllers.policy_state import Learner, PolicyProgress, PolicyState, pack, unpack
from components.controllers.policy_training import descend
from components.controllers.token_network import forward, initial_weights
from components.records.results import ScoredCandidate
from components.records.search import PositiveFloat, Section
from components.search_spaces.space import SearchSpace

Size = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Transform = Literal["identity", "square", "cube", "root"]


class RnnSettings(Section, frozen=True, kw_only=True):
    """Settings of the recurrent policy.

    Fields:
        algorithm: `ppo` (clipped) or `reinforce`.
        learning_rate: of Adam, > 0. The published 1e-5 needs far more than 1000 candidates. In batches of 5, `ppo`
            learns within 1000 at 1e-4, within 500 at 3e-4, within 200 at 1e-3 to 5e-3; `reinforce` within 1000 at 3e-4,
            within 500 at 1e-3, within 200 at 5e-3.
        batch: judged candidates of an update, [1, 1000]; those that a round leaves over wait for the next one. A round
            of more than one batch makes several updates from candidates that were drawn before the first of them.
        entropy: coefficient of the policy's entropy, [0, 10]; more keeps it exploring. A policy that draws nothing but
            what was tried ends the search, as nothing new can be proposed.
        learns_from: `quality`, the mean validation accuracy, or `reward`, the weighted product of `$.scoring`.
        transform: what is learnt from is this of it: `identity`, `square`, `cube` or `root`.
        rejected: what a rejected candidate counts as, before the transform, [0, 1]; null teaches nothing.
        baseline_decay: of the moving average of rewards, for each candidate, [0, 1).
        clip: how far PPO's ratio of probabilities may leave 1, (0, 1).
        epochs: steps of Adam on each batch in PPO, [1, 100]; REINFORCE takes one.
        lengths_after: judged candidates after which the space's next longer length comes into force, ascending; the
            last entry brings the longest. Empty: the longest from the start. A length is drawn exactly.
        units: hidden size of the LSTM, [1, 1024].
        embedding: size of a choice's embedding, [1, 1024].
    """

    algorithm: Algorithm = "ppo"
    learning_rate: PositiveFloat = 1e-5
    batch: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    entropy: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0015
    learns_from: Literal["quality", "reward"] = "quality"
    transform: Transform = "identity"
    rejected: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = 0.0
    baseline_decay: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.95
    clip: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    epochs: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    lengths_after: tuple[Annotated[int, msgspec.Meta(ge=1, le=100_000_000)], ...] = ()
    units: Size = 150
    embedding: Size = 32

    def __post_init__(self):
        if list(self.lengths_after) != sorted(set(self.lengths_after)):
            raise ValueError(f"`lengths_after` must be ascending. Received: lengths_after={list(self.lengths_after)}.")


class RnnPolicy:
    """The recurrent policy over any space of discrete decisions.

    Every judged candidate teaches: a scored one its reward, a rejected one `rejected`; one that time cut off nothing.

    NOTE: what the screens before building drop is drawn again, and so is what was tried before; neither teaches. So
    candidates are drawn from p(y) / P(V) over the set V of what passes, and the update follows the gradient of
    log p(y), not of log p(y) / P(V). In expectation that adds (E_V[R] - baseline) times the gradient of log P(V) to the
    gradient of E_V[R]: nothing while the baseline keeps up with the mean reward; mass moves into V while rewards rise
    faster, and out of it while they fall.

    NOTE: all batches of a round were drawn before its first update, and those left over even earlier. PPO's ratio
    accounts for that, while `reinforce` takes each batch as if the policy had just drawn it. How far off that is: at
    the last of the 4 batches of a round, the probability of a rule over that when it was drawn was 0.98 to 1.02 at a
    learning rate of 1e-3, and from below 0.05 to above 3 at 5e-3. Rounds of one batch have none of it.

    NOTE: the source has a moving average of rewards as baseline and doesn't say how it begins: here at the mean of the
    first batch.

    Raises:
        ValueError: the space has decisions that aren't discrete, or fewer lengths than `lengths_after` asks for.
    """

    name = "rnn"

    def __init__(self, settings: RnnSettings, space: SearchSpace):
        self._settings = settings
        self._decisions = DiscreteDecisions(space)
        longer = len(self._decisions.lengths) - 1
        if len(settings.lengths_after) not in (0, *range(1, longer + 1)):
            raise ValueError(
                f"`lengths_after` must have at most {longer} entries, as the space has {longer + 1} lengths."
                f" Received: lengths_after={list(settings.lengths_after)}."
            )

    def initial(self, rng: np.random.Generator) -> PolicyState:
        """Draws the weights."""
        sizes = self._decisions.decisions, self._decisions.choices, self._settings.embedding, self._settings.units
        return PolicyState(PolicyProgress(), pack(Learner.new(initial_weights(*sizes, rng))))

    def update(self, state: PolicyState, scored: Sequence[ScoredCandidate]) -> PolicyState:
        """Learns from each full batch of judged candidates, in order, beginning with those left over before.

        A candidate's sampling probability is that under `state`, from which its round was proposed.
        """
        judged = [one for one in scored if one.role == "searched" and one.reason != "time_up"]
        if not judged:
            return state
        progress, learner = state.progress, unpack(state.tensors)
        with threadpool_limits(limits=1, user_api="blas"):
            learner = self._with_lessons(learner, list(self._lessons(judged)))
            while len(learner.rewards) >= self._settings.batch:
                progress, learner = self._learn(progress, learner)
        progress = msgspec.structs.replace(progress, judged=progress.judged + len(judged))
        return PolicyState(progress, pack(learner))

    def propose(self, state: PolicyState, rng: np.random.Generator, instead_of: Proposal | None = None) -> Proposal:
        """Draws a design from the policy."""
        return self.propose_several(state, rng, 1)[0]

    def propose_several(
        self, state: PolicyState, rng: np.random.Generator, count: int, instead_of: Proposal | None = None
    ) -> list[Proposal]:
        """Draws `count` designs from the policy at once."""
        with threadpool_limits(limits=1, user_api="blas"):
            tokens = self._decisions.sample(unpack(state.tensors).weights, self.length(state), count, rng)
        return [Proposal(self._decisions.spec(row), "policy") for row in tokens]

    def encode_state(self, state: PolicyState) -> EncodedState:
        """Counts and baseline as JSON data; weights, moments and left-over candidates as safetensors.

        The JSON part follows from the scores alone by exact arithmetic, so any machine computes the same.
        """
        return EncodedState(msgspec.to_builtins(state.progress), state.tensors)

    def decode_state(self, data: Any, tensors: bytes | None = None) -> PolicyState:
        """The state of its two parts. Raises ValueError where they are none of this controller's."""
        progress = msgspec.convert(data, PolicyProgress)
        if tensors is None:
            raise ValueError("`tensors` must be the policy's weights. Received: tensors=None.")
        weights = unpack(tensors).weights
        sizes = self._decisions.decisions, self._decisions.choices, self._settings.embedding, self._settings.units
        wanted = [array.shape for array in initial_weights(*sizes, np.random.default_rng(0))]
        if [array.shape for array in weights] != wanted:
            raise ValueError(f"`tensors` must have shapes {wanted}. Received: {[array.shape for array in weights]}.")
        return PolicyState(progress, tensors)

    def length(self, state: PolicyState) -> int:
        """How many decisions a design that is proposed from a state has."""
        waiting = sum(state.progress.judged < after for after in self._settings.lengths_after)
        return self._decisions.lengths[-1 - waiting]

    def probability(self, state: PolicyState, spec: Any) -> float:
        """The probability with which the policy draws the encoding of a spec, given as JSON data; 0 where it can't."""
        tokens = self._decisions.tokens(spec)
        if tokens is None or int((tokens >= 0).sum()) != self.length(state):
            return 0.0
        logits, _ = forward(unpack(state.tensors).weights, tokens[None])
        return float(np.exp(chosen_log_probabilities(logits, self._decisions.masks(tokens[None]), tokens[None]).sum()))

    def _lessons(self, judged: Sequence[ScoredCandidate]) -> Iterator[tuple[np.ndarray, float]]:
        """Tokens and rewards of what the policy could have drawn; published designs may be of another length."""
        for one in judged:
            reward = self._reward(one)
            tokens = None if reward is None else self._decisions.tokens(one.spec)
            if tokens is not None and reward is not None:
                yield tokens, reward

    def _reward(self, one: ScoredCandidate) -> float | None:
        if one.reason is not None:
            value = self._settings.rejected
        elif self._settings.learns_from == "quality":
            value = sum(one.fitness) / len(one.fitness)
        elif one.reward is None:
            raise ValueError(f"`reward` must be there where `learns_from` is reward. Received: None for {one.id!r}.")
        else:
            value = one.reward
        return None if value is None else transformed(value, self._settings.transform)

    def _with_lessons(self, learner: Learner, lessons: list[tuple[np.ndarray, float]]) -> Learner:
        if not lessons:
            return learner
        tokens = np.stack([one for one, _ in lessons])
        logits, _ = forward(learner.weights, tokens)
        log_probabilities = chosen_log_probabilities(logits, self._decisions.masks(tokens), tokens)
        return learner._replace(
            tokens=np.concatenate([learner.tokens.reshape(-1, self._decisions.decisions), tokens]),
            log_probabilities=np.concatenate(
                [learner.log_probabilities.reshape(-1, self._decisions.decisions), log_probabilities]
            ),
            rewards=np.concatenate([learner.rewards, [reward for _, reward in lessons]]),
        )

    def _learn(self, progress: PolicyProgress, learner: Learner) -> tuple[PolicyProgress, Learner]:
        """One update on the oldest batch."""
        chosen, settings = self._settings.batch, self._settings
        rewards = learner.rewards[:chosen].tolist()
        baseline = sum(rewards) / chosen if progress.baseline is None else progress.baseline
        tokens = learner.tokens[:chosen]
        batch = Batch(
            tokens,
            self._decisions.masks(tokens),
            learner.log_probabilities[:chosen],
            np.array([reward - baseline for reward in rewards]),
        )
        epochs = settings.epochs if settings.algorithm == "ppo" else 1
        learner = descend(
            learner,
            batch,
            settings.algorithm,
            entropy=settings.entropy,
            clip=settings.clip,
            learning_rate=settings.learning_rate,
            steps=range(progress.adam_steps + 1, progress.adam_steps + epochs + 1),
        )
        for reward in rewards:
            baseline += (1 - settings.baseline_decay) * (reward - baseline)
        left = learner._replace(
            tokens=learner.tokens[chosen:],
            log_probabilities=learner.log_probabilities[chosen:],
            rewards=learner.rewards[chosen:],
        )
        return (
            msgspec.structs.replace(
                progress, updates=progress.updates + 1, adam_steps=progress.adam_steps + epochs, baseline=baseline
            ),
            left,
        )


def transformed(reward: float, transform: Transform) -> float:
    """Returns R, R^2, R^3 or sqrt(R), exact to the last bit on any machine.

    Args:
        reward: R, >= 0.
        transform: which.
    """
    if transform == "root":
        return float(np.sqrt(reward))
    return {"identity": reward, "square": reward * reward, "cube": reward * reward * reward}[transform]
