"""How long a request is asked again."""

import random

import pytest

from components.records import retrying
from components.records.retrying import ATTEMPTS, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, retried


class Busy(Exception):
    """What passes."""


def passes(error):
    return isinstance(error, Busy)


class Request:
    """Fails some times, then returns 7."""

    def __init__(self, *errors):
        self.errors, self.made = list(errors), 0

    def __call__(self):
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


@pytest.fixture
def pauses(monkeypatch):
    taken = []
    monkeypatch.setattr(retrying.time, "sleep", taken.append)
    return taken


def test_an_answer_at_once_takes_one_request_and_no_pause(pauses):
    request = Request()
    assert retried(request, passes) == 7
    assert request.made == 1 and pauses == []


def test_what_passes_is_asked_again_until_it_is_answered(pauses):
    request = Request(*[Busy()] * (ATTEMPTS - 1))
    assert retried(request, passes) == 7
    assert request.made == ATTEMPTS


def test_the_last_error_is_raised(pauses):
    errors = [Busy(number) for number in range(ATTEMPTS)]
    request = Request(*errors)
    with pytest.raises(Busy) as raised:
        retried(request, passes)
    assert raised.value is errors[-1]
    assert len(pauses) == ATTEMPTS - 1


def test_what_does_not_pass_is_raised_at_once(pauses):
    request = Request(Busy(), KeyError("gone"))
    with pytest.raises(KeyError):
        retried(request, passes)
    assert request.made == 2


def test_pauses_grow_twofold_up_to_the_cap_and_fill_their_range(pauses):
    """400 draws a pause: that none lies in the upper or none in the lower tenth has a chance of 2 * 0.9^400 < 1e-17."""
    for _ in range(400):
        with pytest.raises(Busy):
            retried(Request(*[Busy()] * ATTEMPTS), passes)
    caps = [min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**failures) for failures in range(ATTEMPTS - 1)]
    assert caps == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    for failures, cap in enumerate(caps):
        drawn = pauses[failures :: ATTEMPTS - 1]
        assert 0 <= min(drawn) < 0.1 * cap and 0.9 * cap < max(drawn) <= cap


def test_pauses_neither_follow_nor_disturb_the_seeded_generator(pauses):
    """Every worker seeds `random` alike before training: with it, all would come back at the same moment."""
    drawn = []
    for _ in range(2):
        random.seed(3)
        retried(Request(Busy(), Busy()), passes)
        drawn.append(random.random())
    assert drawn[0] == drawn[1] == random.Random(3).random()
    assert pauses[:2] != pauses[2:]
