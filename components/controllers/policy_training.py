"""Steps of Adam on a policy's loss over one batch of rules."""

from collections.abc import Iterable

from components.controllers.adam import adam_step
from components.controllers.policy_gradient import Algorithm, Batch, policy_loss
from components.controllers.policy_state import Learner
from components.controllers.token_network import NetworkWeights, backward, forward


def policy_gradient(
    weights: NetworkWeights, batch: Batch, algorithm: Algorithm, *, entropy: float, clip: float
) -> tuple[float, NetworkWeights]:
    """Returns the loss of `policy_loss` and its gradients by the network's weights."""
    logits, trace = forward(weights, batch.tokens)
    loss, slopes = policy_loss(logits, batch, algorithm, entropy=entropy, clip=clip)
    return loss, backward(weights, trace, slopes)


def descend(
    learner: Learner,
    batch: Batch,
    algorithm: Algorithm,
    *,
    entropy: float,
    clip: float,
    learning_rate: float,
    steps: Iterable[int],
) -> Learner:
    """Returns the learner after some steps of Adam on one batch.

    Args:
        learner: with weights and moments; what waits in it stays as it is.
        batch: the rules.
        algorithm, entropy, clip: of the loss.
        learning_rate: of Adam.
        steps: the numbers of Adam's steps, ascending, the learner's first ever being 1.
    """
    weights, first, second = learner.weights, learner.first, learner.second
    for step in steps:
        _, gradients = policy_gradient(weights, batch, algorithm, entropy=entropy, clip=clip)
        arrays = adam_step(
            weights._asdict(), gradients._asdict(), first._asdict(), second._asdict(), step, learning_rate
        )
        weights, first, second = (NetworkWeights(**one) for one in arrays)
    return learner._replace(weights=weights, first=first, second=second)
