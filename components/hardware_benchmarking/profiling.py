"""A candidate's latency: measured on the device that the step runs on, and estimated by the roofline."""

from collections.abc import Callable, Collection
from functools import cached_property, partial

import numpy as np

from components.hardware.devices import HOST, Device, open_device
from components.hardware.microbenchmark import HostMeasurement, measure_host
from components.hardware.roofline import execution_efficiency
from components.records.manifest import DataManifest
from components.records.results import Candidate, Kind, Profile, Variant, VariantProfile
from components.records.spans import Stopwatch
from components.records.store import Store, read_record, write_record
from components.rounds.context import SearchContext
from components.rounds.profiles import estimated_variant
from components.rounds.variants import timed_variants

HOST_RECORD = "hardware/host.json"
WARMUP, REPEATS = 3, 30
PASSES, PAUSE_SECONDS = 3, 0.5  # of timing what seems to be over a limit: other work only makes a pass slower


class Profiler(SearchContext):
    """Profiles candidates one after the other in one process; TensorFlow is loaded where it must be measured.

    Args:
        store: the search's.
        device: row of the device table that this process runs on, where latency is always measured; empty for the one
            that the search names, where it is measured if the search wants that.
        kind: of the round.
    """

    def __init__(self, store: Store, device: str = "", kind: Kind = "search"):
        super().__init__(store, kind)
        self.watch = Stopwatch()
        self.name = device or self.search.scoring.device
        self.measures = bool(device) or self.search.scoring.latency == "measured" or self.name == HOST

    @cached_property
    def device(self) -> Device:
        """The device that candidates are profiled for; the host is measured before the first candidate is.

        Raises:
            ValueError: where latency is to be measured on a device that this step does not run on.
        """
        device = open_device(self.name, self._host() if self.name == HOST else None)
        if self.measures:
            from components.hardware.timing import logical_device
            from components.training.runtime import prepare_tensorflow

            prepare_tensorflow()
            logical_device(device.kind)
        return device

    def profile(self, candidate: Candidate, kept: Collection[str]) -> Profile:
        """Returns the profile of the networks of a candidate's variants of these names; see `timed_variants`."""
        names = timed_variants(candidate, kept)
        try:
            _ = self.device
        except ValueError as error:
            if self.name == self.search.scoring.device:  # which decides: the step fails, not the candidate
                raise
            return self.failed(candidate, str(error))
        try:
            profiles = [self._profile(candidate, variant) for variant in candidate.variants if variant.name in names]
        except Exception as error:  # a design that the device can't run is a verdict, not a broken stage
            return self.failed(candidate, f"{type(error).__name__}: {str(error)[:500]}")
        return Profile(candidate=candidate.id, variants=tuple(profiles), span=self.watch.span())

    def too_late(self, candidate: Candidate) -> Profile:
        """Returns the profile of a candidate for which no time was left."""
        return Profile(candidate=candidate.id, variants=(), time_up=True, span=self.watch.span())

    def failed(self, candidate: Candidate, reason: str) -> Profile:
        """Returns the profile of a candidate that can't be profiled."""
        return Profile(candidate=candidate.id, variants=(), failed=reason, span=self.watch.span())

    def _profile(self, candidate: Candidate, variant: Variant) -> VariantProfile:
        estimate = estimated_variant(candidate, variant.name, self.device, self.search.scoring.batch_size)
        return self._measured(candidate, variant, estimate) if self.measures else estimate

    def _measured(self, candidate: Candidate, variant: Variant, estimate: VariantProfile) -> VariantProfile:
        import msgspec

        from components.hardware.timing import best_pass, time_forward
        from components.training.evaluation import release
        from components.training.runtime import prepare_tensorflow

        prepare_tensorflow()
        model = self.build(candidate, variant)
        x = random_rows(self.manifest, estimate.batch_size)
        limit = self.search.rejection.measured_latency_ms
        timing = best_pass(
            partial(time_forward, model, x, warmup=WARMUP, repeats=REPEATS, device=self.device.kind),
            disturbed_ms=lambda one: one.median_ms,
            good=lambda one: limit is None or one.median_ms <= limit,
            passes=PASSES,
            pause_seconds=PAUSE_SECONDS,
        )
        del model
        release()
        return msgspec.structs.replace(
            estimate,
            latency_ms=timing.median_ms,
            spread_ms=timing.spread_ms,
            measured_efficiency=execution_efficiency(
                estimate.flops, estimate.traffic_bytes, timing.median_ms, self.device
            ),
        )

    def _host(self) -> HostMeasurement:
        measured = read_record(self.store, HOST_RECORD, HostMeasurement)
        return measured or write_record(self.store, HOST_RECORD, measure_host(_multiply()))


def random_rows(manifest: DataManifest, rows: int) -> np.ndarray:
    """Rows such as the data have, `[rows, ...]` float32: in [0, 1), or texts without padding. The same at each call."""
    rng, shape = np.random.default_rng(0), (rows, *manifest.input_shape)
    if manifest.vocabulary is None:
        return rng.random(shape, dtype=np.float32)
    return rng.integers(1, manifest.vocabulary, shape).astype(np.float32)


def _multiply() -> Callable[[np.ndarray, np.ndarray], object]:
    """The product of the library that runs the models, in the threads that they run in."""
    from components.training.runtime import prepare_tensorflow

    prepare_tensorflow()
    from components.hardware.timing import compiled_multiply

    return compiled_multiply()
