"""How the search went: progress, rounds, Pareto front, what was rejected and why, every candidate."""

from collections import Counter
from collections.abc import Sequence

from components.report.contents import Contents, Tried
from components.report.markup import Markup, join, tag
from components.report.numerals import count, fixed, milliseconds, percent, seconds, significant
from components.report.pareto_figure import pareto_figure, points_of
from components.report.progress_figure import progress_figure
from components.report.sections import Section, absent, figure, note, pending
from components.report.tables import Row, Words, table

LISTED = 200  # candidates in the table of all; a longer search lists the best of them

REASONS = {
    "size": "predicted size over the limit",
    "non_finite": "loss became NaN or infinite",
    "quality": "probe below the quality threshold",
    "latency": "measured latency over the limit",
    "stability": "gradient norm exploded in the stability test",
    "failed": "could not be built or trained, or its process died",
    "time_up": "time budget ended first; neither scored nor rejected",
}
SCREENS = {
    "ignores_input": "output does not depend on the input",
    "too_few_ops": "fewer operations than the least allowed, once constants are folded",
    "seen_before": "equal to one that was proposed before",
    "uses_batch": "statistics over the batch, which the search excludes",
    "non_finite": "NaN or infinite values in a forward pass",
    "exploding": "values grow from layer to layer",
    "vanishing": "values shrink from layer to layer",
    "constant": "rows or positions hardly differ after some layers",
    "over_limit": "predicted cost over a limit, told before it became a candidate",
    "infeasible": "predicted cost over a limit, so the controller learnt nothing from it",
    "unsampled": "none of the designs drawn for the correction was within the limits, so nothing was learnt",
}


def searched(contents: Contents) -> list[Tried]:
    """Candidates of the search, without baselines."""
    return [tried for tried in contents.candidates if tried.scored.role == "searched"]


def progress_section(contents: Contents) -> Section:
    """Quality in order of proposal, and a line a round."""
    candidates = searched(contents)
    parts = [pending(contents, "No round has been scored")]
    if candidates:
        caption = "Every candidate in order of proposal; a stroke below the plot is one that was not scored, by reason."
        if contents.shares_weights:
            caption = "The candidates that each round reports, the most probable first, judged with the shared weights."
        parts = [figure(progress_figure(candidates, contents.quality_name), caption)]
    if contents.rounds:
        columns = [Words("round"), Words("kind"), "candidates", "scored", "best so far", "hypervolume", "active time"]
        rows = [
            Row(
                [
                    each.round,
                    each.kind,
                    count(each.candidates),
                    count(each.scored),
                    fixed(each.best_quality),
                    significant(each.hypervolume, 4),
                    seconds(each.seconds),
                ]
            )
            for each in contents.rounds
        ]
        parts.append(table("Committed rounds", columns, rows))
    return Section("progress", "Progress", join(parts))


def pareto_section(contents: Contents) -> Section:
    """Quality against latency."""
    chosen = contents.winner.id if contents.winner else None
    title = f"{contents.quality_name.capitalize()} against latency"
    if not points_of(contents.candidates, contents.front, chosen):
        return Section("pareto", title, pending(contents, "No candidate has been scored and timed"))
    baselines = any(tried.scored.role == "baseline" for tried in contents.candidates)
    remarks = contents.baseline_note or ("" if baselines else "No baseline was timed.")
    caption = f"Up and to the left is better; the line bounds what the front dominates. {remarks}".strip()
    drawing = pareto_figure(contents.candidates, contents.front, chosen, contents.quality_name)
    return Section("pareto", title, figure(drawing, caption))


def rejection_section(contents: Contents) -> Section:
    """What was dropped before building and what was rejected while training, with what that saved."""
    parts = [_screened(contents), _rejected(searched(contents)), _economy(contents)]
    return Section("rejections", "Rejections", join(parts))


def _screened(contents: Contents) -> Markup:
    drawn = sum(contents.screened.values()) + contents.proposed
    if not drawn:
        return pending(contents, "Nothing has been proposed")
    rows = [
        Row([reason.replace("_", " "), SCREENS.get(reason, ""), count(dropped), percent(dropped, drawn)])
        for reason, dropped in sorted(contents.screened.items(), key=lambda item: (-item[1], item[0]))
    ]
    passed = "taught the controller" if contents.shares_weights else "went on as candidates"
    rows.append(Row(["passed", passed, count(contents.proposed), percent(contents.proposed, drawn)], "sum"))
    columns = [Words("screen"), Words("meaning"), "designs", "share"]
    return table(f"Screens before building: what became of {count(drawn)} drawn designs", columns, rows)


def _rejected(candidates: Sequence[Tried]) -> Markup:
    reasons = Counter(tried.scored.reason for tried in candidates if tried.scored.reason)
    if not reasons:
        return absent("No candidate has been rejected.")
    examples = {tried.scored.reason: tried.scored.detail for tried in reversed(candidates)}
    rows = [
        Row(
            [
                reason.replace("_", " "),
                REASONS[reason],
                count(held),
                percent(held, len(candidates)),
                examples[reason] or "",
            ]
        )
        for reason, held in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    columns = [Words("reason"), Words("meaning"), "candidates", "share", Words("an example")]
    return table(f"Rejected of {count(len(candidates))} candidates", columns, rows)


def _economy(contents: Contents) -> Markup:
    economy = contents.economy
    if economy is None:
        return pending(contents, "What early rejection saved is not known")
    if not economy.saved_seconds:
        cost = f"screening cost {seconds(economy.screening_seconds)}"
        return note(f"Early rejection saved no training, as far as can be predicted; {cost}.")
    gain = economy.saved_seconds - economy.screening_seconds
    outcome = f"a gain of {seconds(gain)}" if gain > 0 else f"a loss of {seconds(-gain)}"
    return note(
        f"Early rejection saved {seconds(economy.saved_seconds)} of training, predicted from each candidate's own step "
        f"time, and screening cost {seconds(economy.screening_seconds)}: ",
        tag("strong", outcome),
        ".",
    )


def candidates_section(contents: Contents) -> Section:
    """Every candidate in a table that opens."""
    numbered = list(enumerate(searched(contents), 1))
    if not numbered:
        return Section("candidates", "All candidates", pending(contents, "No candidate has been scored or rejected"))
    listed = numbered
    if len(numbered) > LISTED:
        listed = sorted(numbered, key=lambda pair: (-(pair[1].scored.reward or 0.0), pair[0]))[:LISTED]
    whole = f"{count(len(numbered))} candidates"
    words = whole if listed is numbered else f"The best {LISTED} of {whole}"
    columns = ["#", Words("id"), contents.quality_name, "latency", "reward", "time", Words("verdict"), Words("formula")]
    chosen = contents.winner.id if contents.winner else None
    rows = [Row(_candidate(index, tried, contents.front), _mark(tried, chosen)) for index, tried in listed]
    opened = tag("details", tag("summary", words), table("Candidates", columns, rows))
    return Section("candidates", "All candidates", opened)


def _mark(tried: Tried, chosen: str | None) -> str | None:
    return "chosen" if tried.scored.id == chosen else "rejected" if tried.scored.reason else None


def _candidate(index: int, tried: Tried, front: Sequence[str]) -> list[str]:
    scored = tried.scored
    passed = "on the front" if scored.id in front else "scored"
    verdict = f"{scored.reason.replace('_', ' ')}: {scored.detail}".rstrip(": ") if scored.reason else passed
    numbers = [fixed(scored.quality), milliseconds(scored.latency_ms), fixed(scored.reward), seconds(tried.seconds)]
    return [count(index), tag("code", scored.id), *numbers, verdict, tag("code", tried.formula)]
