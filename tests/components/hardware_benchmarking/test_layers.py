"""The table of layers: measured once on the device that the search names, and kept over kills."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from components.hardware import layer_timing
from components.hardware.layer_table import MeasuredLayers
from components.hardware.timing import time_forward
from components.hardware_benchmarking import layers as stage
from components.hardware_benchmarking.layers import measure_layers
from components.records.attempts import attempt_path
from components.records.layout import measured_layers_path
from components.records.results import Variant
from components.records.store import open_search, require_record
from components.rounds import layer_records
from components.rounds.context import SearchContext
from tests.layered_search import LAYERS, measure_briefly, split_search

VARIANT = Variant(name="tabular_mlp", network="tabular_mlp")
ROOT = Path(__file__).parents[3]


def records(store):
    return [require_record(store, path, MeasuredLayers) for path in paths(store)]


def paths(store):
    return [path for path in store.paths("hardware/layers-host") if path.endswith(".json")]


@pytest.fixture
def brief(monkeypatch):
    """Few calls of few copies, where a test asks only what is measured."""
    measure_briefly(monkeypatch)


@pytest.fixture
def small_records(monkeypatch):
    """Ten layers in a record instead of 64."""
    monkeypatch.setattr(layer_records, "LAYERS_A_RECORD", 10)


def test_every_layer_is_measured_and_predicts_what_a_network_takes(tmp_path):
    """The sum is within a factor of 3 of the network's own latency: on a quiet machine, within a tenth."""
    store = split_search(tmp_path)
    measure_layers(store)
    (record,) = records(store)
    assert record.names == SearchContext(store).space.layers(VARIANT, (13,), 3).names
    assert len(record.names) == len(record.latency_ms) == len(record.spread_ms) == len(record.call_ms) == LAYERS
    assert (record.device, record.computed_on, record.batch_size) == ("host", "CPU:0", 32)
    assert min(record.latency_ms) >= 0 and min(record.call_ms) >= 0
    context = SearchContext(store)
    for encoded in ([0, 0], [3, 3]):
        encoded = np.array(encoded)
        model = context.space.build(context.space.decode(encoded), VARIANT, (13,), 3)
        x = np.random.default_rng(0).random((32, 13), dtype=np.float32)
        measured = time_forward(model, x, warmup=3, repeats=30, device="cpu").median_ms
        (predicted,) = context.layer_latencies.of(encoded[None], VARIANT)
        assert 1 / 3 < predicted / measured < 3


def test_a_step_that_dies_keeps_what_it_had_recorded(tmp_path, brief, small_records, monkeypatch):
    """It dies at the 15th layer of 24; the next one measures from the 11th on, and nothing of before again."""
    store, measured = split_search(tmp_path), []
    real = layer_timing.time_layer

    def dies(copies, x, **settings):
        measured.append(x.shape)
        if len(measured) == 15:
            raise KeyboardInterrupt
        return real(copies, x, **settings)

    monkeypatch.setattr(layer_timing, "time_layer", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_layers(store)
    before = store.read(measured_layers_path("host", 0))
    assert before and len(paths(store)) == 1
    measure_layers(store)
    assert len(measured) == 15 + LAYERS - 10
    assert store.read(measured_layers_path("host", 0)) == before
    names = [name for record in records(store) for name in record.names]
    assert names == list(SearchContext(store).space.layers(VARIANT, (13,), 3).names)
    measure_layers(store)
    assert len(measured) == 15 + LAYERS - 10  # what is there is never measured again


def test_a_killed_process_keeps_what_it_had_recorded(tmp_path):
    """Killed by a signal that no program sees, once its first record is there."""
    split_search(tmp_path)
    code = (
        "import os, signal, sys\n"
        "from components.hardware_benchmarking import layers\n"
        "from components.records import attempts\n"
        "from components.records.store import open_search\n"
        "from components.rounds import layer_records\n"
        "layer_records.LAYERS_A_RECORD = 10\n"
        "write = attempts.write_record\n"
        "def killed(store, path, record):\n"
        "    if path.endswith('00001.json'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return write(store, path, record)\n"
        "attempts.write_record = killed\n"
        "layers.measure_layers(open_search(sys.argv[1]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=os.environ, check=False)
    assert run.returncode == -9
    store = open_search(str(tmp_path))
    assert paths(store) == [measured_layers_path("host", 0)]
    assert len(records(store)[0].names) == 10


@pytest.mark.parametrize(
    ("changes", "device"),
    [
        ({"rejection": {"size": {}}}, ""),  # no limit
        ({"rejection": {"size": {"parameters": 10**9}}}, "host"),  # another limit
        ({}, "tpu-v5e"),  # the search names the host
        ({"scoring": {"device": "t4", "latency": "estimated"}}, "host"),  # and here another device
    ],
)
def test_nothing_is_measured_where_nobody_asks(tmp_path, monkeypatch, changes, device):
    monkeypatch.setattr(stage, "_timing", lambda *arguments: pytest.fail("nothing should be measured"))
    store = split_search(tmp_path, **changes)
    measure_layers(store, device)
    assert store.paths("hardware") == []


def test_a_device_that_the_step_is_not_on_is_refused(tmp_path):
    store = split_search(tmp_path, scoring={"device": "tpu-v5e", "latency": "estimated"})
    for device in ("", "tpu-v5e"):
        with pytest.raises(ValueError, match=r"`device` must be one that TensorFlow has .*Received: device='tpu'"):
            measure_layers(store, device)
    assert store.paths("hardware") == []


def test_large_layers_are_measured_in_fewer_copies(tmp_path, monkeypatch):
    """Five copies at most, two at least, and between them as many as hold a million weights together."""
    store, copies = split_search(tmp_path), {}
    real = layer_timing.time_layer

    def counted(models, x, **settings):
        copies[models[0].count_params()] = len(models)
        return real(models, x, warmup=1, repeats=3, device="cpu")

    monkeypatch.setattr(layer_timing, "time_layer", counted)
    monkeypatch.setattr(stage, "MOST_WEIGHTS", 1_000_000)
    monkeypatch.setattr(stage, "PASSES", 1)
    measure_layers(store)
    weights = [(4 + 1) * 1024, (1024 + 1) * 256, (1024 + 1) * 1024]
    assert [copies[one] for one in weights] == [5, 3, 2]  # 262,400 fit in three times; 1,049,600 not once


def test_layers_whose_process_died_are_measured_in_a_process_of_their_own(tmp_path, monkeypatch):
    store = split_search(tmp_path)
    store.create(attempt_path(measured_layers_path("host", 0), 1), b"")
    monkeypatch.setattr(stage, "_timing", lambda *arguments: pytest.fail("this process should measure nothing"))
    measure_layers(store)
    assert records(store)[0].names == SearchContext(store).space.layers(VARIANT, (13,), 3).names


def test_layers_that_every_process_dies_of_end_the_step(tmp_path):
    store = split_search(tmp_path)
    for number in (1, 2, 3):
        store.create(attempt_path(measured_layers_path("host", 0), number), b"")
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"dense-13-4-relu to dense-1024-3 can't be .* in 3 attempts"):
            measure_layers(store)
    assert not paths(store)


def test_a_layer_that_other_work_disturbed_is_measured_again(tmp_path, monkeypatch):
    """Of what spreads more than it takes, the quietest of four counts; all others are measured once."""
    calls, store = [], split_search(tmp_path)
    noisy = iter([(0.0, 0.5), (0.03, 0.09), (0.02, 0.04), (0.05, 0.3)])

    def time_layer(copies, x, **settings):
        calls.append(copies[0].count_params())
        latency, spread = next(noisy, (0.5, 0.2))
        return layer_timing.LayerTiming(latency, spread, 0.1, 24, "CPU:0")

    monkeypatch.setattr(layer_timing, "time_layer", time_layer)
    monkeypatch.setattr(stage, "COPIES", 2)
    measure_layers(store)
    (record,) = records(store)
    assert (record.latency_ms[0], record.spread_ms[0]) == (0.02, 0.04)
    assert len(calls) == LAYERS + 3 and set(record.latency_ms[1:]) == {0.5}
