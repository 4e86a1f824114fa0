"""What the run cost and where it ran: seconds by stage, bytes kept, failures, environment."""

from components.report.contents import Contents, StageSeconds
from components.report.markup import join
from components.report.numerals import count, percent, seconds, size
from components.report.seconds_figure import PARTS, seconds_figure, total
from components.report.sections import Section, absent, figure, note, pending
from components.report.tables import Row, Words, facts, table


def seconds_section(contents: Contents) -> Section:
    """Wall time by stage: the figure, the table, and the overhead of a step."""
    if not contents.seconds:
        return Section("seconds", "Seconds by stage", pending(contents, "No seconds have been recorded"))
    columns = [Words("stage"), "steps", *(part.replace("_", " ") for part in PARTS), "total", "overhead a step"]
    sums = StageSeconds(
        stage="all", steps=sum(stage.steps for stage in contents.seconds),
        **{part: sum(getattr(stage, part) for stage in contents.seconds) for part in PARTS},
    )  # fmt: skip
    rows = [Row(_stage(stage)) for stage in contents.seconds]
    share = percent(sums.work, total(sums))
    summed = (
        f"{seconds(total(sums))} summed over steps, which may run side by side. {share} of it is work; "
        "the rest is imports, process starts, store and orchestration."
    )
    parts = [
        figure(seconds_figure(contents.seconds), summed),
        table("Seconds by stage", columns, [*rows, Row(_stage(sums), "sum")]),
        note(f"Wall time of the whole search so far: {seconds(contents.wall_seconds)}."),
    ]
    return Section("seconds", "Seconds by stage", join(parts))


def _stage(stage: StageSeconds) -> list[str]:
    overhead = (total(stage) - stage.work) / stage.steps if stage.steps else None
    parts = [seconds(getattr(stage, part)) for part in PARTS]
    return [stage.stage.replace("_", " "), count(stage.steps), *parts, seconds(total(stage)), seconds(overhead)]


def failures_section(contents: Contents) -> Section:
    """What failed, in the search's own words."""
    if not contents.failures:
        return Section("failures", "Failures", absent("Nothing has failed."))
    rows = [Row([failure.where, failure.what]) for failure in contents.failures]
    return Section("failures", "Failures", table("What failed", [Words("where"), Words("what")], rows))


def disk_section(contents: Contents) -> Section:
    """Bytes that the search keeps, by what they are."""
    kept = contents.bytes_kept
    if not kept:
        return Section("disk", "Kept on disk", pending(contents, "Nothing is kept"))
    whole = sum(kept.values())
    rows = [Row([name, size(held), percent(held, whole)]) for name, held in kept.items()]
    rows.append(Row(["all", size(whole), percent(whole, whole)], "sum"))
    return Section(
        "disk", "Kept on disk", table("Bytes in the search directory", [Words("what"), "size", "share"], rows)
    )


def environment_section(contents: Contents) -> Section:
    """Versions, CPU and seed."""
    if not contents.environment:
        return Section("environment", "Environment", absent("The environment was not recorded."))
    return Section("environment", "Environment", facts(contents.environment.items()))
