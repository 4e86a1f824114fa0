"""Which of a candidate's profiles it is judged by."""

import msgspec
import pytest

from components.records.layout import profile_path
from components.records.results import Profile
from components.records.search import Scoring
from components.records.store import open_search, write_record
from components.rounds.profiles import judging_profile, profiles_of
from tests.round_records import SPAN, candidate, plan, profile_of

ONE = candidate("a")
ROUND = plan([ONE]).round
MEASURED_ON_L4 = Scoring(latency="measured", device="l4")
ESTIMATED_ON_V5E = Scoring(latency="estimated", device="tpu-v5e")


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def put(store, device, latency=2.0, **fields):
    variant = msgspec.structs.replace(profile_of("small", latency), device=device)
    given = {"variants": (variant,), "span": SPAN} | fields
    return write_record(store, profile_path(ROUND, ONE.id, device), Profile(candidate=ONE.id, **given))


def judged(store, scoring):
    return judging_profile(store, ROUND, ONE, ["small"], scoring)


def test_without_a_profile_there_is_none(store):
    assert profiles_of(store, ROUND, ONE.id) == []
    assert judged(store, MEASURED_ON_L4) is None
    assert judged(store, ESTIMATED_ON_V5E) is None


def test_the_device_that_the_search_names_decides(store):
    put(store, "host", 9.0)
    mine = put(store, "l4", 2.0)
    assert judged(store, MEASURED_ON_L4) == mine
    assert [one.variants[0].device for one in profiles_of(store, ROUND, ONE.id)] == ["host", "l4"]


def test_a_measurement_is_not_made_up_from_another_devices(store):
    put(store, "host")
    assert judged(store, MEASURED_ON_L4) is None


FAILED = {"variants": (), "failed": "RuntimeError: no kernel"}


@pytest.mark.parametrize(("device", "fields"), [("host", {}), ("host", FAILED), ("tpu-v5e", FAILED)])
def test_an_estimate_does_not_depend_on_how_benchmarking_went(store, device, fields):
    """latency = W / min(I b, C_max), W = 2 multiply-adds, Q = traffic and float32 weights; TPU v5e's b and C_max."""
    put(store, device, **fields)
    (estimated,) = judged(store, ESTIMATED_ON_V5E).variants
    costs, batch = ONE.costs["small"], ESTIMATED_ON_V5E.batch_size
    work, traffic = 2 * batch * costs["multiply_adds"], batch * costs["traffic_bytes"] + 4 * costs["parameters"]
    assert (estimated.device, estimated.flops, estimated.traffic_bytes) == ("tpu-v5e", work, traffic)
    assert (estimated.latency_ms, estimated.spread_ms, estimated.measured_efficiency) == (None, None, None)
    expected = 1000 * work / min(work / traffic * 819e9, 197e12)
    assert estimated.estimated_latency_ms == pytest.approx(expected)
