"""The losses of a policy over decisions, REINFORCE and PPO, and their derivatives by its logits.

Source: REINFORCE, Williams 1992; PPO's clipped objective, Schulman et al. 2017 (arXiv 1707.06347), equation 7; both for
a controller in Neural Optimizer Search (arXiv 1709.07417).
NOTE: the sources don't say whether PPO's ratio is a whole rule's or a decision's; here it is a decision's, and every
decision of a rule has the rule's advantage. Nor do they say whether the entropy is summed or averaged over a rule's
decisions; here it is summed, as the log-probabilities are.
"""

from typing import Literal, NamedTuple

import numpy as np

Algorithm = Literal["reinforce", "ppo"]


class Batch(NamedTuple):
    """Rules that a policy learns from.

    Fields:
        tokens: what was chosen, `[rows, steps]`; -1 after the end of a shorter row.
        masks: what was allowed, `[steps, rows, choices]`; nothing after the end.
        log_probabilities: of the choices, where the rules were sampled, `[rows, steps]`; 0 after the end.
        advantages: reward less baseline, `[rows]`.
    """

    tokens: np.ndarray
    masks: np.ndarray
    log_probabilities: np.ndarray
    advantages: np.ndarray


class Distribution(NamedTuple):
    """Probabilities and their logarithms, `[..., choices]` each; both are 0 for what isn't allowed."""

    probabilities: np.ndarray
    logarithms: np.ndarray


def masked_softmax(logits: np.ndarray, mask: np.ndarray) -> Distribution:
    """Returns the softmax over what is allowed; nothing where nothing is. Shapes: `[..., choices]`."""
    top = np.max(logits, axis=-1, keepdims=True, where=mask, initial=np.finfo(logits.dtype).min)
    weight = np.where(mask, np.exp(np.where(mask, logits - top, 0)), 0)
    total = weight.sum(axis=-1, keepdims=True)
    total = np.where(total > 0, total, 1)
    return Distribution(weight / total, np.where(mask, logits - top - np.log(total), 0))


def chosen_log_probabilities(logits: np.ndarray, masks: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Returns the log-probabilities of what was chosen, `[rows, steps]`; 0 after the end of a row.

    Args:
        logits, masks: `[steps, rows, choices]`.
        tokens: `[rows, steps]`, all of them allowed.
    """
    return _chosen(masked_softmax(logits, masks), tokens)


def policy_loss(
    logits: np.ndarray, batch: Batch, algorithm: Algorithm, *, entropy: float, clip: float
) -> tuple[float, np.ndarray]:
    """Returns the loss to minimise and its derivatives by the logits, `[steps, rows, choices]`.

    The loss is minus the mean over the rows of the sum over their decisions of objective plus `entropy` times the
    policy's entropy there. The objective of a decision is, with the row's advantage A, log p A in `reinforce`, and
    min(r A, clip(r, 1 - clip, 1 + clip) A) in `ppo`, where r is its probability over that of the sampling policy.

    Args:
        logits: of the policy now, `[steps, rows, choices]`.
        batch: the rules.
        algorithm: which objective.
        entropy: coefficient of the entropy, >= 0.
        clip: how far r may leave 1, > 0; `ppo` only.
    """
    policy = masked_softmax(logits, batch.masks)
    chosen = _chosen(policy, batch.tokens)
    used = batch.tokens >= 0
    advantages = np.where(used, batch.advantages[:, None], 0).astype(logits.dtype)
    if algorithm == "reinforce":
        objective, slope = chosen * advantages, advantages
    else:
        ratio = np.exp(chosen - batch.log_probabilities.astype(logits.dtype))
        objective = np.minimum(ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages)
        clipped = np.where(advantages > 0, ratio > 1 + clip, ratio < 1 - clip)
        slope = np.where(clipped, 0, ratio * advantages)
    entropies = -(policy.probabilities * policy.logarithms).sum(axis=-1)  # [steps, rows]
    rows, choices = len(batch.tokens), np.arange(logits.shape[-1])
    one_hot = choices == batch.tokens.T[..., None]
    by_logits = slope.T[..., None] * (one_hot - policy.probabilities)
    by_logits -= entropy * policy.probabilities * (policy.logarithms + entropies[..., None])
    loss = -(float(objective.sum()) + entropy * float(entropies.sum())) / rows
    return loss, np.where(batch.masks, -by_logits / rows, 0).astype(logits.dtype)


def _chosen(policy: Distribution, tokens: np.ndarray) -> np.ndarray:
    index = np.maximum(tokens.T, 0)[..., None]
    return np.where(tokens >= 0, np.take_along_axis(policy.logarithms, index, axis=-1)[..., 0].T, 0)
