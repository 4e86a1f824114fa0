"""A search that ends after each single write, and is started again after each, finds what the unbroken one does."""

import msgspec
import pytest

from components.records import attempts
from components.records.layout import search_round
from components.records.results import TrainingRecord
from components.records.store import open_search
from components.records.summary import comparable
from tests.faults.breaking_store import BreakingStore, Broken, every_write, in_this_process
from tests.faults.reference import TINY, first_difference, reference
from tests.faults.walk import walk

TEXT = TINY.read_text(encoding="utf-8")


def test_the_reference_means_something():
    """Two rounds, an ensemble, candidates that survived and some that did not."""
    summary = reference().summary
    candidates = [one for part in summary["rounds"][:2] for one in part["candidates"]]
    assert [part["round"] for part in summary["rounds"][:2]] == [search_round(1), search_round(2)]
    assert any(one["reason"] is None for one in candidates) and any(one["reason"] == "quality" for one in candidates)
    assert len(summary["members"]) == 2


def test_a_search_that_is_restarted_after_every_write_finds_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(attempts, "_in_child", in_this_process(every_write))
    breaks, summary = [], None
    while summary is None:
        try:
            summary = walk(BreakingStore(str(tmp_path), every_write), TEXT)
        except Broken as broken:
            breaks.append(broken.path)
    records = [path for path in open_search(str(tmp_path)).paths("") if every_write(path)]
    with capsys.disabled():
        print(f"[{len(breaks)} restarts]", end=" ")
    assert len(breaks) > len(records) > 0  # deleted weights broke twice
    assert set(records) <= set(breaks)
    assert first_difference(reference().summary, comparable(summary)) is None


def test_a_record_that_was_tampered_with_shows(tmp_path):
    """Else the comparisons with the reference would prove nothing."""
    with pytest.raises(Broken):
        walk(BreakingStore(str(tmp_path), lambda path: path == f"{search_round(1)}/scores.json"), TEXT)
    store = open_search(str(tmp_path))
    scores = tmp_path / search_round(1) / "scores.json"
    scores.unlink()  # as if it had ended one write earlier
    path = next(tmp_path.glob(f"{search_round(1)}/trials/*/training.json"))
    record = msgspec.json.decode(path.read_bytes(), type=TrainingRecord)
    trial = msgspec.structs.replace(record.trials[0], accuracy=record.trials[0].accuracy + 1e-9)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, trials=(trial,))))
    ids = [one["id"] for one in reference().summary["rounds"][0]["candidates"]]
    difference = first_difference(reference().summary, comparable(walk(store, TEXT)))
    assert difference is not None
    assert difference.startswith(f"$.rounds[0].candidates[{ids.index(record.candidate)}].fitness[0]: ")
