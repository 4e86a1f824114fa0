"""A candidate's hardware profiles: one a benchmarked device, and the one that it is judged by."""

import msgspec

from components.hardware.devices import open_device
from components.hardware.roofline import latency_ms
from components.records.layout import profile_path, trial_path
from components.records.results import Profile, VariantProfile
from components.records.search import Scoring
from components.records.store import Store, read_record, require_record


def profiles_of(store: Store, round_path: str, candidate: str) -> list[Profile]:
    """Returns a candidate's profiles, one a device that it was benchmarked on, in the order of the devices' names."""
    folder = trial_path(round_path, candidate)
    paths = [path for path in store.paths(folder) if path.startswith(f"{folder}/profile-")]
    return [require_record(store, path, Profile) for path in paths]


def judging_profile(store: Store, round_path: str, candidate: str, scoring: Scoring) -> Profile | None:
    """Returns the profile of the device that scoring names, None where there is none.

    An estimate for a device that nothing was benchmarked on is made here, from what a profile of another one counted.
    """
    own = read_record(store, profile_path(round_path, candidate, scoring.device), Profile)
    if own is not None or scoring.latency == "measured":
        return own
    others = sorted(profiles_of(store, round_path, candidate), key=lambda one: one.failed is not None)
    return _estimated(others[0], scoring.device) if others else None


def _estimated(profile: Profile, device: str) -> Profile:
    """The same counts on another device."""
    variants = tuple(_estimated_variant(one, device) for one in profile.variants)
    return msgspec.structs.replace(profile, variants=variants)


def _estimated_variant(one: VariantProfile, device: str) -> VariantProfile:
    return msgspec.structs.replace(
        one,
        device=device,
        latency_ms=None,
        spread_ms=None,
        measured_efficiency=None,
        estimated_latency_ms=latency_ms(one.flops, one.traffic_bytes, open_device(device)),
    )
