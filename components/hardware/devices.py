"""The device table: peak arithmetic, memory bandwidth and memory of accelerators, one chip each, dense (no sparsity).

Sources, by row. TPU: cloud.google.com/tpu/docs/v3, v4, v5e, v5p, v6e. T4, V100, A100, L4: NVIDIA's data sheets.
H100, H200, B200: the same as collected in stas00/ml-engineering (compute/accelerator); float32 of B200 is the lowest
figure seen. NOTE: not confirmed are TPU v2's peak (45 elsewhere), L4's float32 and TensorFloat-32, and H100 PCIe's
TensorFloat-32, which is taken as half its 16-bit rate as on the SXM board.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from components.hardware.microbenchmark import HostMeasurement

Format = Literal["bfloat16", "float16", "tensorfloat32", "float32"]

TERA, GIGA, GIB = 1e12, 1e9, 2**30


class Device(NamedTuple):
    """A row of the table.

    Fields:
        name: as `scoring.device` names it.
        kind: what TensorFlow calls it: `cpu`, `gpu` or `tpu`.
        bandwidth_bytes_per_second: of the main memory.
        memory_bytes: of one chip; the smaller where it is sold with two sizes.
        bfloat16, float16, tensorfloat32, float32: peak FLOP/s of matrix products in that format; None where the chip
            has none, or no confirmed figure.
        default: the format in which TensorFlow runs the products of a float32 model when nothing is set: bfloat16
            passes on TPUs, TensorFloat-32 on NVIDIA chips that have it.
    """

    name: str
    kind: Literal["cpu", "gpu", "tpu"]
    bandwidth_bytes_per_second: float
    memory_bytes: float
    default: Format
    bfloat16: float | None = None
    float16: float | None = None
    tensorfloat32: float | None = None
    float32: float | None = None

    def peak_flops(self, number_format: Format | None = None) -> float:
        """Peak FLOP/s in a number format, or in the device's default.

        Raises:
            ValueError: the table has no figure for this format.
        """
        chosen = number_format or self.default
        peak = {
            "bfloat16": self.bfloat16,
            "float16": self.float16,
            "tensorfloat32": self.tensorfloat32,
            "float32": self.float32,
        }.get(chosen)
        if peak is None:
            raise ValueError(f"`number_format` must be one that {self.name} has a peak for. Received: {chosen!r}.")
        return peak

    def ridge(self, number_format: Format | None = None) -> float:
        """Operational intensity in FLOP per byte above which the peak, not the memory, is the limit."""
        return self.peak_flops(number_format) / self.bandwidth_bytes_per_second


def _tpu(name: str, bfloat16: float, bandwidth: float, memory: float) -> Device:
    return Device(name, "tpu", bandwidth, memory, "bfloat16", bfloat16=bfloat16)


def _gpu(name: str, half: float, tensorfloat32: float, float32: float, bandwidth: float, memory: float) -> Device:
    """An NVIDIA chip since Ampere: bfloat16 and float16 at one rate, and TensorFloat-32."""
    return Device(name, "gpu", bandwidth, memory, "tensorfloat32", half, half, tensorfloat32, float32)


_ROWS = (
    _tpu("tpu-v2", 46 * TERA, 700 * GIGA, 16 * GIB),
    _tpu("tpu-v3", 123 * TERA, 900 * GIGA, 32 * GIB),
    _tpu("tpu-v4", 275 * TERA, 1200 * GIGA, 32 * GIB),
    _tpu("tpu-v5e", 197 * TERA, 819 * GIGA, 16 * GIGA),
    _tpu("tpu-v5p", 459 * TERA, 2765 * GIGA, 95 * GIGA),
    _tpu("tpu-v6e", 918 * TERA, 1638 * GIGA, 32 * GIGA),
    Device("t4", "gpu", 320 * GIGA, 16 * GIGA, "float32", float16=65 * TERA, float32=8.1 * TERA),
    Device("v100", "gpu", 900 * GIGA, 16 * GIGA, "float32", float16=125 * TERA, float32=15.7 * TERA),
    _gpu("a100-40", 312 * TERA, 156 * TERA, 19.5 * TERA, 1555 * GIGA, 40 * GIGA),
    _gpu("a100-80", 312 * TERA, 156 * TERA, 19.5 * TERA, 2039 * GIGA, 80 * GIGA),
    _gpu("l4", 121 * TERA, 60 * TERA, 30.3 * TERA, 300 * GIGA, 24 * GIGA),
    _gpu("h100-sxm", 989 * TERA, 494.5 * TERA, 67 * TERA, 3350 * GIGA, 80 * GIGA),
    _gpu("h100-pcie", 756 * TERA, 378 * TERA, 51 * TERA, 2000 * GIGA, 80 * GIGA),
    _gpu("h200", 989 * TERA, 494.5 * TERA, 67 * TERA, 4800 * GIGA, 141 * GIGA),
    _gpu("b200", 2250 * TERA, 1125 * TERA, 75 * TERA, 8000 * GIGA, 180 * GIGA),
)

HOST = "host"
DEVICES: Mapping[str, Device] = {device.name: device for device in _ROWS}


def host_device(measurement: HostMeasurement) -> Device:
    """The host as a row: its processor at one float32 thread, as the micro-benchmark measured it."""
    return Device(
        HOST,
        "cpu",
        measurement.bandwidth_bytes_per_second,
        measurement.memory_bytes,
        "float32",
        float32=measurement.peak_flops,
    )


def open_device(name: str, measurement: HostMeasurement | None = None) -> Device:
    """The row of `host` or of a name in `DEVICES`.

    Args:
        name: as in `scoring.device`.
        measurement: of the host; needed by `host` only.

    Raises:
        ValueError: there is no such row, or the host isn't measured.
    """
    if name == HOST and measurement is not None:
        return host_device(measurement)
    if name == HOST:
        raise ValueError("`measurement` must be given for the device 'host'. Received: None.")
    if name not in DEVICES:
        raise ValueError(f"`name` must be one of {', '.join([HOST, *DEVICES])}. Received: name={name!r}.")
    return DEVICES[name]
