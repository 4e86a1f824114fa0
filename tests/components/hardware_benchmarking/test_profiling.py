"""The rows that latency is measured on."""

import numpy as np
import pytest

from components.hardware import timing
from components.hardware_benchmarking import profiling
from components.hardware_benchmarking.profiling import Profiler, random_rows
from components.records.layout import plan_path
from components.records.manifest import DataManifest, Split
from components.records.results import Plan
from components.records.store import require_record
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from tests.layered_search import split_search
from tests.swept_search import ROUND, swept_search

PART = Split(rows=3, class_rows=(1, 2), sha256="0")


def manifest(shape, vocabulary=None):
    """Data of a shape."""
    return DataManifest(
        source="s",
        input_shape=shape,
        classes=("a", "b"),
        vocabulary=vocabulary,
        train=PART,
        validation=PART,
        test=PART,
    )


def test_images_and_tables_are_noise_in_0_1():
    for shape in ((8, 8, 1), (13,)):
        rows = random_rows(manifest(shape), 64)
        assert (rows.shape, rows.dtype) == ((64, *shape), np.float32)
        assert 0 <= rows.min() < 0.1 and 0.9 < rows.max() < 1  # of 832 draws; beyond by chance: 0.9**832 < 1e-38


def test_texts_are_token_numbers_without_padding():
    """Padding is passed over by what follows, and a token that isn't below the vocabulary has no vector."""
    rows = random_rows(manifest((12,), vocabulary=5), 64)
    assert (rows.shape, rows.dtype) == ((64, 12), np.float32)
    assert np.unique(rows).tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(rows, random_rows(manifest((12,), vocabulary=5), 64))


def test_each_network_is_profiled_once_whatever_its_rates(tmp_path):
    """A rule was tried at three rates in each; a network of which none goes on is not timed."""
    store = swept_search(tmp_path)
    (candidate,) = require_record(store, plan_path(ROUND), Plan).candidates
    profile = Profiler(store).profile(candidate, ["convnet-1e-02", "mlp-1e-02"])
    assert (profile.failed, [one.variant for one in profile.variants]) == (None, ["convnet-1e-03", "mlp-1e-03"])
    assert [one.variant for one in Profiler(store).profile(candidate, ["mlp-1e-01"]).variants] == ["mlp-1e-03"]


@pytest.mark.parametrize(
    ("limit", "kind", "medians", "latency"),
    [
        (5.0, "search", [4.0], 4.0),
        (5.0, "search", [5.0], 5.0),  # at the limit is within it
        (5.0, "search", [9.0, 4.0], 4.0),  # other work made it slow
        (5.0, "search", [9.0, 7.0, 4.0], 4.0),
        (5.0, "search", [7.0, 9.0, 8.0], 7.0),  # it is slow
        (None, "search", [9.0], 9.0),
        (5.0, "grid", [9.0, 8.0, 4.5], 4.5),  # what is shown there should not seem to be over a limit
    ],
)
def test_what_seems_too_slow_is_timed_again(tmp_path, monkeypatch, limit, kind, medians, latency):
    left = list(medians)

    def timed(*arguments, **settings):
        return timing.Timing(left.pop(0), spread_ms=0.5, repeats=30, device="CPU:0")

    monkeypatch.setattr(timing, "time_forward", timed)
    monkeypatch.setattr(profiling, "PAUSE_SECONDS", 0)
    store = split_search(tmp_path, rejection={"size": {}, "measured_latency_ms": limit})
    context = SearchContext(store, kind)
    one = make_candidate(context, context.space.largest, context.space.variants(), origin="random")
    (found,) = Profiler(store, kind=kind).profile(one, ["tabular_mlp"]).variants
    assert (found.latency_ms, left) == (latency, [])
    assert found.measured_efficiency == pytest.approx(found.estimated_latency_ms / latency)
