"""What a training step lowers: the mean loss of a batch; the dtype of its labels says whether they are classes."""

from typing import Any

from components.training.runtime import prepare_tensorflow


def mean_loss(y: Any, outputs: Any) -> Any:
    """Returns the mean loss of a batch, a scalar float32 tensor; it may be traced, and gradients flow to `outputs`.

    Args:
        y: labels `[batch]`, a tensor or an array. Integers are classes in [0, classes); floating ones are standardised
            regression targets.
        outputs: the model's, `[batch, classes]` logits, or `[batch, 1]` for regression.

    Returns:
        The cross-entropy of the logits in nats, or half the mean squared error of `outputs[:, 0]`: the negative
        log-likelihood of targets of deviation 1 around it, without its constant.
    """
    tf = prepare_tensorflow()
    y = tf.convert_to_tensor(y)
    if y.dtype.is_floating:
        return tf.reduce_mean(tf.square(outputs[:, 0] - tf.cast(y, outputs.dtype))) / 2
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=outputs))
