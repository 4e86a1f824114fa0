"""What two runs of the same search must agree on."""

import msgspec
import pytest

from components.records.summary import (
    CandidateSummary,
    PartQuality,
    PredictorSummary,
    RoundSummary,
    Summary,
    WinnerSummary,
    comparable,
)

QUALITY = PartQuality(accuracy=0.9, nll=0.3, ece=0.02, brier=0.1, auc=0.95, rmse=2.5, mae=1.5, r_squared=0.7)
PREDICTOR = PredictorSummary(name="single best", validation=QUALITY, test=QUALITY)
SUMMARY = Summary(
    name="tiny",
    seed=3,
    outcome="finished",
    why="8 candidates were tried",
    rounds=(
        RoundSummary(
            round="rounds/00001",
            screened={"raw": 9, "ignores_input": 5},
            candidates=(CandidateSummary(id="a", fitness=(0.5, 0.75)), CandidateSummary(id="b", reason="quality")),
        ),
    ),
    rejected={"quality": 1},
    winner=WinnerSummary(
        id="a",
        spec=[["neg", [0]]],
        formula="-x",
        network="n",
        width=1.0,
        depth=2.0,
        learning_rate=0.1,
        parameters=70,
        latency_ms=1.5,
    ),
    members=(PREDICTOR,),
    single_best=PREDICTOR,
    mean_member=PREDICTOR,
    ensemble=PREDICTOR,
    weights_bytes=280,
    active_seconds=12.5,
    finishing_seconds=7.5,
)


def leaves(data, path=""):
    """Yields the path and value of everything that is no mapping and no list."""
    if isinstance(data, dict | list):
        for name, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, f"{path}.{name}")
    else:
        yield path, data


def changed(data, path, value):
    """A copy of JSON data with one leaf changed."""
    copy = msgspec.json.decode(msgspec.json.encode(data))
    *folders, last = path.strip(".").split(".")
    inner = copy
    for name in folders:
        inner = inner[int(name)] if isinstance(inner, list) else inner[name]
    inner[int(last) if isinstance(inner, list) else last] = value
    return copy


DATA = msgspec.json.decode(msgspec.json.encode(SUMMARY))
LEAVES = dict(leaves(DATA))
MEASURED = {".winner.latency_ms", ".active_seconds", ".finishing_seconds"}
OTHER = {"finished": "nothing_survived", "quality": "size", "searched": "baseline"}  # of fields that are one of a few


def another(value):
    if isinstance(value, str):
        return OTHER.get(value, value + "!")
    return value + 1 if value is not None else "size"


def test_every_field_of_the_example_is_told_apart():
    assert len(LEAVES) > 50 and set(LEAVES) > MEASURED


@pytest.mark.parametrize("path", sorted(set(LEAVES) - MEASURED))
def test_a_difference_in_what_repeats_is_seen(path):
    altered = changed(DATA, path, another(LEAVES[path]))
    assert comparable(msgspec.convert(altered, Summary)) != comparable(SUMMARY)


@pytest.mark.parametrize("path", sorted(MEASURED))
def test_a_difference_in_what_is_measured_is_not(path):
    altered = changed(DATA, path, 99.0)
    assert comparable(msgspec.convert(altered, Summary)) == comparable(SUMMARY)


def test_a_candidate_more_or_less_is_seen():
    (only,) = SUMMARY.rounds
    shorter = msgspec.structs.replace(only, candidates=only.candidates[:1])
    assert comparable(msgspec.structs.replace(SUMMARY, rounds=(shorter,))) != comparable(SUMMARY)
