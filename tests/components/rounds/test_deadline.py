"""When a round's seconds are used up: a sum over records, whatever the clock did meanwhile."""

import time

import pytest

from components.records.store import open_search
from components.rounds import deadline as module
from components.rounds.deadline import RoundClock, deadline, round_spans
from tests.round_records import (
    candidate,
    plan,
    profile_of,
    put_probe,
    put_profile,
    put_training,
    put_verdict,
    span,
    trial,
)

HOUR = 3600.0


@pytest.fixture
def store(tmp_path):
    return open_search(str(tmp_path))


def seconds_left(store, of, monkeypatch, at_work=0.0):
    """What `deadline` leaves from now, for a process that has been at work for some seconds."""
    monkeypatch.setattr(module, "process_start_seconds", lambda: time.time() - at_work)
    return deadline(store, of) - time.monotonic()


def test_without_a_limit_there_is_no_deadline(store):
    assert deadline(store, plan([])) is None


def test_the_spans_of_a_round_are_those_of_its_plan_and_of_all_its_records(store):
    one, other = candidate("a"), candidate("b")
    of = plan([one, other], span=span(0, 1))
    put_probe(store, of, one, [trial("small")], span=span(1, 2))
    put_verdict(store, of, one, span=span(2, 3))
    put_training(store, of, one, [trial("small")], span=span(3, 4))
    put_profile(store, of, one, [profile_of("small", 1.0)], span=span(4, 5))
    put_probe(store, of, other, [trial("small")], span=span(5, 6))
    assert sorted(one.start_seconds for one in round_spans(store, of)) == [0, 1, 2, 3, 4, 5]


def test_what_the_records_used_is_taken_off(store, monkeypatch):
    one = candidate("a")
    of = plan([one], span=span(0, 10), seconds_left=100.0)
    put_probe(store, of, one, [trial("small")], span=span(10, 40))
    assert seconds_left(store, of, monkeypatch) == pytest.approx(60, abs=0.1)


def test_time_lying_still_costs_nothing(store, monkeypatch):
    """The search was killed, and started again a day later."""
    one = candidate("a")
    yesterday = time.time() - 24 * HOUR
    of = plan([one], span=span(yesterday, yesterday + 10), seconds_left=100.0)
    put_probe(store, of, one, [trial("small")], span=span(yesterday + 10, yesterday + 40))
    assert seconds_left(store, of, monkeypatch) == pytest.approx(60, abs=0.1)


def test_two_shards_at_the_same_time_use_their_seconds_once(store, monkeypatch):
    one, other = candidate("a"), candidate("b")
    of = plan([one, other], span=span(0, 1), seconds_left=100.0)
    put_probe(store, of, one, [trial("small")], span=span(1, 31))
    put_probe(store, of, other, [trial("small")], span=span(11, 41))
    assert seconds_left(store, of, monkeypatch) == pytest.approx(59, abs=0.1)


def test_the_start_of_this_process_counts_though_no_record_says_so_yet(store, monkeypatch):
    of = plan([candidate("a")], span=span(0, 10), seconds_left=100.0)
    assert seconds_left(store, of, monkeypatch, at_work=7.0) == pytest.approx(83, abs=0.1)


def test_what_this_process_has_recorded_already_counts_once(store, monkeypatch):
    """It started 30 s ago and has recorded a first candidate, from its start until 5 s ago."""
    one, now = candidate("a"), time.time()
    of = plan([one, candidate("b")], span=span(0, 10), seconds_left=100.0)
    put_probe(store, of, one, [trial("small")], span=span(now - 30, now - 5))
    assert seconds_left(store, of, monkeypatch, at_work=30.0) == pytest.approx(60, abs=0.1)


def test_a_round_without_seconds_is_past_its_deadline(store, monkeypatch):
    assert seconds_left(store, plan([], seconds_left=0.0), monkeypatch) < 0


def test_the_clock_of_a_round_asks_its_records_once(store, monkeypatch):
    """What is recorded while a step is at work has been running on its clock already."""
    monkeypatch.setattr(module, "process_start_seconds", time.time)
    one = candidate("a")
    of, over = plan([one], span=span(0, 10), seconds_left=100.0), plan([], round="rounds/00002", seconds_left=0.0)
    clock = RoundClock(store)
    assert (clock.is_up(of), clock.is_up(over), clock.is_up(plan([], round="rounds/00003"))) == (False, True, False)
    put_probe(store, of, one, [trial("small")], span=span(10, 400))
    assert (clock.is_up(of), RoundClock(store).is_up(of)) == (False, True)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 91)
    assert clock.is_up(of)
