"""A candidate's hardware profiles: one a benchmarked device, and the one that it is judged by."""

from collections.abc import Iterable

from components.hardware.devices import HOST, Device, open_device
from components.hardware.roofline import latency_ms, operational_intensity
from components.records.layout import profile_path, trial_path
from components.records.results import Candidate, Profile, VariantProfile
from components.records.search import Scoring
from components.records.store import Store, read_record, require_record
from components.rounds.predicted_work import forward_pass


def profiles_of(store: Store, round_path: str, candidate: str) -> list[Profile]:
    """Returns a candidate's profiles, one a device that it was benchmarked on, in the order of the devices' names."""
    folder = trial_path(round_path, candidate)
    paths = [path for path in store.paths(folder) if path.startswith(f"{folder}/profile-")]
    return [require_record(store, path, Profile) for path in paths]


def is_profiled(names: Iterable[str], scoring: Scoring) -> bool:
    """Whether there is what `judging_profile` needs, by the names of what lies in a candidate's folder."""
    if scoring.latency == "measured" or scoring.device == HOST:
        return f"profile-{scoring.device}.json" in names
    return any(name.startswith("profile-") for name in names)


def judging_profile(
    store: Store, round_path: str, candidate: Candidate, variants: Iterable[str], scoring: Scoring
) -> Profile | None:
    """Returns the profile of the device that scoring names, None where there is none.

    An estimate for a device of the table needs no measurement, so it doesn't depend on where the candidate was
    benchmarked, nor on whether that went well; there is one as soon as there is any profile.

    Args:
        store: the search's.
        round_path: of the candidate's round.
        candidate: the candidate.
        variants: names of those that were trained.
        scoring: says which device, and whether its latency is measured.
    """
    own = read_record(store, profile_path(round_path, candidate.id, scoring.device), Profile)
    if scoring.latency == "measured" or scoring.device == HOST:
        return own
    if own is not None and own.variants:
        return own
    others = [own] if own else profiles_of(store, round_path, candidate.id)
    if not others:
        return None
    device = open_device(scoring.device)
    estimates = tuple(estimated_variant(candidate, name, device, scoring.batch_size) for name in variants)
    return Profile(candidate=candidate.id, variants=estimates, span=others[0].span)


def estimated_variant(candidate: Candidate, variant: str, device: Device, batch_size: int) -> VariantProfile:
    """Returns the roofline estimate of a variant's forward pass of a batch, from its predicted costs."""
    flops, traffic = forward_pass(candidate.costs[variant], batch_size)
    return VariantProfile(
        variant=variant,
        device=device.name,
        batch_size=batch_size,
        estimated_latency_ms=latency_ms(flops, traffic, device),
        flops=flops,
        traffic_bytes=traffic,
        intensity=operational_intensity(flops, traffic),
    )
