"""The fragment of one round for a pipeline's user interface."""

from html.parser import HTMLParser

from components.records.results import ScoredCandidate, Scores
from components.report.round_view import round_view


def scored(id: str, reason: str | None, quality: float | None = None) -> ScoredCandidate:
    """A candidate of round 3."""
    latency = None if quality is None else 12.34
    return ScoredCandidate(
        id=id, round="rounds/00003", spec={}, reason=reason, quality=quality, latency_ms=latency, reward=quality
    )


class Balance(HTMLParser):
    """Notes whether every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def balanced(fragment: str) -> bool:
    """Whether all tags of a fragment are closed."""
    parser = Balance()
    parser.feed(fragment)
    return not parser.open


def test_round_view_shows_best_counts_and_what_comes_next():
    best = tuple(scored(f"candidate-{i}", None, 0.98 - 0.01 * i) for i in range(8))
    round_ = (scored("a", "quality"), scored("b", "quality"), scored("c<", "stability"), best[0])
    scores = Scores(
        kind="search", round="rounds/00003", scored=round_, best=best, candidates=24, active_seconds=135.0,
        hypervolume=3.21456, another_round=False, why="the candidate budget is exhausted",
    )  # fmt: skip
    fragment = round_view(scores)
    assert balanced(fragment)
    assert "0.980" in fragment and "3.215" in fragment and "2 min 15 s" in fragment
    assert "the candidate budget is exhausted" in fragment
    assert fragment.index(">scored<") < fragment.index(">quality<") < fragment.index(">stability<")
    assert "candidate-4" in fragment and "candidate-5" not in fragment


def test_round_view_of_a_round_without_survivors_says_so():
    scores = Scores(kind="search", round="rounds/00001", scored=(scored("a", "non_finite"),), another_round=True)
    fragment = round_view(scores)
    assert balanced(fragment)
    assert "No candidate has survived so far." in fragment and "another round" in fragment
    assert "No candidate in this round." in round_view(Scores(kind="search", round="rounds/00001", scored=()))


def test_round_view_escapes():
    assert "<img" not in round_view(Scores(kind="search", round="<img src=x>", scored=(), why="<img src=y>"))
