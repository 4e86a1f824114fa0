"""The top of the page: what came out in a few large numbers, and what the data are."""

import math
from collections.abc import Sequence

from components.records.manifest import DataManifest, Split
from components.report.contents import Compared, Contents
from components.report.markup import Markup, join, tag
from components.report.measures import Measure, measures_of
from components.report.numerals import count, fixed, milliseconds, seconds, significant
from components.report.predictions import Ensemble
from components.report.sections import Section, note, pending, prose
from components.report.tables import Row, Words, facts, table

LISTED_CLASSES = 12  # with more, only the rarest and the most frequent are counted
NORMAL_95 = 1.959964  # the normal distribution's 97.5 % quantile


def accuracy_interval(accuracy: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy that was counted on so many rows; rows >= 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    square = NORMAL_95**2 / rows
    centre = (accuracy + square / 2) / (1 + square)
    half = math.sqrt(square * accuracy * (1 - accuracy) + square**2 / 4) / (1 + square)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def result_section(contents: Contents) -> Section:
    """The ensemble on the test rows beside a member and the single best, the winner's size, how much was tried."""
    quality, effort = _ensemble_tiles(contents), [*_winner_tiles(contents), *_search_tiles(contents)]
    advice = [tag("li", prose(line)) for line in contents.advice]
    return Section(
        "result",
        "Result",
        join(
            [
                tag("div", tag("h3", "What to change"), tag("ul", *advice), class_="advice") if advice else None,
                tag("div", *quality, class_="tiles quality") if quality else pending(contents, "There is no ensemble"),
                tag("div", *effort, class_="tiles"),
            ]
        ),
    )


def _tile(name: str, value: str, *lines: str | None) -> Markup:
    small = [tag("div", line, class_="line") for line in lines if line]
    return tag("div", tag("div", name, class_="name"), tag("div", value, class_="value"), *small, class_="tile")


def _ensemble_tiles(contents: Contents) -> list[Markup]:
    if contents.ensemble is None:
        return []
    test = contents.ensemble.together.test
    tested = contents.target or contents.data
    rows = tested.test.rows if tested else 0
    interval = None
    if test.accuracy is not None and rows:
        low, high = accuracy_interval(test.accuracy, rows)
        interval = f"95 % interval {fixed(low)} to {fixed(high)}, {count(rows)} rows"
    return [
        _tile(each.title, each.of(test), _beside(contents.ensemble, each), each.reading or interval)
        for each in measures_of(test)
    ]


def _beside(ensemble: Ensemble, measure: Measure) -> str:
    mean, best = measure.of(ensemble.mean_member.test), measure.of(ensemble.single_best.test)
    return f"mean member {mean}, single best {best}"


def _winner_tiles(contents: Contents) -> list[Markup]:
    winner = contents.winner
    if winner is None:
        return []
    tiles = [
        _tile("Parameters of a member", count(winner.parameters), f"{milliseconds(winner.latency_ms)} a batch"),
    ]
    best, row = _best_of(contents, "baseline"), _best_of(contents, "winner")
    if best and row:
        against = f"{best.name} {fixed(best.mean)}"
        name = f"validation {contents.finishing_quality_name}, equal training"
        tiles.append(_tile("Winner and best baseline", fixed(row.mean), against, name))
    return tiles


def _best_of(contents: Contents, role: str) -> Compared | None:
    """The compared design of a role that has the highest mean."""
    rows = contents.comparison.rows if contents.comparison else ()
    return max((row for row in rows if row.role == role and row.mean is not None), key=_mean, default=None)


def _mean(row: Compared) -> float:
    return row.mean or 0.0


def _search_tiles(contents: Contents) -> list[Markup]:
    searched = [tried for tried in contents.candidates if tried.scored.role == "searched"]
    survived = sum(tried.scored.quality is not None for tried in searched)
    rounds = sum(each.kind == "search" for each in contents.rounds)
    outcome = f"{count(survived)} scored, {count(len(searched) - survived)} not"
    if contents.shares_weights:  # whose rounds report the most probable designs, often the same ones
        outcome = f"{count(len({tried.scored.id for tried in searched}))} different ones, {outcome}"
    return [
        _tile("Candidates tried", count(len(searched)), outcome, f"search rounds: {count(rounds)}"),
        _tile("Wall time", seconds(contents.wall_seconds), "the whole search so far"),
    ]


def data_section(contents: Contents) -> Section:
    """Source, shape, classes, and the rows of each part by class; those of the target below those of the search."""
    data, target = contents.data, contents.target
    if data is None:
        return Section("data", "Data", pending(contents, "The data have not been split"))
    purpose = "Training rows train, validation rows guide the search, and test rows are read once, at the end."
    if target is None:
        return Section("data", "Data", join([*_data_parts(data, purpose)]))
    own = "The search rounds train on these rows and are guided by their validation rows; nothing reads the test rows."
    finishing = (
        "The best few were trained again on these rows, the target's: they are ranked, scaled and assembled on its "
        "validation rows, and its test rows are read once, at the end."
    )
    headings = [tag("h3", "Of the search rounds"), tag("h3", "Of the target")]
    return Section(
        "data", "Data", join([headings[0], *_data_parts(data, own), headings[1], *_data_parts(target, finishing)])
    )


def _data_parts(data: DataManifest, purpose: str) -> list[Markup | None]:
    parts = [("train", data.train), ("validation", data.validation), ("test", data.test)]
    shape = " × ".join(str(size) for size in data.input_shape)
    numbers = [
        ("source", data.source),
        ("a row", f"{shape} {_unit(data)}"),
        _labels(data),
        ("rows", count(sum(part.rows for _, part in parts))),
    ]
    return [facts(numbers), note(purpose), *_columns(data), _rows_by_part(data, parts)]


def _labels(data: DataManifest) -> tuple[str, str]:
    """How many classes there are, or what numbers the labels are."""
    if data.task == "classification":
        return "classes", count(len(data.classes))
    mean, deviation = significant(data.label_mean, 4), significant(data.label_deviation, 4)
    return "labels", f"numbers to predict, mean {mean} and deviation {deviation} of the training rows"


def _columns(data: DataManifest) -> list[Markup]:
    """The columns of a table that are no inputs, and those that people should look at."""
    titles = {"Columns that are left out": data.left_out, "Columns to look at": data.remarks}
    return [
        table(title, [Words("column"), Words("reason")], [Row([name, reason]) for name, reason in held.items()])
        for title, held in titles.items()
        if held
    ]


def _rows_by_part(data: DataManifest, parts: Sequence[tuple[str, Split]]) -> Markup:
    if data.task == "regression":
        counted = [Row([name, count(part.rows)]) for name, part in parts]
        return table("Rows of each part", [Words("part"), "rows"], counted)
    listed = len(data.classes) <= LISTED_CLASSES
    rows = [Row([name, count(part.rows), *map(count, _by_class(part.class_rows, listed))]) for name, part in parts]
    columns = data.classes if listed else ("fewest in a class", "most in a class")
    return table("Rows of each part, and of the classes in it", [Words("part"), "rows", *columns], rows)


def _unit(data: DataManifest) -> str:
    if data.vocabulary is not None:
        return f"words, of {count(data.vocabulary - 2)} that are known"  # the others are padding and an unknown word
    return "values" if len(data.input_shape) == 1 else "pixels and channels"


def _by_class(rows: tuple[int, ...], listed: bool) -> tuple[int, ...]:
    return rows if listed else (min(rows), max(rows))
