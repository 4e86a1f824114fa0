"""The micro-benchmark of the host: peak FLOP/s of one thread and memory bandwidth, for the roofline of `host`.

- Peak: products of two square float32 matrices of each of `MATRIX_SIZES`, one BLAS thread, 2 n^3 FLOP each.
- Bandwidth: copies of an array of `COPY_BYTES`, larger than a last-level cache; a copy is one read and one write of it.

Each is repeated `REPEATS` times after one untimed call. The fastest repeat counts, since whatever else the machine does
only makes one slower. It takes less than a second and about 0.3 GiB.
"""

import os
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from components.records.results import Record

MATRIX_SIZES = (512, 768, 1024)
COPY_BYTES = 128 * 2**20
REPEATS = 8

Multiply = Callable[[np.ndarray, np.ndarray], object]


class HostMeasurement(Record, frozen=True, kw_only=True):
    """What the micro-benchmark found.

    Fields:
        peak_flops: float32 FLOP/s of one thread.
        bandwidth_bytes_per_second: of a copy, read and written bytes together.
        memory_bytes: physical memory.
        matrix_size: the matrix size that gave the peak.
        copy_bytes: bytes of the array that was copied.
        repeats: timed repeats of each size, the fastest of which counts.
    """

    peak_flops: float
    bandwidth_bytes_per_second: float
    memory_bytes: int
    matrix_size: int
    copy_bytes: int
    repeats: int


def measure_host(multiply: Multiply = np.matmul) -> HostMeasurement:
    """Measures this host.

    Args:
        multiply: returns the product of two float32 matrices, done when it returns. NumPy's BLAS doesn't use the widest
            vectors of every processor; where the models run in another library, give its product
            (`components.hardware.timing.compiled_multiply`), else their efficiency may come out above 1.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        rates = {size: _product_rate(size, multiply) for size in MATRIX_SIZES}
    fastest = max(rates, key=rates.__getitem__)
    return HostMeasurement(
        peak_flops=rates[fastest],
        bandwidth_bytes_per_second=_copy_rate(COPY_BYTES),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        matrix_size=fastest,
        copy_bytes=COPY_BYTES,
        repeats=REPEATS,
    )


def _product_rate(size: int, multiply: Multiply) -> float:
    left, right = np.random.default_rng(size).standard_normal((2, size, size), dtype=np.float32)
    return 2 * size**3 / _fastest_seconds(lambda: multiply(left, right))


def _copy_rate(size_bytes: int) -> float:
    source = np.ones(size_bytes // 4, dtype=np.float32)
    target = np.zeros_like(source)
    return 2 * source.nbytes / _fastest_seconds(lambda: np.copyto(target, source))


def _fastest_seconds(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
