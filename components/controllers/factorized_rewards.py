"""Rewards that put a design's cost into one number with its quality: the rivals of rejection.

Source: MnasNet (arXiv 1807.11626) for the two products; TuNAS (arXiv 2008.06120) for the absolute reward.
NOTE: the one-sided reward is compared with in TabNAS (arXiv 2204.07615) in a form that isn't confirmed.
"""

from typing import Literal

import numpy as np

Reward = Literal["rejection", "mnasnet", "mnasnet_hard", "absolute", "one_sided"]


def shaped_reward(reward: Reward, quality: np.ndarray, ratio: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """Returns the rewards of designs; all arguments broadcast.

    With Q the quality, r the ratio and w the weight: `mnasnet` Q r^w; `mnasnet_hard` Q min(1, r^w); `absolute`
    Q + w |r - 1|; `one_sided` Q + w max(0, r - 1); `rejection` Q, as it needs none.

    Args:
        reward: which.
        quality: Q; where it is below 0 the products reward a high cost.
        ratio: T / T0, cost over limit, > 0.
        weight: w, <= 0.
    """
    if reward == "mnasnet":
        return quality * ratio**weight
    if reward == "mnasnet_hard":
        return quality * np.minimum(ratio**weight, 1)
    if reward == "absolute":
        return quality + weight * np.abs(ratio - 1)
    if reward == "one_sided":
        return quality + weight * np.maximum(ratio - 1, 0)
    return np.asarray(quality)
