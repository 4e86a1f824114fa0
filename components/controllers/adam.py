"""Adam over named arrays, in NumPy.

Source: Kingma & Ba 2015 (arXiv 1412.6980), section 2's last paragraph; epsilon stands as in `keras.optimizers.Adam`.
"""

from collections.abc import Mapping

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
Arrays = Mapping[str, np.ndarray]


def adam_step(
    weights: Arrays,
    gradients: Arrays,
    first: Arrays,
    second: Arrays,
    step: int | np.ndarray,
    learning_rate: float,
    *,
    beta_1: float = BETA_1,
    beta_2: float = BETA_2,
    epsilon: float = EPSILON,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Returns the weights, first and second moments after a step; the arguments stay as they are.

    Args:
        weights: by name.
        gradients: of the loss, by the weights' names.
        first, second: moments before the step, by the weights' names; zeros before the first one.
        step: number of this step, from 1; of arrays that are many runs side by side, each run's own.
        learning_rate: step size, > 0.
        beta_1, beta_2: decays of the moments, [0, 1).
        epsilon: added to the root of the second moment, > 0.
    """
    rate = learning_rate * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
    new_weights, new_first, new_second = {}, {}, {}
    for name, gradient in gradients.items():
        new_first[name] = first[name] + (gradient - first[name]) * (1 - beta_1)
        new_second[name] = second[name] + (gradient**2 - second[name]) * (1 - beta_2)
        new_weights[name] = weights[name] - rate * new_first[name] / (np.sqrt(new_second[name]) + epsilon)
    return new_weights, new_first, new_second
