"""One round as a small HTML fragment that a pipeline's user interface shows beside its step."""

from collections import Counter

from components.records.results import Scores
from components.report.markup import Markup, tag
from components.report.numerals import count, fixed, milliseconds, seconds, significant
from components.report.stylesheet import FRAGMENT_STYLE
from components.report.tables import Row, Words, facts, table

BEST = 5  # rows of the table of the best


def round_view(scores: Scores) -> str:
    """Best fitness, hypervolume, what became of the round's candidates, and the best few of the search so far."""
    reasons = Counter(scored.reason or "scored" for scored in scores.scored)
    outcomes = [
        Row([reason.replace("_", " "), count(held)])
        for reason, held in sorted(reasons.items(), key=lambda item: (item[0] != "scored", -item[1], item[0]))
    ]
    qualities = [scored.quality for scored in scores.best if scored.quality is not None]
    summary = facts(
        [
            ("best quality so far", fixed(max(qualities, default=None))),
            ("hypervolume", significant(scores.hypervolume, 4)),
            ("candidates so far", count(scores.candidates)),
            ("active time", seconds(scores.active_seconds)),
            ("next", "another round" if scores.another_round else scores.why or "no further round"),
        ]
    )
    this_round = _absent("No candidate in this round.")
    if outcomes:
        this_round = table("This round", [Words("outcome"), "candidates"], outcomes)
    style = tag("style", Markup(FRAGMENT_STYLE))
    return tag("div", style, tag("h2", scores.round), summary, this_round, _best(scores), class_="round")


def _best(scores: Scores) -> Markup:
    if not scores.best:
        return _absent("No candidate has survived so far.")
    rows = [
        Row([tag("code", best.id), fixed(best.quality), milliseconds(best.latency_ms), fixed(best.reward)])
        for best in scores.best[:BEST]
    ]
    return table("Best of the search so far, by reward", [Words("id"), "quality", "latency", "reward"], rows)


def _absent(words: str) -> Markup:
    return tag("p", words, class_="absent")
