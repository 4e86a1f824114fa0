"""What a trial's accuracy is: that of its last step, or the mean or best of those at the ends of its last epochs."""

from collections.abc import Sequence

from components.records.search import Training


def evaluated_steps(training: Training, train_rows: int, first_step: int, last_step: int) -> tuple[int, ...]:
    """Returns the numbers of steps after which a trial of the steps in [first_step, last_step) is evaluated, ascending.

    The last of them is last_step; those of `mean` and `best` lie whole epochs of ceil(train_rows / batch_size) steps
    before it, and none before the trial began.

    Args:
        training: batch size, `accuracy`, `last_epochs`.
        train_rows: rows to train on.
        first_step, last_step: steps of the trial.
    """
    if training.accuracy == "final":
        return (last_step,)
    epoch = -(-train_rows // training.batch_size)
    earliest = max(last_step - (training.last_epochs - 1) * epoch, first_step + 1)
    return tuple(range(last_step, earliest - 1, -epoch))[::-1]


def trial_accuracy(training: Training, accuracies: Sequence[float]) -> float:
    """Returns a trial's accuracy from those at its evaluated steps, of which there is at least one."""
    if training.accuracy == "mean":
        return sum(accuracies) / len(accuracies)
    return max(accuracies) if training.accuracy == "best" else accuracies[-1]
