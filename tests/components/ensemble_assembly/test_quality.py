"""How good the pool, its mean and the ensemble are: against formulas of scikit-learn and a slow greedy selection."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from components.ensemble_assembly.pool import ensemble_pool
from components.ensemble_assembly.quality import assembled
from components.records.layout import MANIFEST
from components.records.manifest import DataManifest
from components.records.rows import read_part
from components.records.store import open_search, require_record
from components.search_spaces.registry import open_space
from components.training.checkpoint import load_weights
from tests.oracles.greedy import greedy
from tests.small_search import DESCRIPTION

NUMBERS = ("accuracy", "nll", "ece", "brier")


def predicted(store, one, x):
    """A model's probabilities, through Keras alone."""
    import keras

    settings = DESCRIPTION["space"]["settings"]
    space, manifest = open_space("norm_act_layer", settings), require_record(store, MANIFEST, DataManifest)
    spec = space.from_json(one.candidate.spec)
    model = space.build(spec, one.candidate.variants[0], manifest.input_shape, len(manifest.classes))
    load_weights(model, store.read(one.weights))
    return np.asarray(keras.ops.softmax(keras.ops.cast(model(x, training=False), "float64")))


@pytest.fixture(scope="module")
def made(small_search):
    """The pool before the selection, what each of its models predicts, and the assembly."""
    store = open_search(str(small_search.at["trained"]))
    pool = ensemble_pool(store)
    rows = {part: read_part(store, part) for part in ("validation", "test")}
    each = {part: np.stack([predicted(store, one, x) for one in pool]) for part, (x, _) in rows.items()}
    return pool, {part: y for part, (_, y) in rows.items()}, each, assembled(store, pool)


def check(summary, probabilities, labels):
    """Accuracy and NLL by scikit-learn; the Brier score by its definition."""
    classes = range(probabilities.shape[1])
    assert summary.accuracy == pytest.approx(accuracy_score(labels, probabilities.argmax(axis=1)))
    assert summary.nll == pytest.approx(log_loss(labels, probabilities, labels=classes), abs=1e-5)
    truth = np.eye(len(classes))[labels]
    assert summary.brier == pytest.approx(np.mean(np.sum((probabilities - truth) ** 2, axis=1)), abs=1e-5)


def test_the_pool_is_the_winner_and_its_further_initialisations(made):
    pool, *_ = made
    assert [one.candidate.variants[0].initialisation for one in pool] == [0, 1, 2]
    assert len({one.parameters for one in pool}) == 1
    assert [one.weights.split("/")[0] for one in pool] == ["scaling", "ensemble", "ensemble"]


def test_the_members_are_those_of_a_slow_greedy_selection_on_validation_rows(made):
    pool, labels, each, assembly = made
    picks = greedy(each["validation"], labels["validation"], 2, distinct=True)
    assert [one.candidate.id for one in assembly.members] == [pool[index].candidate.id for index in picks]
    assert len({one.candidate.id for one in assembly.members}) == 2
    test = [each["test"][index] for index in picks]
    np.testing.assert_allclose(assembly.test_predictions, test, atol=1e-5)


def test_the_numbers_of_members_single_best_and_ensemble_are_right(made):
    pool, labels, each, assembly = made
    index_of = {one.candidate.id: index for index, one in enumerate(pool)}
    chosen = [index_of[one.candidate.id] for one in assembly.members]
    single = min(range(len(pool)), key=lambda index: log_loss(labels["validation"], each["validation"][index]))
    for part in ("validation", "test"):
        for one, index in zip(assembly.member_qualities, chosen, strict=True):
            check(getattr(one, part), each[part][index], labels[part])
        check(getattr(assembly.single_best, part), each[part][single], labels[part])
        check(getattr(assembly.together, part), each[part][chosen].mean(axis=0), labels[part])
        for name in NUMBERS:
            own = [getattr(getattr(one, part), name) for one in assembly.member_qualities]
            assert getattr(getattr(assembly.mean_member, part), name) == pytest.approx(np.mean(own))


def test_an_ensemble_is_no_worse_than_its_mean_member(made):
    """Jensen: the NLL of a mean of probabilities is at most the mean of the NLLs."""
    *_, assembly = made
    assert assembly.together.test.nll <= assembly.mean_member.test.nll
