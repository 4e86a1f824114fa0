"""The roofline: how long a model takes on a device at best, from its FLOPs and its memory traffic.

latency = W / (C_ideal E), with C_ideal = min(I b, C_max) and I = W / Q: W FLOPs, Q bytes of traffic, b bandwidth, C_max
peak, E execution efficiency. Every function takes numbers or arrays of one shape.

Source: EfficientNet-X (arXiv 2102.05610), performance model; Williams et al. 2009 for the roofline itself.
"""

from typing import TypeVar

import numpy as np

from components.hardware.devices import Device, Format

Numbers = TypeVar("Numbers", float, np.ndarray)


def operational_intensity(flops: Numbers, traffic_bytes: Numbers) -> Numbers:
    """I = W / Q in FLOP per byte.

    Raises:
        ValueError: a number isn't positive.
    """
    _check_positive("flops", flops)
    _check_positive("traffic_bytes", traffic_bytes)
    return flops / traffic_bytes


def ideal_flops_per_second(
    flops: Numbers, traffic_bytes: Numbers, device: Device, number_format: Format | None = None
) -> Numbers:
    """C_ideal = min(I b, C_max), in the device's default number format unless another is asked for."""
    reachable = operational_intensity(flops, traffic_bytes) * device.bandwidth_bytes_per_second
    peak = device.peak_flops(number_format)
    return np.minimum(reachable, peak) if isinstance(reachable, np.ndarray) else min(reachable, peak)


def latency_ms(
    flops: Numbers,
    traffic_bytes: Numbers,
    device: Device,
    *,
    efficiency: float = 1.0,
    number_format: Format | None = None,
) -> Numbers:
    """W / (C_ideal E) in ms; with E = 1 the least that the device can take.

    Args:
        flops: W of one batch, > 0; a multiply-add is 2.
        traffic_bytes: Q of one batch, > 0, weights included.
        device: a row of the table.
        efficiency: E, > 0.
        number_format: of the products; None is the device's default.

    Raises:
        ValueError: a number isn't positive, or the device has no peak in this format.
    """
    _check_positive("efficiency", efficiency)
    return 1000.0 * flops / (ideal_flops_per_second(flops, traffic_bytes, device, number_format) * efficiency)


def execution_efficiency(
    flops: Numbers,
    traffic_bytes: Numbers,
    measured_ms: Numbers,
    device: Device,
    number_format: Format | None = None,
) -> Numbers:
    """E = C / C_ideal of a measured latency, > 0.

    NOTE: (0, 1] in the source. Here it isn't cut at 1: traffic that stays in a cache outruns the main memory, and a
    measurement that shows it should say so.
    """
    _check_positive("measured_ms", measured_ms)
    return latency_ms(flops, traffic_bytes, device, number_format=number_format) / measured_ms


def _check_positive(name: str, value: float | np.ndarray) -> None:
    if not np.all(np.asarray(value) > 0):
        raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
