"""What a sweep keeps of its rates while it runs."""

import msgspec
import pytest

from components.candidate_training.trials import Trainer
from components.records.layout import plan_path, trial_path, weights_path
from components.records.results import Plan
from components.records.store import require_record
from components.training import sweep
from tests.round_records import trial
from tests.swept_search import ROUND, swept_search


class Checkpoint(bytes):
    """Bytes that say when they are gone."""

    alive = 0

    def __new__(cls, data):
        cls.alive += 1
        return super().__new__(cls, data)

    def __del__(self):
        Checkpoint.alive -= 1


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [
        ((0.25, 0.5, 0.75), "1e-01"),
        ((0.75, 0.5, 0.25), "1e-03"),
        ((0.5, 0.75, 0.25), "1e-02"),
        ((0.5, 0.5, 0.5), "1e-03"),
    ],
)
def test_only_the_best_checkpoint_so_far_is_held(tmp_path, monkeypatch, accuracies, best):
    """While a rate trains there is the best one of those before it, and no other: they may be large."""
    held = []

    def rates_of(recipe, rates, **_):
        for rate, accuracy in zip(rates, accuracies, strict=True):
            held.append(Checkpoint.alive)
            yield trial(rate.variant, accuracy), Checkpoint(rate.variant.encode())

    monkeypatch.setattr(sweep, "run_sweep", rates_of)
    store = swept_search(tmp_path, settings={"networks": ("mlp",)})
    of = msgspec.structs.replace(require_record(store, plan_path(ROUND), Plan), kind="rerank", probe_steps=0)
    (candidate,) = of.candidates
    trainer = Trainer(store, "full", "rerank")
    trainer.feed = None  # no rows are needed
    record = trainer.train(of, candidate)
    assert [one.variant for one in record.trials] == [f"mlp-{rate}" for rate in ("1e-03", "1e-02", "1e-01")]
    assert held == [0, 1, 1]
    (kept,) = [path for path in store.paths(trial_path(ROUND, candidate.id)) if path.endswith(".safetensors")]
    assert kept == weights_path(ROUND, candidate.id, "full", f"mlp-{best}")
    assert store.read(kept) == f"mlp-{best}".encode()
