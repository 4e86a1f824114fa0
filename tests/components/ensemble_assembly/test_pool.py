"""What the ensemble may take of a design that was tried at several learning rates."""

from components.ensemble_assembly.pool import ensemble_pool
from components.records.layout import ROUND_OF_KIND, plan_path, weights_path
from components.records.results import Plan
from components.records.store import require_record, write_record
from tests.round_records import plan, put_training, trial
from tests.swept_search import ROUND, swept_search


def test_a_model_is_a_candidate_of_the_rate_that_it_was_trained_at(tmp_path):
    """Time was up before the grid: what the search trained is left, the best rate of its three and that alone kept."""
    store = swept_search(tmp_path)
    of = require_record(store, plan_path(ROUND), Plan)
    (candidate,) = of.candidates
    put_training(store, of, candidate, [trial("convnet-1e-02", 0.875, parameters=7), trial("mlp-1e-01", 0.75)])
    for name in ("convnet-1e-02", "mlp-1e-01"):
        store.create(weights_path(ROUND, candidate.id, "full", name), b"weights")
    for kind in ("winner", "ensemble", "grid"):
        write_record(store, plan_path(ROUND_OF_KIND[kind]), plan([], kind=kind, round=ROUND_OF_KIND[kind]))
    (model,) = ensemble_pool(store)
    assert (model.parameters, model.candidate.id) == (7, candidate.id)
    assert [(one.name, one.learning_rate) for one in model.candidate.variants] == [("convnet-1e-02", 0.01)]
    assert model.weights == weights_path(ROUND, candidate.id, "full", "convnet-1e-02")


def test_every_initialisation_is_a_model_of_its_own(tmp_path):
    store = swept_search(tmp_path, initialisations=2)
    of = require_record(store, plan_path(ROUND), Plan)
    (candidate,) = of.candidates
    ensemble = plan([candidate], kind="ensemble", round=ROUND_OF_KIND["ensemble"])
    for kind in ("winner", "grid"):
        write_record(store, plan_path(ROUND_OF_KIND[kind]), plan([], kind=kind, round=ROUND_OF_KIND[kind]))
    write_record(store, plan_path(ensemble.round), ensemble)
    names = ("convnet-1e-03", "mlp-1e-03")
    put_training(store, ensemble, candidate, [trial(name) for name in names])
    for name in names:
        store.create(weights_path(ensemble.round, candidate.id, "full", name), b"weights")
    models = ensemble_pool(store)
    assert [[one.name for one in model.candidate.variants] for model in models] == [[name] for name in names]
