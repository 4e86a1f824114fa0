"""The device table and the roofline, with a device whose numbers are easy."""

import numpy as np
import pytest

from components.hardware.devices import DEVICES, Device, host_device, open_device
from components.hardware.microbenchmark import HostMeasurement
from components.hardware.roofline import execution_efficiency, ideal_flops_per_second, latency_ms, operational_intensity

EASY = Device("easy", "gpu", 100.0, 1.0, "float32", float32=1000.0, float16=4000.0)  # ridge 10 FLOP / byte

# ridge points of the 16-bit formats as published tables give them, FLOP / byte
RIDGES = {
    "tpu-v2": 66, "tpu-v3": 137, "tpu-v4": 229, "tpu-v5e": 241, "tpu-v5p": 166, "tpu-v6e": 560, "t4": 203, "v100": 139,
    "a100-40": 201, "a100-80": 153, "l4": 403, "h100-sxm": 295, "h100-pcie": 378, "h200": 206, "b200": 281,
}  # fmt: skip


def measurement():
    return HostMeasurement(
        peak_flops=5e10,
        bandwidth_bytes_per_second=1e10,
        memory_bytes=8 * 2**30,
        matrix_size=512,
        copy_bytes=2**27,
        repeats=8,
    )


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_every_row_has_the_ridge_point_that_was_published(name):
    """A slip of a digit or a unit in a peak or a bandwidth moves the ridge by more than rounding does."""
    device = DEVICES[name]
    number_format = "bfloat16" if device.bfloat16 else "float16"
    assert device.ridge(number_format) == pytest.approx(RIDGES[name], abs=1.0)
    assert device.name == name
    assert device.peak_flops() > 0  # the default format has a figure
    assert 10e9 < device.memory_bytes < 200e9


def test_every_published_ridge_has_its_row():
    assert list(DEVICES) == list(RIDGES)


def test_a_format_that_a_chip_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"must be one that t4 has a peak for\. Received: 'bfloat16'\."):
        DEVICES["t4"].peak_flops("bfloat16")


def test_the_host_is_what_was_measured():
    host = open_device("host", measurement())
    assert host == host_device(measurement())
    assert (host.kind, host.peak_flops(), host.ridge()) == ("cpu", 5e10, 5.0)


def test_devices_that_cannot_be_opened_say_why():
    with pytest.raises(ValueError, match=r"`measurement` must be given for the device 'host'\. Received: None\."):
        open_device("host")
    with pytest.raises(ValueError, match=r"`name` must be one of host, tpu-v2, .*, b200\. Received: name='tpu'\."):
        open_device("tpu")


@pytest.mark.parametrize(
    ("flops", "traffic_bytes", "expected_ms"),
    [
        (2000.0, 100.0, 2000.0),  # intensity 20, above the ridge: 2000 FLOP at 1000 FLOP/s
        (2000.0, 400.0, 4000.0),  # intensity 5, below it: 400 bytes at 100 bytes/s
        (2000.0, 200.0, 2000.0),  # on the ridge: both take 2 s
    ],
)
def test_the_slower_of_arithmetic_and_memory_sets_the_latency(flops, traffic_bytes, expected_ms):
    assert latency_ms(flops, traffic_bytes, EASY) == pytest.approx(expected_ms)
    assert latency_ms(flops, traffic_bytes, EASY, efficiency=0.5) == pytest.approx(2 * expected_ms)
    # measured at twice the ideal time, the efficiency is a half
    assert execution_efficiency(flops, traffic_bytes, 2 * expected_ms, EASY) == pytest.approx(0.5)


def test_the_latency_is_the_larger_of_the_two_times():
    """The other way to write the roofline: max(W / C_max, Q / b)."""
    flops, traffic_bytes = np.random.default_rng(0).uniform(1, 1e4, size=(2, 100))
    expected = 1000 * np.maximum(flops / 1000.0, traffic_bytes / 100.0)
    np.testing.assert_allclose(latency_ms(flops, traffic_bytes, EASY), expected)
    np.testing.assert_allclose(execution_efficiency(flops, traffic_bytes, 4 * expected, EASY), 0.25)


def test_another_format_has_another_peak():
    assert ideal_flops_per_second(5000.0, 100.0, EASY) == 1000.0
    assert ideal_flops_per_second(5000.0, 100.0, EASY, "float16") == 4000.0
    assert operational_intensity(5000.0, 100.0) == 50.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flops": 0.0}, r"`flops` must be positive\. Received: flops=0\.0\."),
        ({"traffic_bytes": -1.0}, r"`traffic_bytes` must be positive\. Received: traffic_bytes=-1\.0\."),
        ({"efficiency": 0.0}, r"`efficiency` must be positive\. Received: efficiency=0\.0\."),
        ({"flops": float("nan")}, r"`flops` must be positive\. Received: flops=nan\."),
    ],
)
def test_numbers_that_are_not_positive_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        latency_ms(**{"flops": 1.0, "traffic_bytes": 1.0, "device": EASY, **change})
