"""The winning design, the re-ranking beside the baselines, and the scaling grid."""

from components.report.contents import Compared, Contents, ScalingGrid, ScalingPoint, Winner
from components.report.graph_drawing import graph_drawing
from components.report.markup import Markup, join, tag
from components.report.numerals import count, fixed, milliseconds, multiplier, significant
from components.report.sections import Section, absent, figure, note, pending
from components.report.tables import Row, Words, facts, table

CHOSEN_APART = (
    "A first initialisation chose the learning rate on the rows that all are judged by, so the numbers are of the "
    "further ones alone; the order of the rows, by reward, is of all."
)


def winner_section(contents: Contents) -> Section:
    """The winner as a formula, as a drawing and in numbers, with its hardware profile."""
    winner = contents.winner
    if winner is None:
        return Section("winner", "Winner", pending(contents, "There is no winner"))
    return Section(
        "winner",
        "Winner",
        join(
            [
                _formula(winner),
                _drawing(winner),
                _numbers(winner, contents.finishing_quality_name),
                _limits(contents),
                _profile(winner),
            ]
        ),
    )


def _formula(winner: Winner) -> Markup:
    return tag("p", tag("code", winner.formula), class_="formula")


def _drawing(winner: Winner) -> Markup:
    if not any(box.active for box in winner.drawing):
        return absent("This design has no drawing.")
    dead = sum(not box.active for box in winner.drawing)
    left_out = f" {dead} boxes on which the output does not depend are left out." if dead else ""
    order = "Inputs enter a box from top to bottom in the order of its arguments."
    return figure(
        graph_drawing(winner.drawing), f"From the inputs on the left to the output on the right. {order}{left_out}"
    )


def _numbers(winner: Winner, quality_name: str) -> Markup:
    return facts(
        [
            ("network", winner.network),
            ("width", multiplier(winner.width)),
            ("depth", multiplier(winner.depth)),
            *([("learning rate", f"{winner.learning_rate:g}")] if winner.learning_rate is not None else []),
            ("parameters", count(winner.parameters)),
            ("training steps", count(winner.steps)),
            (f"validation {quality_name}", fixed(winner.accuracy)),
            ("latency a batch", milliseconds(winner.latency_ms)),
            ("id", tag("code", winner.id)),
        ]
    )


def _limits(contents: Contents) -> Markup | None:
    if not contents.limits:
        return None
    columns = [Words("limit"), "at most", "winner"]
    rows = [Row([tag("code", one.field), _amount(one.most), _amount(one.winner)]) for one in contents.limits]
    scaled = "Designs kept to these limits as they were searched; the winner is the one chosen, wider or deeper."
    return join([table("Hard limits", columns, rows), note(scaled) if contents.scales else None])


def _amount(value: float | None) -> str:
    """A whole number in full, another one to four digits; in the unit that the field's name says."""
    whole = value is not None and value == round(value) and value >= 10
    return count(round(value)) if whole and value is not None else significant(value, 4)


def _profile(winner: Winner) -> Markup:
    if not winner.profile:
        return absent("The winner has not been timed.")
    columns = [Words("variant"), Words("device"), "batch", "measured", "spread", "roofline estimate",
               "operational intensity", "measured efficiency"]  # fmt: skip
    rows = [
        Row(
            [
                each.variant,
                each.device,
                count(each.batch_size),
                milliseconds(each.latency_ms),
                milliseconds(each.spread_ms),
                milliseconds(each.estimated_latency_ms),
                f"{significant(each.intensity)} FLOP/B",
                fixed(each.measured_efficiency),
            ]
        )
        for each in winner.profile
    ]
    return table("Latency, measured (median and interquartile range) beside the roofline estimate", columns, rows)


def comparison_section(contents: Contents) -> Section:
    """Winner, runners-up and published baselines, trained alike."""
    comparison = contents.comparison
    if comparison is None or not comparison.rows:
        words = pending(contents, "Nothing has been ranked again with longer training")
        return Section("comparison", "Comparison with baselines", words)
    columns = [Words("design"), *comparison.networks, "mean", "latency", "reward", "parameters", Words("formula")]
    rows = [Row(_compared(row, len(comparison.networks)), row.role) for row in comparison.rows]
    task = f" on {contents.target.source}, the target's data," if contents.target else ""
    steps = f"Every design was trained{task} for {count(comparison.steps)} steps with the same settings."
    lacking = None if any(row.role == "baseline" for row in comparison.rows) else absent("No baseline was compared.")
    name = contents.finishing_quality_name
    order = "latency is the geometric mean over the networks; the reward orders the rows"
    caption = f"Validation {name} in each network; {order}"
    parts = [note(steps), note(CHOSEN_APART) if comparison.rates_chosen_apart else None]
    return Section("comparison", "Comparison with baselines", join([*parts, table(caption, columns, rows), lacking]))


def _compared(row: Compared, networks: int) -> list[str]:
    cells = [_accuracy(row, index) for index in range(networks)]
    name = tag("span", row.name, tag("span", row.role, class_="role") if row.role != row.name else None)
    words = tag("span", row.note, class_="failed") if row.note else tag("code", row.formula)
    numbers = [fixed(row.mean), milliseconds(row.latency_ms), fixed(row.reward), count(row.parameters)]
    return [name, *cells, *numbers, words]


def _accuracy(row: Compared, network: int) -> str:
    """Quality in a network, its spread over the initialisations, and the learning rate."""
    if network >= len(row.accuracy) or row.accuracy[network] is None:
        return fixed(None)
    spread = row.spread[network] if network < len(row.spread) else None
    rate = row.learning_rates[network] if network < len(row.learning_rates) else None
    parts = [fixed(row.accuracy[network]), "" if spread is None else f" ± {fixed(spread)}"]
    return "".join([*parts, "" if rate is None else f" at {rate:g}"])


def scaling_section(contents: Contents) -> Section:
    """The grid of widths and depths as one table: a row a depth, a column a width."""
    grid = contents.scaling
    if grid is None or not grid.points:
        return Section("scaling", "Scaling", pending(contents, "No width or depth has been tried"))
    widths = sorted({point.width for point in grid.points})
    depths = sorted({point.depth for point in grid.points})
    places = {(point.width, point.depth): point for point in grid.points}
    columns = [Words("depth"), *(Words(f"width {multiplier(width)}") for width in widths)]
    rows = [Row([multiplier(depth), *(_cell(places.get((width, depth))) for width in widths)]) for depth in depths]
    name = contents.finishing_quality_name.capitalize()
    caption = f"{name}, latency and reward in {grid.network}, each trained for {count(grid.steps)} steps"
    return Section("scaling", "Scaling", join([table(caption, columns, rows), note(_choice(grid))]))


def _cell(point: ScalingPoint | None) -> Markup:
    if point is None:
        return tag("span", "not tried", class_="failed")
    if point.accuracy is None:
        return tag("span", point.note or "no result", class_="failed")
    lines = [
        tag("div", fixed(point.accuracy), class_="main"),
        tag("div", f"{milliseconds(point.latency_ms)}, reward {fixed(point.reward)}"),
        tag("div", f"{count(point.parameters)} parameters") if point.parameters is not None else None,
        tag("div", "chosen", class_="badge") if point.chosen else None,
    ]
    return tag("div", *lines, class_="cell chosen" if point.chosen else "cell")


def _choice(grid: ScalingGrid) -> str:
    chosen = next((point for point in grid.points if point.chosen), None)
    if chosen is None:
        return "None of these points has been chosen yet."
    return f"Chosen by reward: width {multiplier(chosen.width)}, depth {multiplier(chosen.depth)}."
