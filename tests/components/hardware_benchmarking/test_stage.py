"""Profiles: the estimate by the roofline's formula, the measurement on the device asked for and on no other."""

import msgspec
import pytest

from components.hardware_benchmarking import profiling
from components.hardware_benchmarking.stage import profile_in_child, profile_shard
from components.records.layout import plan_path, profile_path, trial_path
from components.records.results import Plan, Profile
from components.records.store import open_search, read_record, require_record
from components.search_file.stored import get_search
from components.search_spaces.norm_act_layer.space import NormActLayerSpace
from tests.small_search import description

ROUND = "rounds/00001"
SHARDS = [f"{ROUND}/shards/0000", f"{ROUND}/shards/0001"]
PEAK, BANDWIDTH = 197e12, 819e9  # TPU v5e, bfloat16
BATCH = 64


def plan_of(store, path=ROUND):
    return require_record(store, plan_path(path), Plan)


def profile_of(store, candidate, device=None):
    """Its profile on a device, by default the one that the search names."""
    return read_record(store, profile_path(ROUND, candidate.id, device or get_search(store).scoring.device), Profile)


def trained(store):
    return [one for one in plan_of(store).candidates if store.exists(f"{trial_path(ROUND, one.id)}/training.json")]


def without_profiles(store, **scoring):
    """Takes the first round's profiles away and asks for other ones."""
    for path in store.paths(ROUND):
        if "profile" in path:
            store.delete(path)
    store.delete("search.yaml")
    store.create("search.yaml", description(scoring=scoring).encode())
    return store


def test_an_estimate_is_the_rooflines(small_search):
    """latency = W / min(I b, C_max), I = W / Q; W counts a multiply-add twice, Q reads the float32 weights once."""
    store = open_search(str(small_search.at["finished"]))
    for candidate in trained(store):
        profile = profile_of(store, candidate)
        assert [one.variant for one in profile.variants] == ["preact_resnet", "mobilenet_v2"]
        for one in profile.variants:
            costs = candidate.costs[one.variant]
            work = 2 * BATCH * costs["multiply_adds"]
            traffic = BATCH * costs["traffic_bytes"] + 4 * costs["parameters"]
            assert (one.flops, one.traffic_bytes, one.device) == (work, traffic, "tpu-v5e")
            assert one.intensity == pytest.approx(work / traffic)
            reachable = min(work / traffic * BANDWIDTH, PEAK)
            assert one.estimated_latency_ms == pytest.approx(1000 * work / reachable)
            assert (one.latency_ms, one.spread_ms, one.measured_efficiency) == (None, None, None)


def test_only_what_was_trained_is_profiled(small_search):
    store = open_search(str(small_search.at["finished"]))
    profiled = [one.id for one in plan_of(store).candidates if profile_of(store, one)]
    assert profiled == [one.id for one in trained(store)]
    assert 0 < len(profiled) < len(plan_of(store).candidates)


def test_latency_is_measured_on_the_host_beside_its_estimate(store_at, monkeypatch):
    """E = C / C_ideal with the host's own peak and bandwidth, which are measured once for the search."""
    store, calls = without_profiles(store_at("finished"), latency="measured", device="host"), []
    measure = profiling.measure_host
    monkeypatch.setattr(profiling, "measure_host", lambda multiply: calls.append(1) or measure(multiply))
    monkeypatch.setattr(profiling, "REPEATS", 5)
    for shard in SHARDS:
        profile_shard(store, shard)
    assert len(calls) == 1
    host = msgspec.json.decode(store.read("hardware/host.json"))
    for one in [one for candidate in trained(store) for one in profile_of(store, candidate).variants]:
        assert one.device == "host" and one.latency_ms > 0 and one.spread_ms >= 0
        reachable = min(one.intensity * host["bandwidth_bytes_per_second"], host["peak_flops"])
        assert one.estimated_latency_ms == pytest.approx(1000 * one.flops / reachable)
        assert one.measured_efficiency == pytest.approx(one.estimated_latency_ms / one.latency_ms)


def test_a_device_that_the_step_is_on_is_measured_beside_the_one_that_the_search_names(store_at, monkeypatch):
    monkeypatch.setattr(profiling, "REPEATS", 5)
    store = store_at("finished")
    before = {one.id: profile_of(store, one) for one in trained(store)}
    for shard in SHARDS:
        profile_shard(store, shard, "host")
        assert store.exists(f"{shard}/profile-tpu-v5e.json") and store.exists(f"{shard}/profile-host.json")
    for one in trained(store):
        assert profile_of(store, one) == before[one.id]
        measured = profile_of(store, one, "host").variants
        assert [variant.variant for variant in measured] == [variant.variant for variant in before[one.id].variants]
        assert all(variant.device == "host" and variant.latency_ms > 0 for variant in measured)


def test_another_device_than_the_steps_own_is_refused_as_an_error_of_the_step(store_at):
    """As often as it is tried: a candidate can't help it, and gets no profile that says that it failed."""
    store = without_profiles(store_at("finished"), latency="measured", device="tpu-v5e")
    (candidate, *_) = trained(store)
    for _ in range(4):
        with pytest.raises(ValueError, match=r"`device` must be one that TensorFlow has .*Received: device='tpu'"):
            profile_shard(store, SHARDS[0])
        assert profile_of(store, candidate) is None


def test_a_design_that_the_device_cannot_run_has_failed(store_at, monkeypatch):
    def breaks(*arguments):
        raise RuntimeError("no kernel for this shape")

    monkeypatch.setattr(NormActLayerSpace, "build", breaks)
    monkeypatch.setattr(profiling.Profiler, "_host", lambda profiler: HOST)
    store = without_profiles(store_at("finished"), latency="measured", device="host")
    for shard in SHARDS:
        profile_shard(store, shard)
    for candidate in trained(store):
        assert profile_of(store, candidate).failed == "RuntimeError: no kernel for this shape"


HOST = profiling.HostMeasurement(
    peak_flops=1e9, bandwidth_bytes_per_second=1e9, memory_bytes=2**30, matrix_size=1, copy_bytes=1, repeats=1
)


def test_a_measurement_is_never_repeated(store_at, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("nothing should be measured")

    monkeypatch.setattr(profiling.Profiler, "profile", refuse)
    store = store_at("finished")
    before = {one.id: profile_of(store, one) for one in trained(store)}
    for shard in SHARDS:
        store.delete(f"{shard}/profile-tpu-v5e.json")
        profile_shard(store, shard)
    assert {one.id: profile_of(store, one) for one in trained(store)} == before


def test_a_child_process_profiles_what_this_process_does(small_search):
    store = open_search(str(small_search.at["finished"]))
    (candidate, *_) = trained(store)
    assert profile_in_child(store, ROUND, candidate.id).variants == profile_of(store, candidate).variants


def test_in_a_search_round_only_what_goes_on_after_its_probe_is_profiled(small_search, store_at):
    """Before anything is trained in full: the records of the full training, were they read, would be missed."""
    store = store_at("probed")
    for shard in SHARDS:
        profile_shard(store, shard)
    survivors = [one.id for one in trained(open_search(str(small_search.at["finished"])))]
    profiled = [one.id for one in plan_of(store).candidates if profile_of(store, one)]
    assert profiled == survivors and 0 < len(profiled) < len(plan_of(store).candidates)
