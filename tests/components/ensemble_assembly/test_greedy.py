"""Greedy selection against building every ensemble in full."""

import numpy as np
import pytest

from components.ensemble_assembly.greedy import greedy_selection, greedy_selection_of_numbers
from tests.oracles import greedy as oracle

LABELS = np.array([0, 0, 0, 0])


def of_label(*rows):
    """Models that give the label (always class 0) these probabilities, `[models, rows, 2]`."""
    first = np.array(rows)
    return np.stack([first, 1 - first], axis=2)


def random_models(seed, models=7, rows=60, classes=4):
    """Models that know something: their logits lean to the label, each as strongly as it pleases."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    logits = rng.normal(size=(models, rows, classes))
    logits[:, np.arange(rows), labels] += rng.uniform(0, 2, size=(models, 1))
    return np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True), labels


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_pick_is_the_one_that_a_full_evaluation_prefers(seed, replacement):
    probabilities, labels = random_models(seed)
    selection = greedy_selection(probabilities, labels, 4, replacement=replacement, stop_early=False)
    assert list(selection.picks) == oracle.greedy(probabilities, labels, 4, distinct=not replacement)
    reached = [oracle.nll(probabilities, list(selection.picks[: n + 1]), labels) for n in range(4)]
    assert selection.loss == pytest.approx(reached)


def test_a_complement_is_preferred_to_a_second_best():
    """0 is the best alone; 1 is nearly as good but fails on the same row; 2 is poor but right there."""
    models = of_label([0.9, 0.9, 0.9, 0.1], [0.9, 0.9, 0.88, 0.1], [0.3, 0.3, 0.3, 0.9])
    assert greedy_selection(models, LABELS, 2, replacement=False, stop_early=False).picks == (0, 2)


def test_without_replacement_all_members_are_distinct_even_where_that_hurts():
    models = of_label([0.99] * 4, [0.5] * 4, [0.2] * 4)
    selection = greedy_selection(models, LABELS, 3, replacement=False, stop_early=False)
    assert selection.picks == (0, 1, 2)
    assert selection.loss[0] < selection.loss[1] < selection.loss[2]


@pytest.mark.parametrize("replacement", [False, True])
def test_stopping_early_ends_before_the_pick_that_would_not_help(replacement):
    models = of_label([0.99] * 4, [0.5] * 4, [0.2] * 4)
    assert greedy_selection(models, LABELS, 3, replacement=replacement, stop_early=True).picks == (0,)


def test_replacement_without_stopping_gives_weight_and_ends_at_the_number_of_picks():
    models = of_label([0.99] * 4, [0.5] * 4, [0.2] * 4)
    assert greedy_selection(models, LABELS, 3, replacement=True, stop_early=False).picks == (0, 0, 0)


def test_hyper_ens_gives_weight_by_picking_again_and_stops_at_the_best_mixture():
    """Of the mean w * model 0 + (1 - w) * model 1 the NLL is smallest where 1.6 / (0.1 + 0.8 w) = 0.8 / (0.9 - 0.8 w).

    That is w = 0.708. Three times the NLL is 2.513 at w = 1, 2.079 at 1/2, 1.9168 at 2/3 and 1.9173 at 3/4; model 2,
    worse everywhere, never enters. So it ends with two of three members, one of them twice.
    """
    models = of_label([0.9, 0.9, 0.1], [0.1, 0.1, 0.9], [0.05, 0.05, 0.05])
    selection = greedy_selection(models, LABELS[:3], 3, replacement=True, stop_early=True)
    assert selection.picks == (0, 1, 0)
    assert np.multiply(3, selection.loss) == pytest.approx([2.513, 2.079, 1.9168], abs=1e-3)


@pytest.mark.parametrize(("members", "picks"), [(2, (0, 1)), (3, (0, 1, 2))])
def test_hyper_ens_ends_with_as_many_distinct_members_as_asked_for(members, picks):
    """Each model knows a row of its own, so each new one helps."""
    models = of_label([0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9])
    assert greedy_selection(models, LABELS[:3], members, replacement=True, stop_early=True).picks == picks


def test_of_equal_models_the_first_is_taken():
    models = of_label([0.6] * 4, [0.7] * 4, [0.7] * 4)
    assert greedy_selection(models, LABELS, 2, replacement=False, stop_early=False).picks == (1, 2)


@pytest.mark.parametrize("members", [0, 4])
def test_a_number_of_members_that_there_is_not_is_refused(members):
    models = of_label([0.6] * 4, [0.7] * 4, [0.7] * 4)
    message = rf"`members` must be in \[1, 3\], the number of models\. Received: members={members}\."
    with pytest.raises(ValueError, match=message):
        greedy_selection(models, LABELS, members, replacement=False, stop_early=False)


def test_logits_are_refused():
    with pytest.raises(ValueError, match="`probabilities` must be non-negative and add up to 1"):
        greedy_selection(np.full((3, 4, 2), 2.0), LABELS, 2, replacement=False, stop_early=False)


@pytest.mark.parametrize("replacement", [False, True])
def test_numbers_are_picked_by_the_squared_error_of_the_mean(replacement):
    """Against evaluating each ensemble in full."""
    rng = np.random.default_rng(0)
    labels = rng.normal(size=40)
    predictions = labels + rng.normal(size=(6, 40)) * rng.uniform(0.3, 1.5, (6, 1))
    selection = greedy_selection_of_numbers(predictions, labels, 4, replacement=replacement, stop_early=False)
    picks: list[int] = []
    for _ in range(4):
        losses = {
            model: np.mean((predictions[[*picks, model]].mean(axis=0) - labels) ** 2)
            for model in range(6)
            if replacement or model not in picks
        }
        picks.append(min(losses, key=losses.get))
    assert list(selection.picks) == picks
    assert selection.loss[-1] == pytest.approx(losses[picks[-1]])


def test_numbers_that_err_to_opposite_sides_are_picked_together():
    predictions = np.array([[1.0, 1.0], [0.9, 0.9], [-1.1, -1.1]])
    assert greedy_selection_of_numbers(predictions, np.zeros(2), 2, replacement=False, stop_early=False).picks == (1, 2)
