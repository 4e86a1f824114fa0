"""How far a search is, told from its records at every point of its way."""

import io

import pytest
from rich.console import Console

from components.data_split.stage import split_search_data
from components.hardware_benchmarking.layers import measure_layers
from components.records.results import Scores
from components.records.store import open_search, require_record
from components.search_file.stored import get_search
from components.search_file.validate import read_search
from pipelines import live_view
from pipelines.live_view import LiveView, plain_line
from pipelines.progress import Progress, ProgressReader
from tests.faults.walk import walk_round
from tests.layered_search import measure_briefly
from tests.small_search import WatchedStore, description
from tests.small_sharing import sharing_description


@pytest.fixture
def at(small_search):
    def read(name):
        return ProgressReader(open_search(str(small_search.at[name]))).read()

    return read


def quality(progress_store, number):
    scores = require_record(progress_store, f"rounds/{number:05d}/scores.json", Scores)
    return max((one.quality for one in scores.scored if one.quality is not None), default=0.0)


def test_before_the_data_are_split_nothing_else_is_said(tmp_path):
    assert ProgressReader(open_search(str(tmp_path))).read() == Progress("splitting the data")


@pytest.mark.parametrize(
    ("name", "doing", "counts"),
    [
        ("split", "proposing the first candidates", (0, 0, 0, 0, 0)),
        ("proposed", "search round 1", (0, 4, 0, 0, 4)),
        ("probed", "search round 1", (0, 4, 4, 0, 4)),
        ("round 1", "search round 1", (1, 4, 4, 4, 4)),
        ("searched", "search round 2", (2, 8, 8, 4, 4)),
        ("trained", "training the ensemble", (2, 8, 8, 2, 2)),
        ("finished", "finished", (2, 8, 8, 2, 2)),
    ],
)
def test_what_is_done_and_wanted_at_each_point(at, name, doing, counts):
    """Counted: committed rounds, candidates proposed and probed; trials of the round at work, done and in all."""
    progress = at(name)
    assert progress.doing == doing
    found = (progress.committed, progress.proposed, progress.probed, progress.done, progress.wanted)
    assert found == counts


def test_candidates_are_trained_or_rejected_and_none_is_lost(at):
    progress = at("searched")
    assert progress.trained + sum(count for _, count in progress.rejected) == 8
    assert [reason for reason, _ in progress.rejected] == sorted(reason for reason, _ in progress.rejected)


def test_the_best_fitness_is_that_of_the_scores_and_known_before_they_are(at, small_search):
    store = open_search(str(small_search.at["finished"]))
    assert at("split").best is None and at("probed").best is None
    assert at("round 1").best == pytest.approx(quality(store, 1))
    assert at("searched").best == pytest.approx(max(quality(store, 1), quality(store, 2)))


def test_the_seconds_are_those_of_the_committed_rounds(at, small_search):
    store = open_search(str(small_search.at["finished"]))
    assert at("probed").active_seconds == 0.0
    assert at("finished").active_seconds == require_record(store, "rounds/00002/scores.json", Scores).active_seconds


def test_a_record_that_was_read_is_not_read_again(small_search):
    """The view looks four times a second, at a search of thousands of records."""
    store = WatchedStore(str(small_search.at["searched"]))
    reader = ProgressReader(store)
    first = reader.read()
    there = [path for _, path in store.reads if store.exists(path)]
    assert there and len(there) == len(set(there))
    store.reads.clear()
    assert reader.read() == first
    assert [path for _, path in store.reads if store.exists(path)] == []


def test_a_line_has_what_people_ask_for():
    search = read_search(description())
    progress = Progress(
        "search round 2",
        proposed=8, probed=6, trained=2, rejected=(("quality", 3), ("size", 1)), best=0.71239, done=2, wanted=4,
    )  # fmt: skip
    assert plain_line(progress, search) == (
        "search round 2 (2/4): 6 probed, 2 trained, 4 rejected (quality 3, size 1), 2 left, best 0.7124"
    )
    assert plain_line(Progress("splitting the data"), search) == (
        "splitting the data (0/0): 0 probed, 0 trained, 0 rejected, 8 left"
    )


def shown(store, search, terminal):
    """What a view writes in two ticks, of which the second sees nothing new."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100, _environ={})
    with LiveView(store, search, console) as view:
        view.tick(0.0)
        view.tick(0.0)
        if view._live is not None:
            console.print(view._live.renderable)
    return output.getvalue()


def test_without_a_terminal_a_line_is_written_for_each_change_only(small_search):
    store = open_search(str(small_search.at["searched"]))
    output = shown(store, get_search(store), terminal=False)
    assert output.count("\n") == 1 and output.startswith("  0:00  search round 2 (4/4): 8 probed, ")
    assert "\x1b" not in output


def test_in_a_terminal_there_is_one_view_with_all_of_it(small_search):
    store = open_search(str(small_search.at["searched"]))
    search = read_search(description(budget={"hours": 1.0}))
    output = shown(store, search, terminal=True)
    for text in ("archloom", "small", "search round 2 (4 of 4 done)", "8 probed", "rejected (", "of the budget left",
                 "0 of 8 candidates left"):  # fmt: skip
        assert text in output


@pytest.mark.parametrize(("seconds", "clock"), [(0, "  0:00"), (59.9, "  0:59"), (61, "  1:01"), (3600, " 60:00")])
def test_a_clock_has_minutes_and_seconds(seconds, clock):
    assert live_view._clock(seconds) == clock


def test_a_damaged_record_leaves_the_view_as_it_was(store_at):
    """The step that needs it fails and says so; a view must not end the run."""
    store = store_at("round 1")
    store.delete("rounds/00001/scores.json")
    store.create("rounds/00001/scores.json", b"{")
    assert shown(store, read_search(description()), terminal=False) == ""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What is printed of a search with shared weights whose layers are measured, step by step."""
    text = sharing_description(
        rejection={"size": {"parameters": 500, "layers_latency_ms": 60_000}},
        scoring={"latency": "measured", "device": "host"},
    )
    store, lines = open_search(str(tmp_path_factory.mktemp("shared"))), []

    def look():
        lines.append(plain_line(ProgressReader(store).read(), read_search(text)))

    split_search_data(store, text)
    look()
    with pytest.MonkeyPatch.context() as monkeypatch:
        measure_briefly(monkeypatch)
        measure_layers(store)
    look()
    while walk_round(store).another_round:
        look()
    look()
    return store, lines


def test_layers_that_are_measured_are_named(shared):
    """They may take minutes, in which nothing is proposed."""
    _, (measuring, proposing, *_) = shared
    assert measuring == "measuring layers on host (0/0): 0 probed, 0 trained, 0 rejected, 8 left"
    assert proposing.startswith("proposing the first candidates")


def test_candidates_of_shared_weights_count_against_the_budget(shared):
    """Four a round, of eight; the best is the best of them, not the network that holds the weights."""
    store, (_, _, first, second) = shared
    best = [max(one.quality for one in require_record(store, f"rounds/{number:05d}/scores.json", Scores).scored)
            for number in (1, 2)]  # fmt: skip
    assert first == f"search round 1 (1/1): 4 judged with shared weights, 4 left, best {best[0]:.4f}"
    assert second == f"search round 2 (1/1): 8 judged with shared weights, 0 left, best {max(best):.4f}"
