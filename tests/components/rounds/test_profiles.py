"""Which of a candidate's profiles it is judged by."""

import msgspec
import pytest

from components.hardware.devices import open_device
from components.hardware.roofline import latency_ms
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


def test_without_a_profile_there_is_none(store):
    assert profiles_of(store, ROUND, ONE.id) == []
    assert judging_profile(store, ROUND, ONE.id, MEASURED_ON_L4) is None
    assert judging_profile(store, ROUND, ONE.id, ESTIMATED_ON_V5E) is None


def test_the_device_that_the_search_names_decides(store):
    put(store, "host", 9.0)
    mine = put(store, "l4", 2.0)
    assert judging_profile(store, ROUND, ONE.id, MEASURED_ON_L4) == mine
    assert [one.variants[0].device for one in profiles_of(store, ROUND, ONE.id)] == ["host", "l4"]


def test_a_measurement_is_not_made_up_from_another_devices(store):
    put(store, "host")
    assert judging_profile(store, ROUND, ONE.id, MEASURED_ON_L4) is None


def test_an_estimate_is_made_from_the_counts_of_another_device(store):
    (counted,) = put(store, "host").variants
    (estimated,) = judging_profile(store, ROUND, ONE.id, ESTIMATED_ON_V5E).variants
    assert (estimated.device, estimated.flops, estimated.traffic_bytes) == ("tpu-v5e", 100.0, counted.traffic_bytes)
    assert (estimated.latency_ms, estimated.spread_ms, estimated.measured_efficiency) == (None, None, None)
    expected = latency_ms(counted.flops, counted.traffic_bytes, open_device("tpu-v5e"))
    assert estimated.estimated_latency_ms == pytest.approx(expected)


def test_what_fails_on_one_device_is_estimated_from_another(store):
    put(store, "host", variants=(), failed="RuntimeError: no kernel")
    assert judging_profile(store, ROUND, ONE.id, ESTIMATED_ON_V5E).failed
    put(store, "l4")
    assert judging_profile(store, ROUND, ONE.id, ESTIMATED_ON_V5E).failed is None
