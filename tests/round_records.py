"""Records of rounds by hand, for tests that need no training: everything that a test doesn't say is plain."""

import msgspec

from components.hardware.devices import HOST
from components.records.data_section import Data
from components.records.layout import SEARCH, profile_path, trial_path
from components.records.results import (
    Candidate,
    Plan,
    Profile,
    Span,
    TrainingRecord,
    TrialResult,
    Variant,
    VariantProfile,
    Verdict,
)
from components.records.search import Choice, Search
from components.records.store import write_record
from components.search_file.stored import get_search

SEARCH_OF = Search(name="by-hand", data=Data(source="sklearn:digits"), space=Choice(name="norm_act_layer"))
SPAN = Span(start_seconds=1000.0, duration_seconds=1.0)
NETWORKS = ("small", "large")


def span(start, stop):
    return Span(start_seconds=float(start), duration_seconds=float(stop - start))


def search_of(**sections):
    """A search description whose sections are the plain ones but for these."""
    return msgspec.structs.replace(SEARCH_OF, **sections)


def candidate(identity, networks=NETWORKS, **fields):
    """A candidate in the given networks, each costing 100 parameters and 1000 multiply-adds."""
    cost = {"parameters": 100.0, "multiply_adds": 1000.0, "activation_bytes": 400.0, "traffic_bytes": 800.0}
    given = {"spec": identity, "origin": "random", "costs": dict.fromkeys(networks, cost)} | fields
    return Candidate(id=identity, variants=tuple(Variant(name=one, network=one) for one in networks), **given)


def plan(candidates, **fields):
    """A first search round of one shard, probed for 10 steps of 30."""
    given = {"kind": "search", "round": "rounds/00001", "shards": 1, "probe_steps": 10, "full_steps": 30, "span": SPAN}
    return Plan(candidates=tuple(candidates), **(given | fields))


def trial(variant, accuracy=0.5, **fields):
    """A trained variant; without an accuracy it must say its status."""
    nll = None if accuracy is None else 0.5
    return TrialResult(variant=variant, accuracy=accuracy, **({"status": "trained", "steps": 30, "nll": nll} | fields))


def profile_of(variant, latency_ms, *, intensity=2.0, measured=True, efficiency=0.5):
    """A variant's profile; the estimate is a tenth of the measured latency."""
    return VariantProfile(
        variant=variant,
        device="host",
        batch_size=8,
        latency_ms=latency_ms if measured else None,
        estimated_latency_ms=latency_ms / 10,
        flops=100.0,
        traffic_bytes=100.0 / intensity,
        intensity=intensity,
        measured_efficiency=efficiency if measured else None,
    )


def put_probe(store, of, one, trials, **fields):
    record = TrainingRecord(candidate=one.id, phase="probe", trials=tuple(trials), **({"span": SPAN} | fields))
    write_record(store, f"{trial_path(of.round, one.id)}/probe.json", record)


def put_verdict(store, of, one, reason=None, **fields):
    given = {"detail": "" if reason is None else f"because of {reason}", "kept": NETWORKS, "span": SPAN} | fields
    record = Verdict(candidate=one.id, reason=reason, **given)
    write_record(store, f"{trial_path(of.round, one.id)}/verdict.json", record)


def put_training(store, of, one, trials=(), **fields):
    record = TrainingRecord(candidate=one.id, phase="full", trials=tuple(trials), **({"span": SPAN} | fields))
    write_record(store, f"{trial_path(of.round, one.id)}/training.json", record)


def put_profile(store, of, one, profiles=(), **fields):
    record = Profile(candidate=one.id, variants=tuple(profiles), **({"span": SPAN} | fields))
    device = get_search(store).scoring.device if store.exists(SEARCH) else HOST
    write_record(store, profile_path(of.round, one.id, device), record)
